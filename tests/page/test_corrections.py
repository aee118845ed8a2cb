"""A person corrects an answer with one tap and takes it back; an operator reviews it by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from app.storage import corrections, models
from app.storage.database import open_database, reading, writing
from app.storage.records import Correction
from tests.conftest import MODEL
from tests.page.conftest import opened, served_here
from tests.page.playing import first, jot
from tests.page.waiting import stop_clock, tick_until, wait_until_true
from tests.service.test_model_updates import make
from training.prepare.unipen import Character

PASSWORD = "a long password"


@pytest.fixture(scope="module")
def address(url: str) -> Iterator[str]:
    with served_here(MODEL, database_url=url, review_password=PASSWORD, model_poll_seconds=0.3) as address:
        yield address


def stored(url: str) -> list[Correction]:
    with reading(open_database(url)) as connection:
        return corrections.find(connection)


def draw(page: Page, track: Character) -> None:
    jot(page, track.strokes)
    expect(page.locator("#correctionQuestion")).to_be_visible()


def thanks(page: Page) -> None:
    expect(page.locator("#correctionNews")).to_contain_text("Thank you")


def test_one_tap_stores_the_drawing_with_its_strokes(phone: Page, tracks: list[Character], url: str):
    known = {one.id for one in stored(url)}
    track = first(tracks, "7")
    draw(phone, track)
    expect(phone.locator("#correction button[data-label='7']")).to_be_hidden()  # it was not the answer itself
    phone.locator("#correction button[data-label='1']").tap()
    thanks(phone)
    expect(phone.locator("#correctionQuestion")).to_be_hidden()
    (correction,) = [one for one in stored(url) if one.id not in known]
    assert correction.label == "1"
    assert correction.strokes is not None
    assert len(correction.strokes) == len(track.strokes)
    assert correction.writer is not None
    assert len(correction.writer) == 24
    assert correction.model_version


def test_undo_deletes_it_and_asks_again(desktop: Page, tracks: list[Character], url: str):
    before = len(stored(url))
    draw(desktop, first(tracks, "3"))
    desktop.locator("#confirmButton").click()
    thanks(desktop)
    assert len(stored(url)) == before + 1
    desktop.locator("#takeBackButton").click()
    expect(desktop.locator("#correctionNews")).to_contain_text("nothing is kept")
    assert len(stored(url)) == before
    expect(desktop.locator("#correctionQuestion")).to_be_visible()


def test_undo_ends_after_ten_seconds(timed: Page, tracks: list[Character]):
    draw(timed, first(tracks, "3"))
    stop_clock(timed)
    timed.locator("#correction button[data-label='none of these']").click()
    tick_until(timed, "#correctionNews", "Thank you")
    timed.clock.run_for(9_000)
    expect(timed.locator("#takeBackButton")).to_be_visible()
    timed.clock.run_for(2_000)
    expect(timed.locator("#takeBackButton")).to_be_hidden()


def test_by_keyboard(desktop: Page, tracks: list[Character], url: str):
    before = len(stored(url))
    draw(desktop, first(tracks, "5"))
    desktop.keyboard.press("c")
    expect(desktop.locator("#confirmButton")).to_be_focused()
    desktop.keyboard.press("8")
    thanks(desktop)
    expect(desktop.locator("#takeBackButton")).to_be_focused()
    assert len(stored(url)) == before + 1
    desktop.keyboard.press("Enter")
    expect(desktop.locator("#correctionNews")).to_contain_text("nothing is kept")


def test_the_random_name_stays_until_it_is_reset(desktop: Page, tracks: list[Character], url: str):
    known = {one.id for one in stored(url)}
    for label in ("1", "2"):
        desktop.locator("#clearCanvasButton").click()
        draw(desktop, first(tracks, label))
        desktop.locator("#confirmButton").click()
        thanks(desktop)
    desktop.locator("#resetWriterButton").click()
    desktop.locator("#clearCanvasButton").click()
    draw(desktop, first(tracks, "4"))
    desktop.locator("#confirmButton").click()
    thanks(desktop)
    writers = {one.label: one.writer for one in stored(url) if one.id not in known}
    assert writers["1"] == writers["2"] != writers["4"]


def test_a_refusal_is_said_and_can_be_tried_again(desktop: Page, tracks: list[Character]):
    desktop.route("**/corrections", lambda route: route.fulfill(status=503, json={"detail": "The database is away."}))
    draw(desktop, first(tracks, "6"))
    desktop.locator("#confirmButton").click()
    expect(desktop.locator("#correctionNews")).to_have_text("The database is away.")
    expect(desktop.locator("#correctionQuestion")).to_be_visible()


def test_review_by_keyboard(browser: Browser, desktop: Page, address: str, url: str, tracks: list[Character]):
    waiting = [one for one in stored(url) if one.status == "waiting"]
    for label in "123"[len(waiting) :]:
        desktop.locator("#clearCanvasButton").click()
        draw(desktop, first(tracks, label))
        desktop.locator("#confirmButton").click()
        thanks(desktop)
    count = len([one for one in stored(url) if one.status == "waiting"])
    assert count >= 3
    credentials = {"username": "anybody", "password": PASSWORD}
    with opened(browser, f"{address}/review", http_credentials=credentials) as page:
        page.keyboard.press("r")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+A")
        page.keyboard.press("Enter")
        expect(page.locator("main, body")).to_contain_text("There are none.")
    statuses = sorted(one.status for one in stored(url))
    assert statuses == ["accepted"] * (count - 1) + ["rejected"]


def test_the_page_follows_a_model_with_other_classes(
    timed: Page, tracks: list[Character], address: str, url: str, tmp_path: Path
):
    letters = make(tmp_path / "letters.pt", ("a", "b", "c"))
    timed.clock.run_for(5_000)  # replicas may differ in the first moments of a page
    with writing(open_database(url)) as connection:
        models.publish(connection, "letters", letters.read_bytes(), {}, None, "test")
    wait_until_true(lambda: httpx2.get(f"{address}/model").json()["classes"] == ["a", "b", "c"])
    jot(timed, first(tracks, "7").strokes)
    expect(timed.locator("#probabilities li[data-class='b']")).to_be_visible()
    expect(timed.locator("#predictionResult")).not_to_be_empty()
