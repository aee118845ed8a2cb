"""Only who has the password reviews corrections; decisions reach the database, many at once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine

from app.routes.review import PAGE
from app.storage import corrections
from app.storage.database import open_database, reading, writing
from app.storage.schema import upgrade
from tests.conftest import encode
from tests.service.test_corrections import file_url, serving
from tests.storage.made import new

__all__ = ["file_url"]

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
    assert client.get("/review", auth=WORD).status_code == 200
    guesses = [client.get("/review", auth=("x", str(number))).status_code for number in range(12)]
    assert guesses == [401] * 10 + [429] * 2
    assert client.get("/review", auth=WORD).status_code == 429, "or guesses would only be answered differently"


@pytest.mark.parametrize("header", ["Basic", "Basic ?", "Basic eA==", "Bearer eA==", ""])
def test_what_is_no_password_is_refused(file_url, header):
    with serving(file_url, review_password=WORD[1]) as client:
        assert client.get("/review", headers={"authorization": header}).status_code == 401


def test_a_password_of_any_letters_is_accepted(file_url):
    with serving(file_url, review_password="Prüfung: 確認") as client:
        answer = client.get("/review")
        assert 'charset="UTF-8"' in answer.headers["www-authenticate"]
        assert client.get("/review", auth=("", "Prüfung: 確認".encode())).status_code == 200


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


def test_those_left_waiting_do_not_hide_the_others(client, engine, seven):
    for _ in range(PAGE + 2):
        add(engine, seven)
    assert client.get("/review", auth=WORD).text.count("data:image/png") == PAGE
    second = client.get("/review?page=2", auth=WORD)
    assert second.text.count("data:image/png") == 2
    assert "Page 2 of 2" in second.text
    shown = re.findall(r'name="([0-9a-f]{32})" value="accept"', second.text)
    form = {"page": "2", "status": "waiting", **dict.fromkeys(shown, "accept")}
    answer = client.post("/review", data=form, auth=WORD)
    assert "2 accepted" in answer.text
    assert answer.text.count("data:image/png") == PAGE, "the second page is gone, so that the last one is shown"


def test_a_decision_that_came_too_late_changes_nothing_and_is_mentioned(client, engine, seven):
    first, second, gone = (add(engine, seven) for _ in range(3))
    client.post("/review", data={first: "reject", "status": "waiting"}, auth=WORD)
    with writing(engine) as connection:
        corrections.withdraw(connection, gone)
    form = {first: "accept", second: "accept", gone: "accept", "status": "waiting"}
    answer = client.post("/review", data=form, auth=WORD)
    assert statuses(engine) == {first: "rejected", second: "accepted"}
    assert "2 of your decisions came too late" in answer.text


def test_browsers_are_asked_to_say_that_the_form_is_this_pages(client):
    # Over plain HTTP they send no Sec-Fetch-Site, and without a referrer their Origin is "null".
    assert '<meta name="referrer" content="same-origin">' in client.get("/review", auth=WORD).text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
        {"origin": "https://example.org"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_cannot_decide(client, engine, seven, headers):
    number = add(engine, seven)
    assert client.post("/review", data={number: "accept"}, auth=WORD, headers=headers).status_code == 403
    assert statuses(engine)[number] == "waiting"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"sec-fetch-site": "same-origin", "origin": "http://testserver"},
        {"origin": "http://testserver"},
    ],
)
def test_the_pages_own_form_is_accepted_as_browsers_send_it(client, engine, seven, headers):
    number = add(engine, seven)
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
