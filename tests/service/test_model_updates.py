"""A published model reaches every worker; no request fails, none mixes two models, a damaged one changes nothing."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import torch
from sqlalchemy import update

from app.storage import models
from app.storage.database import open_database, writing
from app.storage.schema import upgrade
from app.storage.tables import models as table
from tests.conftest import MODEL, encode
from tests.service.server import listening, new_client, production
from tests.service.test_corrections import file_url, serving
from training import checkpoint
from training.checkpoint import Checkpoint
from training.networks import build

__all__ = ["file_url"]

WORKS = 'handwritten_storage_works{kind="postgresql"} '
SETTINGS = {"LOG_REQUESTS": "false", "MODEL_POLL_SECONDS": "0.3"}


def make(path: Path, classes: tuple[str, ...]) -> Path:
    """A model file of other classes, which has learned nothing."""
    torch.manual_seed(0)
    checkpoint.save(Checkpoint("mlp", classes, build("mlp", len(classes)).state_dict()), path)
    return path


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("letters") / "letters.pt", ("a", "b", "c"))


def publish(url: str, version: str, contents: bytes) -> None:
    engine = open_database(url)
    upgrade(engine)
    with writing(engine) as connection:
        models.publish(connection, version, contents, {}, None, "test")


def roll_back(url: str) -> None:
    with writing(open_database(url)) as connection:
        models.roll_back(connection, "test")


def classes(address: str) -> str:
    return "".join(httpx2.get(f"{address}/model").json()["classes"])


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def settled(address: str, expected: str) -> Callable[[], bool]:
    """Whether all workers, of whom any may answer, have a model."""

    def all_have_it() -> bool:
        with new_client() as client:
            return {"".join(client.get(f"{address}/model").json()["classes"]) for _ in range(12)} == {expected}

    return all_have_it


class Load:
    """Clients that send drawings until they are stopped, and remember what came back."""

    def __init__(self, address: str, image: bytes) -> None:
        self.answers: Counter[tuple[int, str]] = Counter()
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(address, image)) for _ in range(3)]

    def _send(self, address: str, image: bytes) -> None:
        with new_client() as client:
            while not self._stop.wait(0.01):
                try:
                    answer = client.post(f"{address}/predict", files={"image": image})
                except httpx2.TransportError as error:
                    self.failures.append(repr(error))
                    continue
                names = answer.json().get("probabilities", {})
                consistent = answer.status_code == 200 and answer.json()["label"] in names
                self.answers[answer.status_code, "".join(names) if consistent else "mixed"] += 1

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.slow
def test_a_publication_reaches_all_workers_under_load_and_a_rollback_too(database_url, letters, seven):
    settings = {**SETTINGS, "DATABASE_URL": database_url, "WEB_CONCURRENCY": "2"}
    with production(**settings) as (address, process), Load(address, encode(seven)) as load:
        assert classes(address) == "0123456789"
        publish(database_url, "letters", letters.read_bytes())
        until(settled(address, "abc"))
        assert '<li data-class="c"' in httpx2.get(address).text
        assert 'class="b"' in httpx2.get(f"{address}/metrics").text
        publish(database_url, "damaged", letters.read_bytes()[:-3000])
        until(lambda: "handwritten_model_file_rejected 1.0" in httpx2.get(f"{address}/metrics").text)
        assert settled(address, "abc")()
        worker = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
        roll_back(database_url)
        roll_back(database_url)
        until(settled(address, "0123456789"))
        assert Path(f"/proc/{worker}").exists()
        assert "handwritten_model_file_rejected 0.0" in httpx2.get(f"{address}/metrics").text
    assert load.failures == []
    assert {status for status, _ in load.answers} == {200}
    assert {names for _, names in load.answers} == {"abc", "0123456789"}


def test_a_new_server_starts_with_the_published_model_and_says_so(file_url, letters, capsys):
    publish(file_url, "letters", letters.read_bytes())
    with serving(file_url) as client:
        assert client.get("/model").json()["classes"] == ["a", "b", "c"]
    assert f"3 classes), which was published, in place of {MODEL}\n" in capsys.readouterr().out


def test_a_replaced_file_is_taken_and_a_damaged_one_is_not(tmp_path, letters, seven, capsys):
    path = Path(shutil.copy(MODEL, tmp_path / "model.pt"))
    with (
        listening(model_path=path, database_url="", model_poll_seconds=0.3) as port,
        Load(f"http://127.0.0.1:{port}", encode(seven)) as load,
    ):
        address = f"http://127.0.0.1:{port}"
        path.write_bytes(letters.read_bytes()[:5000])
        until(lambda: "handwritten_model_file_rejected 1.0" in httpx2.get(f"{address}/metrics").text)
        assert classes(address) == "0123456789"
        replacement = Path(shutil.copy(letters, tmp_path / "new.pt"))
        os.replace(replacement, path)
        until(settled(address, "abc"))
        path.unlink()
        time.sleep(1)
        assert classes(address) == "abc"
    assert load.answers[200, "abc"]
    assert {key for key in load.answers if key[0] != 200 or key[1] == "mixed"} == set()
    assert capsys.readouterr().out.count("The previous model is still served.") == 1


def test_a_model_without_sense_is_not_served(file_url, tmp_path, letters):
    broken = checkpoint.load(letters)
    state = {name: torch.full_like(tensor, float("nan")) for name, tensor in broken.state.items()}
    path = tmp_path / "nan.pt"
    checkpoint.save(Checkpoint("mlp", broken.classes, state), path)
    publish(file_url, "nan", path.read_bytes())
    with serving(file_url) as client:
        assert "0" in client.get("/model").json()["classes"]
        assert "handwritten_model_file_rejected 1.0" in client.get("/metrics").text


def test_a_damaged_publication_is_taken_once_it_was_published_again(file_url, letters):
    publish(file_url, "letters", letters.read_bytes())
    with writing(open_database(file_url)) as connection:
        connection.execute(update(table).values(file=letters.read_bytes()[:-1]))
    with serving(file_url, model_poll_seconds=0.05) as client:
        assert "handwritten_model_file_rejected 1.0" in client.get("/metrics").text
        assert "0" in client.get("/model").json()["classes"]
        publish(file_url, "letters", letters.read_bytes())
        until(lambda: client.get("/model").json()["classes"] == ["a", "b", "c"])
        assert "handwritten_model_file_rejected 0.0" in client.get("/metrics").text


def test_of_two_publications_between_two_looks_the_later_one_is_taken(file_url, letters, tmp_path):
    other = make(tmp_path / "other.pt", ("x", "y"))
    with serving(file_url, model_poll_seconds=0.3) as client:
        publish(file_url, "letters", letters.read_bytes())
        publish(file_url, "other", other.read_bytes())
        until(lambda: client.get("/model").json()["classes"] == ["x", "y"])
        roll_back(file_url)
        until(lambda: client.get("/model").json()["classes"] == ["a", "b", "c"])


def test_a_lost_database_changes_nothing_about_the_served_model(postgres, letters, seven):
    url = postgres.new_database()
    publish(url, "letters", letters.read_bytes())
    with serving(url, model_poll_seconds=0.05) as client:
        assert client.get("/model").json()["classes"] == ["a", "b", "c"]
        assert WORKS + "1.0" in client.get("/metrics").text
        postgres.stop()
        try:
            until(lambda: WORKS + "0.0" in client.get("/metrics").text)
            assert client.get("/model").json()["classes"] == ["a", "b", "c"]
            assert client.post("/predict", files={"image": encode(seven)}).status_code == 200
        finally:
            postgres.start()
        until(lambda: WORKS + "1.0" in client.get("/metrics").text)
        roll_back(url)
        until(lambda: "0" in client.get("/model").json()["classes"])
