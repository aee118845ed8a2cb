"""The frame on a picture: what is read is what is within it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from benchmarks.photograph import photograph
from tests.page.framing import blue, bring_photo, drag, frame, handle, is_whole, press, reads
from tests.page.playing import Fingers, Held, answer, at, listen, reading, sheet
from tests.page.sharing import shared
from tests.page.waiting import await_answer


def test_the_frame_dragged_to_one_digit_has_it_read(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    reads(desktop, "73")
    drag(desktop, "nw", (0.52, 0.15))
    reads(desktop, "3")
    assert blue(desktop, 0.5, 1) > 0.01
    assert blue(desktop, 0, 0.5) == 0
    desktop.keyboard.press("Control+z")
    reads(desktop, "73")
    assert is_whole(desktop)


def test_a_finger_drags_the_frame(phone: Page, two_digits: bytes):
    bring_photo(phone, two_digits)
    reads(phone, "73")
    (to,) = at(phone, (0.52, 0.15))
    Fingers(phone).follow([handle(phone, "nw"), to])
    reads(phone, "3")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_frame_is_moved_over_the_picture_without_writing_on_it(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    drag(desktop, "nw", (0.52, 0.15))
    reads(desktop, "3")
    before = sheet(desktop)
    (inside, outside) = at(desktop, (0.75, 0.9), (0.1, 0.9))
    desktop.mouse.move(*inside)
    desktop.mouse.down()
    desktop.mouse.move(*outside, steps=4)
    desktop.mouse.up()
    reads(desktop, "7")
    assert frame(desktop)[0] == pytest.approx(0, abs=0.01)
    desktop.mouse.move(*at(desktop, (0.9, 0.2))[0])
    desktop.mouse.down()
    desktop.mouse.move(*at(desktop, (0.9, 0.8))[0], steps=4)
    desktop.mouse.up()
    assert sheet(desktop) == before


def test_a_turned_frame_sets_a_digit_upright(desktop: Page, drawings: list[tuple[str, Image.Image]]):
    seven = next(image for label, image in drawings if label == "7")
    lying = photograph(seven.rotate(-90), np.random.default_rng(0))
    bring_photo(desktop, lying)
    expect(desktop.locator("#overlay")).to_have_class("inked")
    drag(desktop, "turn", (0.9, 0.2), (0.97, 0.5))
    reads(desktop, "7")
    style = desktop.locator("#frame").get_attribute("style") or ""
    assert "rotate(1.57" in style


def test_the_cut_is_as_fine_as_the_picture_was(desktop: Page, large: bytes):
    bring_photo(desktop, large)
    reads(desktop, "73")
    with desktop.expect_request("**/read?*") as request:
        desktop.locator("[data-part=nw]").press("ArrowRight")
    assert "include=ink" in request.value.url
    drag(desktop, "nw", (0.5, 0.5))
    await_answer(desktop)
    size = desktop.evaluate(
        """() => new Promise(done => {
          const canvas = document.createElement('canvas'), seen = HTMLCanvasElement.prototype.toBlob;
          HTMLCanvasElement.prototype.toBlob = function (...rest) {
            HTMLCanvasElement.prototype.toBlob = seen;
            done([this.width, this.height]);
            return seen.apply(this, rest);
          };
          document.getElementById('predictButton').click();
        })"""
    )
    assert size == pytest.approx([800, 800], abs=12)


def test_keys_size_move_and_turn_the_frame(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    reads(desktop, "73")
    press(desktop, "body", ["-"] * 7)
    left, _, right, _ = frame(desktop)
    assert right - left == pytest.approx(1.1**-7, abs=0.02)
    press(desktop, "body", ["ArrowRight"] * 30)
    assert frame(desktop)[2] == pytest.approx(1, abs=0.01)
    reads(desktop, "3")
    press(desktop, "body", ["]"])
    assert "rotate(0.08" in (desktop.locator("#frame").get_attribute("style") or "")
    hear = listen(desktop)
    press(desktop, "body", ["["])
    hear("51 % wide, 51 % high")
    press(desktop, "se", ["ArrowUp"] * 3)
    assert frame(desktop)[3] - frame(desktop)[1] < 1.1**-7 - 0.04
    desktop.keyboard.press("Escape")
    reads(desktop, "73")
    assert is_whole(desktop)
    desktop.keyboard.press("Escape")
    expect(desktop.locator("#paper")).to_have_class("empty")
    expect(desktop.locator("#frame")).to_be_hidden()
    expect(desktop.locator("#canvas")).to_be_focused()


def test_the_whole_picture_comes_back_with_its_button(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    drag(desktop, "nw", (0.52, 0.15))
    reads(desktop, "3")
    desktop.locator("#wholeButton").click()
    reads(desktop, "73")
    expect(desktop.locator("#wholeButton")).to_be_hidden()


def test_an_answer_to_another_frame_is_not_shown_as_one_to_this(desktop: Page, two_digits: bytes):
    held = Held(desktop)
    bring_photo(desktop, two_digits)
    held.wait(desktop, 1)
    held.routes[0].fulfill(json=reading(answer("7")))
    expect(desktop.locator("#predictionResult")).to_have_text("7")
    press(desktop, "body", ["-"])
    held.wait(desktop, 2)
    press(desktop, "body", ["-"])
    held.wait(desktop, 3)
    expect(desktop.locator("#shareButton")).to_have_attribute("aria-disabled", "true")
    held.routes[2].fulfill(json=reading(answer("3")))
    expect(desktop.locator("#predictionResult")).to_have_text("3")
    await_answer(desktop)


def test_the_card_shows_the_crop(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    drag(desktop, "nw", (0.52, 0.15))
    reads(desktop, "3")
    link, card = shared(desktop)
    assert link == "", "it has no room for a picture"
    assert written(card) == pytest.approx([0.37, 0.68], abs=0.1), "the 3 alone"
    desktop.reload()
    reads(desktop, "3")


def written(picture: Image.Image) -> list[float]:
    """Where ink begins and ends from left to right on the paper of a card, in shares of it."""
    paper = np.asarray(picture.crop((75, 180, 565, 460))) < 70
    columns = np.flatnonzero(paper.any(0))
    return [columns[0] / paper.shape[1], columns[-1] / paper.shape[1]]
