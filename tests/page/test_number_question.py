"""When a person is asked about a character of a number, and about which: never about another than they see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.conftest import MODEL, encode
from tests.page.conftest import Windows, served_here
from tests.page.playing import at, bring, draw_line, first, jot
from tests.page.test_corrections import stored, thanks
from tests.page.test_number_corrections import choose, is_asked_about, say, sent
from tests.page.test_reading import draw_42
from training.prepare.unipen import Character


@pytest.fixture(scope="module")
def address(url: str) -> Iterator[str]:
    with served_here(MODEL, database_url=url) as address:
        yield address


@pytest.fixture
def without_storage(windows: Windows) -> Iterator[Page]:
    with served_here(MODEL, database_url="") as address, windows.page("desktop", address) as page:
        yield page


def test_undo_takes_it_back_and_asks_again(desktop: Page, tracks: list[Character], url: str):
    draw_42(desktop, tracks)
    before = len(stored(url))
    choose(desktop, 1)
    assert say(desktop, url, "none of these").label is None
    choose(desktop, 0)
    is_asked_about(desktop, "4")
    desktop.locator("#takeBackButton").click()
    expect(desktop.locator("#correctionNews")).to_contain_text("nothing is kept")
    assert len(stored(url)) == before
    choose(desktop, 1)
    is_asked_about(desktop, "2")


def test_what_has_been_said_is_not_asked_again(desktop: Page, tracks: list[Character]):
    draw_42(desktop, tracks)
    choose(desktop, 0)
    desktop.locator("#confirmButton").click()
    thanks(desktop)
    choose(desktop, 1)
    is_asked_about(desktop, "2")
    choose(desktop, 0)
    expect(desktop.locator("#correctionQuestion")).to_be_hidden()


def test_by_keyboard(desktop: Page, tracks: list[Character], url: str):
    draw_42(desktop, tracks)
    expect(desktop.locator("#correctionHint")).to_be_visible()
    desktop.locator("#characters button").nth(1).focus()
    is_asked_about(desktop, "2, character 2 of 2,")
    desktop.keyboard.press("c")
    expect(desktop.locator("#confirmButton")).to_be_focused()
    correction = sent(desktop, url, lambda: desktop.keyboard.press("8"))
    expect(desktop.locator("#takeBackButton")).to_be_focused()
    assert (correction.label, correction.predicted) == ("8", "2")
    desktop.keyboard.press("Enter")
    expect(desktop.locator("#correctionNews")).to_contain_text("nothing is kept")


def test_the_key_goes_to_the_one_that_is_least_sure(desktop: Page):
    shares = {str(digit): 0.0 for digit in range(10)}
    characters = [
        {"label": label, "confidence": share, "known": True, "probabilities": shares | {label: share, "5": 1 - share},
         "box": [280 * place - 10, 40, 280 * place + 10, 240]}
        for label, share, place in (("1", 0.99, 0.2), ("7", 0.6, 0.5), ("1", 0.97, 0.8))
    ]  # fmt: skip
    reading = {"text": "171", "confidence": 0.58, "characters": characters}
    desktop.route("**/read?*", lambda route: route.fulfill(json=reading))
    for place in (0.2, 0.5, 0.8):
        draw_line(desktop, place)
    expect(desktop.locator("#characters button")).to_have_text(["1", "7", "1"])
    expect(desktop.locator("#correctionHint")).to_be_visible()
    desktop.keyboard.press("c")
    expect(desktop.locator("#confirmButton")).to_be_focused()
    is_asked_about(desktop, "7, character 2 of 3,")


def test_pointing_at_another_one_on_the_way_changes_nothing(desktop: Page, tracks: list[Character], url: str):
    draw_42(desktop, tracks)
    four, two = (desktop.locator("#probabilities li").nth(digit) for digit in (4, 2))
    choose(desktop, 1)
    desktop.mouse.move(*at(desktop, (0.3, 0.5))[0])
    expect(four).to_have_class("best")
    is_asked_about(desktop, "2")
    desktop.mouse.move(*at(desktop, (0.3, 0.9))[0])
    expect(two).to_have_class("best")
    assert say(desktop, url, "3").predicted == "2"


def test_characters_of_a_photograph_are_not_asked_about(desktop: Page, drawings: list[tuple[str, Image.Image]]):
    digits = dict(reversed(drawings))
    number = Image.new("L", (560, 280), 255)
    for place, digit in enumerate("42"):
        number.paste(digits[digit], (280 * place, 0))
    bring(desktop, "drop", (encode(number), "42.png", "image/png"))
    expect(desktop.locator("#characters button")).to_have_count(2)
    choose(desktop, 1)
    expect(desktop.locator("#characters button").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(desktop.locator("#correctionHint")).to_be_hidden()
    expect(desktop.locator("#correctionQuestion")).to_be_hidden()


def test_a_server_without_storage_shows_none_of_it(without_storage: Page, tracks: list[Character]):
    draw_42(without_storage, tracks)
    expect(without_storage.locator("#characters button")).to_have_count(2)
    choose(without_storage, 1)
    without_storage.keyboard.press("c")
    expect(without_storage.locator("#probabilities li").nth(2)).to_have_class("best")
    expect(without_storage.locator("#correction")).to_have_count(0)
    expect(without_storage.locator("#correctionHint")).to_have_count(0)


def test_another_stroke_ends_the_question(desktop: Page, tracks: list[Character]):
    draw_42(desktop, tracks)
    choose(desktop, 1)
    is_asked_about(desktop, "2")
    draw_line(desktop, 0.95)
    expect(desktop.locator("#characters button")).to_have_count(3)
    expect(desktop.locator("#correctionQuestion")).to_be_hidden()
    expect(desktop.locator("#correctionHint")).to_be_visible()
    desktop.locator("#clearCanvasButton").click()
    expect(desktop.locator("#correctionHint")).to_be_hidden()
    jot(desktop, first(tracks, "3").strokes)
    is_asked_about(desktop, "the answer right")
    expect(desktop.locator("#correctionPart")).to_be_hidden()
