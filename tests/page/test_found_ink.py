"""What was taken for ink lies over a picture, and boxes around its characters."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from benchmarks.photograph import photograph
from tests.conftest import encode
from tests.page.framing import blue, boxes, bring_photo, drag, is_whole, reads
from tests.page.playing import at, bring, draw_line, message
from tests.page.waiting import await_answer


@pytest.fixture(scope="session")
def lying(sheet_of_two: Image.Image) -> bytes:
    """The same, turned clockwise by a quarter."""
    return photograph(sheet_of_two.rotate(-90), np.random.default_rng(0))


def test_the_ink_that_was_read_lies_over_a_photograph(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    reads(desktop, "73")
    assert blue(desktop, 0, 0.5) > 0.01
    assert blue(desktop, 0.5, 1) > 0.01


def test_boxes_lie_on_the_characters_of_a_photograph(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    expect(desktop.locator("#boxes span")).to_have_count(2)
    seven, three = boxes(desktop)
    assert seven == pytest.approx((0.27, 0.5), abs=0.05)
    assert three == pytest.approx((0.75, 0.5), abs=0.05)
    desktop.mouse.move(*at(desktop, three)[0])
    expect(desktop.locator("#boxes span").nth(1)).to_have_class("active")


def test_boxes_lie_on_the_characters_within_a_turned_frame(desktop: Page, lying: bytes):
    bring_photo(desktop, lying)
    expect(desktop.locator("#overlay")).to_have_class("inked")
    drag(desktop, "turn", (0.9, 0.2), (0.97, 0.5))
    await_answer(desktop)  # the answer to the frame as it is now
    reads(desktop, "73")
    expect(desktop.locator("#boxes span")).to_have_count(2)
    seven, three = boxes(desktop)
    assert seven == pytest.approx((0.5, 0.27), abs=0.05)
    assert three == pytest.approx((0.5, 0.75), abs=0.05)
    expect(desktop.locator("#boxes span").first).to_have_attribute("style", re.compile(r"rotate\(1\.57"))


def test_a_drawing_has_neither_ink_laid_over_it_nor_a_frame(desktop: Page):
    with desktop.expect_request("**/predict?*") as request:
        draw_line(desktop)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    assert request.value.url.endswith("/predict?include=input")
    for part in ("#overlay", "#frame", "#cropHelp"):
        expect(desktop.locator(part)).to_be_hidden()


def test_a_blank_part_is_said_to_have_no_character(desktop: Page, large: bytes):
    bring_photo(desktop, large)
    reads(desktop, "73")
    drag(desktop, "se", (0.2, 0.2))
    message(desktop, "No character was found")
    expect(desktop.locator("#overlay")).not_to_have_class("inked")


def test_a_scan_gets_a_frame_as_well(desktop: Page, seven: Image.Image):
    bring(desktop, "drop", (encode(seven), "7.png", "image/png"))
    reads(desktop, "7")
    assert blue(desktop, 0, 1) > 0.005
    assert is_whole(desktop)
