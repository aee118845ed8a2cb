"""People correct the model: what is stored is what they sent, cleaned; nothing else of them is."""

from __future__ import annotations

import io
import json
import os
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.main import create_app
from app.settings import Settings
from app.storage import corrections
from app.storage.database import open_database, reading
from app.storage.records import Correction
from app.storage.schema import upgrade
from tests.conftest import MODEL, encode
from tests.service.server import production

STROKES = [[[10.04, 20.0], [30, 40.26]], [[100, 100]]]


@contextmanager
def serving(url: str, **settings: Any) -> Iterator[TestClient]:
    settings = {"model_path": MODEL, "database_url": url, **settings}
    with TestClient(create_app(Settings(**settings)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(database_url: str) -> Iterator[TestClient]:
    with serving(database_url) as client:
        yield client


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'handwritten.db'}"


def stored(url: str) -> list[Correction]:
    engine = open_database(url)
    upgrade(engine)
    with reading(engine) as connection:
        return corrections.find(connection)


def send(client: Any, image: Image.Image | bytes, prefix: str = "", **fields: str) -> Any:
    data = image if isinstance(image, bytes) else encode(image)
    return client.post(f"{prefix}/corrections", files={"image": data}, data=fields)


def metrics(client: TestClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_a_correction_is_stored_as_it_was_sent(client, database_url, seven):
    fields = {"label": "1", "strokes": json.dumps(STROKES), "writer": "a-Random_id", "version": "0123456789ab"}
    answer = send(client, seven, **fields)
    assert answer.status_code == 201
    (found,) = stored(database_url)
    assert answer.json() == {"id": found.id}
    assert (found.label, found.writer, found.model_version) == ("1", "a-Random_id", "0123456789ab")
    assert found.strokes == [[[10.0, 20.0], [30.0, 40.3]], [[100.0, 100.0]]]
    assert list(Image.open(io.BytesIO(found.image)).get_flattened_data()) == list(seven.get_flattened_data())
    assert found.predicted == "7"
    assert found.confidence > 0.9
    assert found.agreement < 0.1
    assert found.status == "waiting"


def test_no_field_of_the_database_has_an_address_or_a_browser(client, database_url, seven):
    client.post(
        "/corrections",
        files={"image": ("family-name.png", encode(seven))},
        data={"label": "7"},
        headers={"user-agent": "Telltale/1.0", "x-forwarded-for": "203.0.113.9", "cookie": "name=secret"},
    )
    (found,) = stored(database_url)
    text = repr(found)
    assert not any(word in text for word in ("family-name", "Telltale", "203.0.113.9", "secret", "testclient"))


def test_metadata_of_a_photograph_is_not_stored_and_its_size_is_bounded(client, database_url, seven):
    photograph = seven.convert("RGB").resize((1600, 1200))
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    assert send(client, encode(photograph, "JPEG", exif=exif), label="7").status_code == 201
    (found,) = stored(database_url)
    assert b"taken at home" not in found.image
    assert max(Image.open(io.BytesIO(found.image)).size) == 512


def test_a_confirmation_and_none_of_these_are_stored_too(client, database_url, seven):
    assert send(client, seven, label="7").status_code == 201
    assert send(client, seven, label="none of these").status_code == 201
    confirmation, none = stored(database_url) if stored(database_url)[0].label else stored(database_url)[::-1]
    assert confirmation.agreement > 0.9
    assert none.label is None
    assert none.agreement < 0.1
    counted = metrics(client)
    assert counted['handwritten_corrections_total{label="7",right="true"}'] == 1
    assert counted['handwritten_corrections_total{label="none of these",right="false"}'] == 1
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    assert counted[f'handwritten_storage_works{{kind="{kind}"}}'] == 1


def test_a_correction_is_not_counted_as_a_prediction(client, seven):
    send(client, seven, label="1")
    assert not [name for name, value in metrics(client).items() if name.startswith("handwritten_predictions") and value]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"label": "x"}, "not a class"),
        ({"label": ""}, "none of these"),
        ({}, "not a class"),
        ({"label": "7", "strokes": "[[1, 2]]"}, "list of strokes"),
        ({"label": "7", "strokes": "{"}, "list of strokes"),
        ({"label": "7", "strokes": "[[[1, 1e999]]]"}, "list of strokes"),
        ({"label": "7", "strokes": json.dumps([[[1, 1]] * 6000] * 2)}, "more than 10000 points"),
        ({"label": "7", "writer": "Jane Doe, 12 High Street"}, "random id"),
        ({"label": "7", "version": "<b>"}, "/model"),
    ],
)
def test_a_wrong_field_is_refused_with_a_reason(file_url, seven, fields, words):
    with serving(file_url) as client:
        answer = send(client, seven, **fields)
        assert answer.status_code == 422
        assert words in answer.json()["detail"]
    assert stored(file_url) == []


@pytest.mark.parametrize(("image", "status"), [(b"not an image", 400), (encode(Image.new("L", (280, 280), 255)), 422)])
def test_what_cannot_be_recognised_is_not_stored(file_url, image, status):
    with serving(file_url) as client:
        assert send(client, image, label="7").status_code == status
    assert stored(file_url) == []


