"""Several characters on the paper."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from tests.page.playing import at, beside, draw_line, first, jot, message, predict
from tests.page.waiting import wait_until
from training.prepare.unipen import Character


def noted(page: Page) -> list[str]:
    """The paths of the questions that the page will have asked."""
    paths: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            paths.append(re.sub(r".*/|\?.*", "", request.url))

    page.on("request", note)
    return paths


def draw_42(page: Page, tracks: list[Character]) -> None:
    for place, label in ((0.3, "4"), (0.7, "2")):
        beside(page, first(tracks, label).strokes, place)


def test_4_and_2_are_42(desktop: Page, tracks: list[Character]):
    draw_42(desktop, tracks)
    assert predict(desktop) in ("4", "42")
    expect(desktop.locator("#predictionResult")).to_have_text("42")
    expect(desktop.locator("#message")).to_contain_text("sure of each")
    expect(desktop.locator("#characters button")).to_have_text(["4", "2"])
    expect(desktop.locator("#boxes span")).to_have_count(2)
    expect(desktop.locator("#announcement")).to_contain_text("42")


def test_boxes_are_around_the_characters(phone: Page, tracks: list[Character]):
    draw_42(phone, tracks)
    expect(phone.locator("#boxes span")).to_have_count(2)
    for index, place in enumerate((0.3, 0.7)):
        found = phone.locator("#boxes span").nth(index).bounding_box()
        assert found
        (x, y), (side, _) = at(phone, (place, 0.5))[0], at(phone, (1, 0))[0]
        side -= at(phone, (0, 0))[0][0]
        assert found["x"] + found["width"] / 2 == pytest.approx(x, abs=0.03 * side)
        assert found["y"] + found["height"] / 2 == pytest.approx(y, abs=0.03 * side)
        assert max(found["width"], found["height"]) == pytest.approx(0.35 * side + side * 10 / 280, abs=0.03 * side)


def test_boxes_are_not_in_what_is_sent_and_go_with_the_next_stroke(desktop: Page, tracks: list[Character]):
    draw_42(desktop, tracks)
    expect(desktop.locator("#boxes span")).to_have_count(2)
    # Chromium does not tell Playwright the files in a request's body.
    desktop.evaluate("""() => {
      const append = FormData.prototype.append;
      FormData.prototype.append = function (...rest) {
        if (rest[0] === "image") window.sent = rest[1];
        append.apply(this, rest);
      };
    }""")
    start, end = at(desktop, (0.5, 0.4), (0.5, 0.6))
    desktop.mouse.move(*start)
    desktop.mouse.down()
    desktop.mouse.move(*end)
    expect(desktop.locator("#boxes")).to_be_hidden()
    desktop.mouse.up()
    expect(desktop.locator("#predictionResult")).to_have_text("412")
    sent = desktop.evaluate("async () => btoa(String.fromCharCode(...new Uint8Array(await window.sent.arrayBuffer())))")
    image = Image.open(io.BytesIO(base64.b64decode(sent))).convert("RGB")
    assert image.size == (280, 280)
    red, green, blue = (np.asarray(channel) for channel in image.split())
    assert np.array_equal(red, green), "the boxes have colours"
    assert np.array_equal(green, blue)


def test_a_character_shows_its_bars_on_hover_focus_and_tap(desktop: Page, tracks: list[Character]):
    draw_42(desktop, tracks)
    expect(desktop.locator("#predictionResult")).to_have_text("42")
    four, two = (desktop.locator("#probabilities li").nth(digit) for digit in (4, 2))
    expect(four).to_have_class("best")
    desktop.locator("#characters button").nth(1).hover()
    expect(two).to_have_class("best")
    expect(desktop.locator("#boxes span").nth(1)).to_have_class("active")
    desktop.locator("#characters button").nth(0).focus()
    expect(four).to_have_class("best")
    expect(desktop.locator("#characters button").nth(0)).to_have_attribute("aria-pressed", "true")
    expect(desktop.locator("#characters button").nth(0)).to_have_attribute("aria-label", re.compile("^4, .*sure$"))
    desktop.mouse.move(*at(desktop, (0.7, 0.5))[0])
    expect(two).to_have_class("best")


def test_the_uncertain_one_is_marked(desktop: Page):
    shares = {str(digit): 0.0 for digit in range(10)}
    four = {"label": "4", "confidence": 0.99, "known": True, "probabilities": shares | {"4": 0.99}}
    seven = {"label": "7", "confidence": 0.6, "known": True, "probabilities": shares | {"7": 0.6, "1": 0.4}}
    characters = [{**four, "box": [20, 50, 80, 150]}, {**seven, "box": [120, 50, 180, 150]}]
    reading = {"text": "47", "confidence": 0.594, "characters": characters}
    desktop.route("**/read?*", lambda route: route.fulfill(json=reading))
    draw_line(desktop, 0.2)
    draw_line(desktop, 0.7)
    message(desktop, "Not sure of 7")
    expect(desktop.locator("body")).to_have_class(re.compile("unsure"))
    expect(desktop.locator("#characters button").nth(1)).to_have_class("doubtful")
    expect(desktop.locator("#boxes span").nth(1)).to_have_class(re.compile("doubtful"))
    expect(desktop.locator("#characters button").nth(0)).not_to_have_class("doubtful")


def test_one_character_is_asked_for_and_shown_as_ever(desktop: Page, seven_track: Character):
    asked = noted(desktop)
    jot(desktop, seven_track.strokes)
    assert predict(desktop) == "7"
    assert set(asked) == {"predict"}
    expect(desktop.locator("#characters")).to_have_count(0)
    expect(desktop.locator("#seen")).to_be_visible()


def test_one_character_of_several_strokes_is_one(desktop: Page):
    """The bar of this 5 touches nothing."""
    asked = noted(desktop)
    body = ((100, 80), (95, 140), (150, 130), (175, 170), (150, 215), (95, 205))
    bar = ((112, 62), (180, 58))
    jot(desktop, (body, bar))
    expect(desktop.locator("#predictionResult")).to_have_text("5")
    wait_until(desktop, "!document.querySelector('#seen').hidden")
    assert "read" in asked
    expect(desktop.locator("#characters button")).to_have_count(0)


def test_what_is_for_one_character_is_not_offered_for_several(desktop: Page, tracks: list[Character]):
    draw_42(desktop, tracks)
    expect(desktop.locator("#characters button")).to_have_count(2)
    expect(desktop.locator("#inside")).to_be_hidden()
    desktop.locator("#clearCanvasButton").click()
    jot(desktop, first(tracks, "3").strokes)
    expect(desktop.locator("#predictionResult")).to_have_text("3")
    expect(desktop.locator("#inside")).to_be_visible()
    expect(desktop.locator("#characters")).to_be_hidden()
    expect(desktop.locator("#boxes span")).to_have_count(0)
