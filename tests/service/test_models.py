"""Several models in one server: each answers under its name, and a damaged file keeps none of the others away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.recognition.model_file import ModelFileError
from app.served_model import ServedModels
from app.settings import Settings, read_settings
from app.storage import corrections
from app.storage.database import open_database, reading
from tests.conftest import MODEL, encode
from tests.service.server import production
from tests.service.test_model_updates import make, settled, until
from training.__main__ import main

REJECTED = "handwritten_model_file_rejected"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models that can be used: the committed one as digits.pt, and one of other classes."""
    folder = tmp_path / "offered"
    folder.mkdir()
    shutil.copy(MODEL, folder / "digits.pt")
    make(folder / "abc.pt", ("a", "b", "c"))
    return folder


@contextmanager
def serving(*places: Path, **settings: object) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(model_path=places, **settings))) as client:  # type: ignore[arg-type]
        yield client


def names(client: TestClient) -> list[str]:
    return [model["name"] for model in client.get("/models").json()]


def probabilities(client: TestClient, image: bytes, query: str = "") -> str:
    """The classes of an answer."""
    answer = client.post(f"/predict{query}", files={"image": image})
    assert answer.status_code == 200
    return "".join(answer.json()["probabilities"])


def test_each_file_of_a_folder_is_offered_under_its_name(folder: Path, seven):
    with serving(folder) as client:
        assert names(client) == ["digits", "abc"]
        assert [model["default"] for model in client.get("/models").json()] == [True, False]
        assert probabilities(client, encode(seven)) == "0123456789"
        assert probabilities(client, encode(seven), "?model=digits") == "0123456789"
        assert probabilities(client, encode(seven), "?model=abc") == "abc"
        assert client.get("/model?model=abc").json()["classes"] == ["a", "b", "c"]


def test_the_answer_names_the_model_that_gave_it(folder: Path, seven):
    with serving(folder) as client:
        versions = {model["name"]: model["version"] for model in client.get("/models").json()}
        for name, version in versions.items():
            answer = client.post(f"/predict?model={name}", files={"image": encode(seven)})
            assert answer.headers["X-Model-Version"] == version
        assert len(set(versions.values())) == 2


@pytest.mark.parametrize("address", ["/predict", "/corrections", "/model", "/about", "/"])
def test_an_unknown_name_is_answered_with_those_that_there_are(folder: Path, seven, address: str):
    with serving(folder, database_url=f"sqlite:///{folder / 'x.db'}") as client:
        address = f"{address}?model=kana"
        asked = address.split("?")[0] in ("/model", "/about", "/")
        files, data = {"image": encode(seven)}, {"label": "7"}
        answer = client.get(address) if asked else client.post(address, files=files, data=data)
        assert answer.status_code == 404
        assert "digits, abc" in answer.text


def test_a_file_is_the_default_and_a_folder_has_the_others(folder: Path, seven):
    with serving(MODEL, folder / "abc.pt") as client:
        # What model.pt is, its name does not say.
        assert names(client) == ["digits", "abc"]
    with serving(folder / "abc.pt", folder) as client:
        assert names(client) == ["abc", "digits"]
        assert probabilities(client, encode(seven)) == "abc"


def test_the_others_of_a_folder_are_in_the_order_of_their_classes(folder: Path):
    make(folder / "zahlen.pt", ("0", "1", "A"))
    make(folder / "also.pt", ("あ", "い"))
    with serving(folder) as client:
        assert names(client) == ["digits", "zahlen", "abc", "also"]


def test_files_that_model_path_names_come_in_its_order(folder: Path):
    also = make(folder.parent / "also.pt", ("あ", "い"))
    with serving(folder / "digits.pt", also, folder) as client:
        assert names(client) == ["digits", "also", "abc"]


def test_one_file_alone_is_one_model(client):
    assert names(client) == ["digits"]


def test_files_of_the_same_name_get_names_of_their_own(folder: Path, tmp_path: Path):
    other = make(tmp_path / "abc.pt", ("x", "y"))
    with serving(folder, other) as client:
        assert names(client) == ["digits", "abc", "abc-2"]
        assert client.get("/model?model=abc-2").json()["classes"] == ["x", "y"]


def test_paths_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("MODEL_PATH", "a.pt:further models")
    assert read_settings().model_path == (Path("a.pt"), Path("further models"))
    monkeypatch.setenv("MODEL_PATH", ":")
    with pytest.raises(SystemExit, match="MODEL_PATH"):
        read_settings()


def test_the_folder_of_further_models_may_be_missing(folder: Path):
    with serving(folder / "digits.pt", folder / "none such") as client:
        assert names(client) == ["digits"]
        assert f"{REJECTED} 0.0" in client.get("/metrics").text