@pytest.mark.parametrize(
    ("method", "path", "image", "fields", "settings"),
    [
        ("POST", "/corrections", b"not an image", {"label": "7"}, {}),
        ("POST", "/corrections", encode(Image.new("L", (9, 9)), "TIFF"), {"label": "7"}, {}),
        ("POST", "/corrections", bytes(300), {"label": "7"}, {"max_upload_bytes": 200}),
        ("POST", "/corrections?model=x", b"", {"label": "7"}, {}),
        ("DELETE", "/corrections/x", b"", {}, {"url": ""}),
    ],
)
def test_every_error_is_documented(file_url, method, path, image, fields, settings):
    with serving(**{"url": file_url, **settings}) as client:
        answer = client.request(method, path, files={"image": image}, data=fields)
        assert answer.status_code >= 400
        paths = client.get("/openapi.json").json()["paths"]
        described = paths["/corrections" if method == "POST" else "/corrections/{id}"][method.lower()]["responses"]
        assert str(answer.status_code) in described


def test_who_has_the_id_takes_a_correction_back(client, database_url, seven):
    number = send(client, seven, label="1").json()["id"]
    assert client.delete("/corrections/guessed").status_code == 404
    assert client.delete(f"/corrections/{number}").status_code == 204
    assert client.delete(f"/corrections/{number}").status_code == 404
    assert stored(database_url) == []


@pytest.mark.parametrize("number", ["%00", "a%00b", "%ED%A0%80", "x" * 33])
def test_what_is_no_id_does_not_reach_the_database(client, seven, number):
    send(client, seven, label="7")
    assert client.delete(f"/corrections/{number}").status_code == 404
    assert [value for name, value in metrics(client).items() if name.startswith("handwritten_storage_works")] == [1]


def test_one_address_cannot_try_many_ids(file_url):
    with serving(file_url, correction_rate="3/hour") as client:
        tries = [client.delete(f"/corrections/{number:032x}").status_code for number in range(4)]
    assert tries == [404, 404, 404, 429]


def test_one_address_cannot_send_many(file_url, seven):
    with serving(file_url, correction_rate="3/hour") as client:
        assert [send(client, seven, label="7").status_code for _ in range(4)] == [201, 201, 201, 429]
        answer = send(client, seven, label="7")
        assert answer.headers["retry-after"] == "3600"
        assert "detail" in answer.json()
    assert len(stored(file_url)) == 3


def test_enough_corrections_wait_already(file_url, seven):
    with serving(file_url, max_waiting_corrections=2) as client:
        assert [send(client, seven, label="7").status_code for _ in range(2)] == [201, 201]
        refused = send(client, seven, label="7")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "86400")


@pytest.mark.parametrize("url", ["", "sqlite:////nowhere/at/all/handwritten.db", "postgres://nobody@127.0.0.1:1/x"])
def test_without_a_database_predictions_go_on_and_corrections_are_refused(url, seven):
    with serving(url) as client:
        answer = send(client, seven, label="7")
        assert answer.status_code == 503
        assert "database" in answer.json()["detail"].lower()
        assert answer.headers["retry-after"]
        assert client.delete("/corrections/any").status_code == 503
        assert client.post("/predict", files={"image": encode(seven)}).json()["label"] == "7"
        assert client.get("/readyz").status_code == 200
        told = [value for name, value in metrics(client).items() if name.startswith("handwritten_storage_works")]
        assert told == ([0] if url else [])


def test_a_lost_database_is_used_again_when_it_is_back(postgres, seven):
    url = postgres.new_database()
    with serving(url) as client:
        assert send(client, seven, label="7").status_code == 201
        postgres.stop()
        try:
            assert send(client, seven, label="7").status_code == 503
            assert client.post("/predict", files={"image": encode(seven)}).status_code == 200
        finally:
            postgres.start()
        assert send(client, seven, label="7").status_code == 201
    assert len(stored(url)) == 2


def test_a_wrong_address_or_rate_stops_the_start_with_a_line(monkeypatch):
    from app.settings import read_settings

    monkeypatch.setenv("DATABASE_URL", "mysql://host/name")
    with pytest.raises(SystemExit, match=r"sqlite:///handwritten\.db"):
        read_settings()
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("CORRECTION_RATE", "many")
    with pytest.raises(SystemExit, match="60/minute"):
        read_settings()


@pytest.mark.slow
def test_workers_that_are_killed_lose_no_acknowledged_correction(database_url, drawings):
    files = [encode(image) for _, image in drawings[:20]]
    acknowledged: list[str] = []

    def correct(address: str) -> None:
        while True:
            try:
                answer = send(httpx2, random.choice(files), address, label="7")
            except httpx2.TransportError:
                continue  # the worker was killed before it answered
            if len(acknowledged) >= 60:
                return
            if answer.status_code == 201:
                acknowledged.append(answer.json()["id"])

    settings = {"WEB_CONCURRENCY": "2", "DATABASE_URL": database_url, "LOG_REQUESTS": "false"}
    with production(**settings, CORRECTION_RATE="100000/minute") as (address, server), ThreadPoolExecutor(4) as pool:
        senders = [pool.submit(correct, address) for _ in range(4)]
        for enough in (10, 30):
            while len(acknowledged) < enough:
                assert not any(sender.done() for sender in senders)
            workers = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            for worker in workers:
                os.kill(int(worker), signal.SIGKILL)
        for sender in senders:
            sender.result(timeout=60)
    kept = {one.id for one in stored(database_url)}
    assert len(acknowledged) >= 60
    assert set(acknowledged) <= kept
