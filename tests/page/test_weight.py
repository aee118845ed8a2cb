"""Light: little to load, from one host, and only once."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from app.html import MODULES
from app.static_files import StaticFolders
from tests.page.playing import jot, predict
from training.prepare.unipen import Character


def test_all_but_jquery_weighs_less_than_40_kilobytes(browser: Browser, address: str):
    context = browser.new_context()
    page = context.new_page()
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto(address, wait_until="networkidle")
    sizes = {urlsplit(request.url).path: request.sizes()["responseBodySize"] for request in requests}
    context.close()
    assert {Path(path).name for path in sizes} >= {"", "page.js", *(f"{name}.js" for name in MODULES)}
    assert sum(size for path, size in sizes.items() if "jquery" not in path) < 40_000


def test_no_request_leaves_for_another_host(desktop: Page, seven_track: Character, address: str):
    hosts = set()
    desktop.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    desktop.reload()
    jot(desktop, seven_track.strokes)
    predict(desktop)
    desktop.goto(f"{address}/docs")
    expect(desktop.locator("#swagger-ui")).to_contain_text("Recognise a character")
    assert hosts - {""} == {urlsplit(address).netloc}


def test_files_are_kept_for_ever_under_names_with_their_version(client):
    for name in ("page.css", "jquery/jquery.min.js"):
        answer = client.get(client.app.state.static.url(name))
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_plain_names_and_the_page_are_asked_for_anew(client):
    for address in ("/", "/static/page.css"):
        assert client.get(address).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("address", ["/static/jquery/jquery.min.js", "/", "/about"])
def test_files_travel_compressed(client, address: str):
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    plain = client.get(address, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content


def test_a_change_gives_all_files_new_names(tmp_path: Path):
    file = tmp_path / "page.css"
    file.write_text("a {}")
    before = StaticFolders({"": tmp_path}).url("page.css")
    file.write_text("b {}")
    assert StaticFolders({"": tmp_path}).url("page.css") != before