@pytest.mark.parametrize("damaged", ["abc.pt", "digits.pt"])
def test_a_damaged_file_in_a_folder_leaves_the_others_serving(folder: Path, seven, capsys, damaged: str):
    (folder / damaged).write_bytes((folder / damaged).read_bytes()[:3000])
    with serving(folder) as client:
        assert len(names(client)) == 1
        assert probabilities(client, encode(seven)) in ("abc", "0123456789")
        assert f"{REJECTED} 1.0" in client.get("/metrics").text
    assert f"{folder / damaged}: " in capsys.readouterr().out


def test_a_damaged_default_file_ends_the_start(folder: Path):
    (folder / "digits.pt").write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match=r"digits\.pt"):
        ServedModels((folder / "digits.pt", folder / "abc.pt")).load()


def test_a_folder_without_a_usable_file_ends_the_start(tmp_path: Path):
    with pytest.raises(ModelFileError, match="no model file in it"):
        ServedModels((tmp_path,)).load()


def test_a_correction_is_of_the_model_that_it_names(folder: Path, seven, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'corrections.db'}"
    with serving(folder, database_url=url) as client:

        def correct(query: str, label: str) -> int:
            return client.post(
                f"/corrections{query}", files={"image": encode(seven)}, data={"label": label}
            ).status_code

        assert correct("?model=abc", "b") == 201
        assert correct("?model=abc", "7") == 422
        assert correct("", "7") == 201
        assert correct("?model=digits", "1") == 201
        assert correct("", "b") == 422
    with reading(open_database(url)) as connection:
        stored = {(one.model, one.label) for one in corrections.find(connection)}
        assert stored == {("abc", "b"), (None, "7"), (None, "1")}
        assert [one.label for one in corrections.find(connection, of="abc")] == ["b"]
        assert {one.label for one in corrections.find(connection, of=None)} == {"7", "1"}


def test_an_export_does_not_mix_the_corrections_of_two_models(folder: Path, seven, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'corrections.db'}"
    with serving(folder, database_url=url) as client:
        for query, label in (("?model=abc", "b"), ("", "7")):
            client.post(f"/corrections{query}", files={"image": encode(seven)}, data={"label": label})
    for options, classes in (([], {"7"}), (["--of", "abc"], {"b"})):
        out = tmp_path / f"out{len(options)}"
        command = ["corrections", "export", str(out), "--database", url, "--status", "waiting"]
        assert main([*command, *options]) == 0
        assert {path.name for path in (out / "train").iterdir()} == classes


def test_predictions_are_counted_for_each_model(folder: Path, seven):
    with serving(folder) as client:
        versions = [model["version"] for model in client.get("/models").json()]
        for query in ("", "?model=abc", "?model=abc"):
            probabilities(client, encode(seven), query)
        lines = client.get("/metrics").text.splitlines()
        assert [f'handwritten_confidence_count{{version="{version}"}} {count}' in lines
                for version, count in zip(versions, ("1.0", "2.0"), strict=True)] == [True, True]  # fmt: skip
        assert sum(line.startswith("handwritten_model_info{") for line in lines) == 2


def test_each_file_can_be_replaced_and_repaired_while_requests_go_on(folder: Path, tmp_path: Path):
    other = make(tmp_path / "new.pt", ("x", "y"))
    (folder / "late.pt").write_bytes(b"damaged")
    settings = {"MODEL_PATH": str(folder), "DATABASE_URL": "", "LOG_REQUESTS": "false", "MODEL_POLL_SECONDS": "0.3"}
    with production(**settings, WEB_CONCURRENCY="2") as (address, process):
        offered = [model["name"] for model in httpx2.get(f"{address}/models").json()]
        assert offered == ["digits", "abc"]
        assert f"{REJECTED} 1.0" in httpx2.get(f"{address}/metrics").text
        shutil.copy(other, folder / "late.pt")
        until(lambda: {httpx2.get(f"{address}/model?model=late").status_code for _ in range(12)} == {200})
        until(lambda: f"{REJECTED} 0.0" in httpx2.get(f"{address}/metrics").text)
        shutil.copy(other, folder / "replacement")
        (folder / "replacement").replace(folder / "abc.pt")
        until(settled(f"{address}", "0123456789"))
        until(
            lambda: {"".join(httpx2.get(f"{address}/model?model=abc").json()["classes"]) for _ in range(12)} == {"xy"}
        )
        (folder / "abc.pt").write_bytes(b"damaged")
        time.sleep(1)
        assert httpx2.get(f"{address}/model?model=abc").json()["classes"] == ["x", "y"]
        assert f"{REJECTED} 1.0" in httpx2.get(f"{address}/metrics").text
        process.terminate()
        process.communicate(timeout=20)
