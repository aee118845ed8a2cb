"""Only who has the password reviews corrections; decisions reach the database, many at once."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.routes.review import PAGE
from app.storage import corrections
from app.storage.database import open_database, reading, writing
from app.storage.schema import upgrade
from tests.conftest import encode
from tests.service.test_corrections import serving
from tests.storage.made import new

WORD = ("anybody", "a long password")


@pytest.fixture
def engine(database_url: str) -> Engine:
    engine = open_database(database_url)
    upgrade(engine)
    return engine


@pytest.fixture
def client(database_url: str):
    with serving(database_url, review_password=WORD[1]) as client:
        yield client


def add(engine: Engine, seven, **values) -> str:
    with writing(engine) as connection:
        return corrections.add(connection, new(image=encode(seven), **values))


def statuses(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        return {one.id: one.status for one in corrections.find(connection)}


def test_there_is_no_page_without_a_password(tmp_path):
    with serving(f"sqlite:///{tmp_path / 'handwritten.db'}") as client:
        assert client.get("/review", auth=("", "")).status_code == 404
        assert client.post("/review", auth=("", "")).status_code == 404


def test_a_wrong_password_is_refused_and_guessing_is_slow(client):
    assert client.get("/review").status_code == 401
    assert client.get("/review").headers["www-authenticate"].startswith("Basic")
    guesses = [client.get("/review", auth=("x", str(number))).status_code for number in range(12)]
    assert guesses == [401] * 10 + [429] * 2
    assert client.get("/review", auth=WORD).status_code == 200


def test_obvious_mismatches_come_first_with_what_the_model_says(client, engine, seven):
    add(engine, seven, label="right", agreement=0.9, predicted="seven", confidence=0.9)
    add(engine, seven, label="wrong", agreement=0.001, predicted="seven", confidence=0.97)
    add(engine, seven, label=None, agreement=0.1)
    page = client.get("/review", auth=WORD)
    assert page.headers["cache-control"] == "no-store"
    places = [page.text.index(f'<strong translate="no">{label}') for label in ("wrong", "none of these", "right")]
    assert places == sorted(places)
    assert "97 %" in page.text
    assert page.text.count("data:image/png;base64,") == 3


def test_decisions_are_stored_many_at_once(client, engine, seven):
    ids = [add(engine, seven) for _ in range(4)]
    form = {ids[0]: "accept", ids[1]: "accept", ids[2]: "reject", "status": "waiting", "unknown": "accept"}
    answer = client.post("/review", data=form, auth=WORD, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review?status=waiting")
    assert statuses(engine) == dict(zip(ids, ["accepted", "accepted", "rejected", "waiting"], strict=True))
    client.post("/review", data={ids[0]: "wait", "status": "accepted"}, auth=WORD)
    assert statuses(engine)[ids[0]] == "waiting"


def test_a_full_page_is_accepted_at_once_and_the_next_one_follows(client, engine, seven):
    ids = [add(engine, seven) for _ in range(PAGE + 1)]
    shown = [number for number in ids if f'name="{number}"' in client.get("/review", auth=WORD).text]
    assert len(shown) == PAGE
    answer = client.post("/review", data=dict.fromkeys(shown, "accept"), auth=WORD)
    assert answer.text.count("data:image/png") == 1
    assert "60 accepted" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "null"},
        {"origin": "https://example.org"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_cannot_decide(client, engine, seven, headers):
    number = add(engine, seven)
    assert client.post("/review", data={number: "accept"}, auth=WORD, headers=headers).status_code == 403
    assert statuses(engine)[number] == "waiting"


def test_the_pages_own_form_is_accepted_as_browsers_send_it(client, engine, seven):
    number = add(engine, seven)
    headers = {"sec-fetch-site": "same-origin", "origin": "null"}
    assert client.post("/review", data={number: "accept"}, auth=WORD, headers=headers).status_code == 200
    assert statuses(engine)[number] == "accepted"


def test_a_label_cannot_inject_anything_into_the_page(client, engine, seven):
    add(engine, seven, label="<script>alert(1)</script>")
    assert "<script>alert" not in client.get("/review", auth=WORD).text


def test_without_a_database_the_page_says_so():
    with serving("", review_password=WORD[1]) as client:
        answer = client.get("/review", auth=WORD)
        assert answer.status_code == 503
        assert "DATABASE_URL" in answer.json()["detail"]
