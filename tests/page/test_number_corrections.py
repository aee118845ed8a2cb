"""One character of a number is corrected alone: what is stored is that character, and nothing beside it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect

from app.storage.records import Correction
from tests.conftest import MODEL
from tests.page.conftest import served_here
from tests.page.playing import beside, draw_in_one, first
from tests.page.test_corrections import stored, thanks
from tests.page.test_reading import draw_42
from tests.page.test_wide_paper import widen, write_2046
from tests.page.waiting import await_answer
from training.correction_pictures import strokes_of
from training.prepare.drawing import PEN, draw, draw_placed
from training.prepare.unipen import Character


@pytest.fixture(scope="module")
def address(url: str) -> Iterator[str]:
    with served_here(MODEL, database_url=url) as address:
        yield address


def choose(page: Page, index: int) -> None:
    await_answer(page)
    page.locator("#characters button").nth(index).click()


def is_asked_about(page: Page, label: str) -> None:
    expect(page.locator("#correctionQuestion")).to_be_visible()
    expect(page.locator("#correction")).to_have_attribute("aria-label", re.compile(f"^Is {label}"))


def say(page: Page, url: str, label: str) -> Correction:
    """What it was; and what has been stored of that."""
    return sent(page, url, page.locator(f"#correction button[data-label='{label}']").click)


def sent(page: Page, url: str, act: Callable[[], None]) -> Correction:
    """What is stored of what is sent then."""
    with page.expect_response("**/corrections") as answer:
        act()
    thanks(page)
    (correction,) = [one for one in stored(url) if one.id == answer.value.json()["id"]]
    return correction


def ink(data: bytes) -> NDArray[np.float32]:
    return np.float32(1) - np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.float32) / np.float32(255)


def shows_only_its_strokes(correction: Correction) -> bool:
    """Whether the image is what the page's pen draws along the strokes, where they are on the usual paper."""
    assert correction.strokes is not None
    strokes = [tuple((x, y) for x, y in stroke) for stroke in correction.strokes]
    drawn = 1 - np.asarray(draw_placed(strokes, PEN, (280, 280)), np.float32) / 255
    shown = ink(correction.image)
    return shown.shape == drawn.shape and float(np.abs(shown - drawn).sum()) < 0.05 * float(drawn.sum())


def is_drawn_alike(correction: Correction, track: Character) -> bool:
    """Whether it has the strokes of a track, wherever they are and however large."""
    assert correction.strokes is not None
    assert len(correction.strokes) == len(track.strokes)
    own = [tuple((x, y) for x, y in stroke) for stroke in correction.strokes]
    pictures = [1 - np.asarray(draw(strokes), np.float32) / 255 for strokes in (own, track.strokes)]
    return float(np.abs(pictures[0] - pictures[1]).sum()) < 0.05 * float(pictures[1].sum())


def test_the_character_that_is_chosen_is_stored_with_its_strokes_alone(page: Page, tracks: list[Character], url: str):
    draw_42(page, tracks)
    expect(page.locator("#correctionHint")).to_contain_text("Is one wrong?")
    expect(page.locator("#correctionQuestion")).to_be_hidden()
    for index, label in enumerate("42"):
        choose(page, index)
        is_asked_about(page, label)
        expect(page.locator("#correctionHint")).to_be_hidden()
        expect(page.locator(f"#correction button[data-label='{label}']")).to_be_hidden()
        correction = say(page, url, "7")
        expect(page.locator("#correctionQuestion")).to_be_hidden()
        assert correction.label == "7"
        assert correction.predicted == label, "the server reads the image that it got"
        assert is_drawn_alike(correction, first(tracks, label))
        assert shows_only_its_strokes(correction)
        assert strokes_of(correction), "the training draws it anew"
        assert correction.model_version
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_would_be_stored_is_shown(desktop: Page, tracks: list[Character]):
    draw_42(desktop, tracks)
    choose(desktop, 1)
    is_asked_about(desktop, "2")
    data = desktop.locator("#correctionPart").evaluate("canvas => canvas.toDataURL().split(',')[1]")
    shown = ink(base64.b64decode(data))
    assert 0.05 < shown.mean() < 0.4
    assert shown[:4].max() == shown[-4:].max() == 0, "all of it"


