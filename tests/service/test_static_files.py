"""The page's files: compressed once, and cached by browsers."""

from __future__ import annotations

from unittest.mock import patch

import deflate
import pytest

from tests.conftest import ROOT

SCRIPT = "/static/swagger/swagger-ui-bundle.js"


def test_file_is_compressed_once(client):
    with patch("app.static_files.deflate.gzip_compress", side_effect=deflate.gzip_compress) as compress:
        answers = [client.get("/static/page.css") for _ in range(3)]
    assert compress.call_count <= 1  # or it was before
    for answer in answers:
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.text == (ROOT / "static" / "page.css").read_text()


def test_changed_file_is_compressed_again(tmp_path):
    from starlette.testclient import TestClient

    from app.static_files import StaticFolders

    file = tmp_path / "page.css"
    file.write_text("a" * 5000)
    client = TestClient(StaticFolders({"": tmp_path}))
    assert client.get("/page.css").text == "a" * 5000
    file.write_text("b" * 5001)
    assert client.get("/page.css").text == "b" * 5001


@pytest.mark.parametrize("headers", [{"accept-encoding": "identity"}, {"range": "bytes=0-99999"}], ids=str)
def test_file_is_not_compressed_for_clients_that_do_not_want_it(client, headers: dict[str, str]):
    answer = client.get("/static/page.css", headers=headers)
    assert "content-encoding" not in answer.headers
    assert answer.text == (ROOT / "static" / "page.css").read_text()


def test_browser_that_has_the_file_is_told_so(client):
    tag = client.get("/static/page.css").headers["etag"]
    answer = client.get("/static/page.css", headers={"if-none-match": tag})
    assert answer.status_code == 304
    assert answer.headers["cache-control"] == "no-cache"


def test_versioned_address_may_be_cached_for_ever(client):
    address = client.app.state.static.url("page.css")
    assert "immutable" in client.get(address).headers["cache-control"]
