"""The wide paper, for numbers and words; and links to numbers."""

from __future__ import annotations

import io
import math
from itertools import pairwise
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.page.playing import beside, bring, draw_line, first, ink, sheet, units
from tests.page.sharing import shared
from tests.page.test_reading import draw_42, noted
from tests.page.waiting import await_answer, resize, wait_until
from training.prepare.unipen import Character


def widen(page: Page) -> None:
    page.locator("#wideButton").click()
    expect(page.locator("#wideButton")).to_have_attribute("aria-pressed", "true")
    wait_until(
        page, "document.querySelector('#canvas').clientWidth > 2.9 * document.querySelector('#canvas').clientHeight"
    )


def test_a_wide_paper_takes_a_number_and_is_remembered(page: Page, tracks: list[Character]):
    asked = noted(page)
    widen(page)
    viewport = page.viewport_size
    found = page.locator("#canvas").bounding_box()
    assert viewport
    assert found
    assert found["width"] >= min(0.85 * viewport["width"], 800)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for place, label in enumerate("2046"):
        beside(page, first(tracks, label).strokes, 0.12 + 0.25 * place, 0.6)
    expect(page.locator("#predictionResult")).to_have_text("2046")
    expect(page.locator("#boxes span")).to_have_count(4)
    assert set(asked) == {"read"}
    page.reload()
    expect(page.locator("#wideButton")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#predictionResult")).to_have_text("2046")


def test_the_usual_paper_comes_back_with_what_was_written(desktop: Page, tracks: list[Character]):
    widen(desktop)
    for place, label in ((0.3, "4"), (0.9, "2")):
        beside(desktop, first(tracks, label).strokes, place, 0.8)
    expect(desktop.locator("#predictionResult")).to_have_text("42")
    desktop.locator("#wideButton").click()
    expect(desktop.locator("#wideButton")).to_have_attribute("aria-pressed", "false")
    found = desktop.locator("#canvas").bounding_box()
    assert found
    assert found["width"] == pytest.approx(found["height"])
    expect(desktop.locator("#predictionResult")).to_have_text("42")
    expect(desktop.locator("#boxes span")).to_have_count(2)
    desktop.reload()
    expect(desktop.locator("#wideButton")).to_have_attribute("aria-pressed", "false")


def write_2046(page: Page, tracks: list[Character]) -> None:
    widen(page)
    for place, label in enumerate("2046"):
        beside(page, first(tracks, label).strokes, 0.12 + 0.25 * place, 0.6)
    expect(page.locator("#predictionResult")).to_have_text("2046")
    await_answer(page)


def test_a_number_is_shared_with_a_link_that_is_read_alike(desktop: Page, other: Page, tracks: list[Character]):
    draw_42(desktop, tracks)
    expect(desktop.locator("#characters button")).to_have_count(2)
    link, card = shared(desktop)
    assert len(urlsplit(link).fragment) <= 2 * 70
    assert np.asarray(card.crop((660, 110, 860, 230))).min() < 60  # the answer
    other.goto(link)
    expect(other.locator("#characters button")).to_have_text(["4", "2"])
    expect(other.locator("#wideButton")).to_have_attribute("aria-pressed", "false")
    assert ink(other) == pytest.approx(ink(desktop), rel=0.1)


def test_a_link_to_a_wide_paper_opens_one_for_this_once(
    desktop: Page, other: Page, tracks: list[Character], address: str
):
    write_2046(desktop, tracks)
    link, card = shared(desktop)
    columns = np.flatnonzero((np.asarray(card.crop((80, 60, 1120, 390))) < 70).any(0))
    assert columns[0] < 100, "the first digit is on the card"
    assert columns[-1] > 900, "and so is the last"
    other.goto(link)
    expect(other.locator("#predictionResult")).to_have_text("2046")
    expect(other.locator("#wideButton")).to_have_attribute("aria-pressed", "true")
    other.goto("about:blank")
    other.goto(address)
    other.locator("#clearCanvasButton").click()
    other.reload()
    expect(other.locator("#wideButton")).to_have_attribute("aria-pressed", "false")


def test_strokes_of_a_number_in_a_link_are_off_by_less_than_half_of_the_pen(desktop: Page, tracks: list[Character]):
    """Small digits all over a wide paper, underlined in one stroke."""
    digits = [
        [{"x": point["x"] * 0.3 + 80 * place, "y": point["y"] * 0.3 + 100} for point in stroke]
        for place, track in enumerate(tracks[::24])
        for stroke in units(track.strokes)
    ]
    line = [{"x": 10 + 2 * step, "y": 250 + 8 * math.sin(step / 20)} for step in range(410)]
    script = """async strokes => {
      const [{ encode }, { decode }] = await Promise.all(
        [import('/static/stroke-encoding.js'), import('/static/strokes.js')]);
      const { strokes: back, isWide } = decode(encode(strokes, { characters: 10, isWide: true }));
      const near = (point, points) => Math.min(...points.map(({ x, y }) => Math.hypot(point.x - x, point.y - y)));
      return [isWide, Math.max(...back.flat().map(point => near(point, strokes.flat())))];
    }"""
    dense = [
        [
            {axis: a[axis] + (b[axis] - a[axis]) * step / 10 for axis in "xy"}
            for a, b in pairwise(stroke)
            for step in range(11)
        ]
        or stroke
        for stroke in [*digits, line]
    ]
    assert desktop.evaluate(script, dense) == [True, pytest.approx(0, abs=5)]


def test_a_wide_drawing_is_kept_and_comes_back_on_a_wide_paper(desktop: Page, tracks: list[Character]):
    write_2046(desktop, tracks)
    before = ink(desktop)
    desktop.locator("#clearCanvasButton").click()
    desktop.locator("#wideButton").click()
    expect(desktop.locator("#wideButton")).to_have_attribute("aria-pressed", "false")
    tile = desktop.locator("#galleryStrip button")
    found = tile.locator("canvas").bounding_box()
    assert found
    assert found["width"] == pytest.approx(3 * found["height"], rel=0.02)
    tile.click()
    expect(desktop.locator("#wideButton")).to_have_attribute("aria-pressed", "true")
    expect(desktop.locator("#predictionResult")).to_have_text("2046")
    assert ink(desktop) == pytest.approx(before, rel=0.02)


def test_undo_brings_back_the_width_of_the_paper_too(desktop: Page, tracks: list[Character]):
    write_2046(desktop, tracks)
    before = sheet(desktop)
    desktop.locator("#wideButton").click()
    expect(desktop.locator("#wideButton")).to_have_attribute("aria-pressed", "false")
    desktop.locator("#undoButton").click()
    expect(desktop.locator("#wideButton")).to_have_attribute("aria-pressed", "true")
    assert sheet(desktop) == before
    desktop.locator("#redoButton").click()
    expect(desktop.locator("#wideButton")).to_have_attribute("aria-pressed", "false")


def test_a_phone_on_its_side_shows_the_whole_wide_paper(phone: Page):
    resize(phone, 844, 390)
    widen(phone)
    found = phone.locator(".tools").bounding_box()
    assert found
    assert found["y"] + found["height"] <= 390


def test_the_wide_paper_can_be_drawn_on_with_keys(desktop: Page):
    widen(desktop)
    desktop.locator("#canvas").focus()
    for _ in range(60):
        desktop.keyboard.press("ArrowRight")
    expect(desktop.locator("#announcement")).to_contain_text("99 % from the left")


def test_a_picture_brings_the_usual_paper(desktop: Page, seven: Image.Image):
    widen(desktop)
    file = io.BytesIO()
    seven.save(file, "PNG")
    bring(desktop, "drop", (file.getvalue(), "seven.png", "image/png"))
    expect(desktop.locator("#predictionResult")).to_have_text("7")
    expect(desktop.locator("#wideButton")).to_have_attribute("aria-pressed", "false")


def test_the_smallest_window_has_room_for_a_wide_paper(phone: Page):
    resize(phone, 320, 640)
    widen(phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("doubtful", [False, True])
def test_the_paper_stays_where_it_is_when_several_characters_are_read(phone: Page, width: int, doubtful: bool):
    resize(phone, width, 700)
    widen(phone)
    box = phone.locator("#canvas").bounding_box()
    shares = {str(digit): 0.01 for digit in range(10)} | ({"7": 0.6, "1": 0.3} if doubtful else {"7": 0.99})
    character = {"label": "7", "confidence": shares["7"], "known": True, "probabilities": shares}
    characters = [{**character, "box": [60 * place, 50, 60 * place + 40, 150]} for place in range(12)]
    reading = {"text": "7" * 12, "confidence": 0.6, "characters": characters}
    phone.route("**/read?*", lambda route: route.fulfill(json=reading))
    draw_line(phone, 0.1)
    expect(phone.locator("#characters button")).to_have_count(12)
    expect(phone.locator("#predictionResult")).to_have_css("white-space-collapse", "preserve-breaks")  # styled
    assert phone.locator("#canvas").bounding_box() == box
    assert phone.evaluate("document.documentElement.scrollWidth") == width