def test_boxes_that_overlap_do_not_mix_strokes(desktop: Page, url: str):
    """The bar of the first 7 is above the second one."""
    widen(desktop)
    for places in ([(0.1, 0.2), (0.27, 0.2), (0.13, 0.85)], [(0.25, 0.42), (0.37, 0.42), (0.26, 0.85)]):
        found = desktop.locator("#canvas").bounding_box()
        assert found
        corners = [(found["x"] + x * found["width"], found["y"] + y * found["height"]) for x, y in places]
        desktop.mouse.move(*corners[0])
        desktop.mouse.down()
        for corner in corners[1:]:
            desktop.mouse.move(*corner, steps=20)
        desktop.mouse.up()
    expect(desktop.locator("#predictionResult")).to_have_text("77")
    await_answer(desktop)
    expect(desktop.locator("#boxes span").nth(1)).to_be_visible()
    one, other = (desktop.locator("#boxes span").nth(index).bounding_box() for index in (0, 1))
    assert one
    assert other
    assert one["x"] + one["width"] > other["x"] + 5
    for index in (0, 1):
        choose(desktop, index)
        correction = say(desktop, url, "1")
        assert correction.strokes is not None
        assert len(correction.strokes) == 1
        assert correction.predicted == "7"
        assert shows_only_its_strokes(correction)


TWO = ((0.1, 0.35), (0.15, 0.28), (0.23, 0.28), (0.26, 0.36), (0.1, 0.62))


def test_joined_characters_are_stored_as_they_were_cut(desktop: Page, url: str):
    """A 3, a line along the ground and a 6 in one stroke, which is cut from top to bottom."""
    three = [(0.1, 0.33), (0.2, 0.28), (0.26, 0.36), (0.17, 0.45), (0.27, 0.54), (0.2, 0.64), (0.08, 0.6), (0.2, 0.65)]
    six = [(0.45, 0.62), (0.5, 0.4), (0.6, 0.28), (0.5, 0.45), (0.48, 0.6), (0.6, 0.64), (0.66, 0.55), (0.58, 0.48)]
    draw_in_one(desktop, *three, *six, (0.48, 0.55))
    expect(desktop.locator("#predictionResult")).to_have_text("36")
    choose(desktop, 0)
    correction = say(desktop, url, "8")
    assert (correction.strokes, correction.predicted) == (None, "3")
    columns = np.flatnonzero(ink(correction.image).max(0) > 0.5)
    assert columns[-1] - columns[0] < 0.4 * 280, "the 6 is not on it"


def test_a_character_that_cannot_be_told_apart_is_not_asked_about(desktop: Page):
    """A 2 and a 1 in one stroke; the box of the 2 reaches into that of the 1."""
    draw_in_one(desktop, *TWO, (0.55, 0.62), (0.58, 0.3), (0.58, 0.62))
    expect(desktop.locator("#predictionResult")).to_have_text("21")
    choose(desktop, 0)
    expect(desktop.locator("#correctionHint")).to_contain_text("joined to its neighbours")
    expect(desktop.locator("#correctionQuestion")).to_be_hidden()


def test_a_character_of_a_wide_paper_comes_to_the_usual_one(desktop: Page, tracks: list[Character], url: str):
    write_2046(desktop, tracks)
    choose(desktop, 3)
    correction = say(desktop, url, "8")
    assert (correction.label, correction.predicted) == ("8", "6")
    assert is_drawn_alike(correction, first(tracks, "6"))
    assert shows_only_its_strokes(correction)


def test_a_character_alone_on_a_wide_paper_is_asked_about_at_once(desktop: Page, tracks: list[Character], url: str):
    widen(desktop)
    beside(desktop, first(tracks, "6").strokes, 0.9, 0.6)
    expect(desktop.locator("#predictionResult")).to_have_text("6")
    is_asked_about(desktop, "6 right")
    expect(desktop.locator("#correctionPart")).to_be_hidden()
    correction = sent(desktop, url, desktop.locator("#confirmButton").click)
    assert (correction.label, correction.predicted) == ("6", "6")
    assert shows_only_its_strokes(correction)
