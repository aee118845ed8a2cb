"""The frame on a picture, and what was taken for ink: what is read is what is within the frame."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from benchmarks.photograph import photograph
from tests.conftest import encode
from tests.page.playing import Fingers, Held, Point, answer, at, bring, draw_line, listen, message, reading, sheet
from tests.page.playing import box as paper


@pytest.fixture(scope="session")
def sheet_of_two(drawings: list[tuple[str, Image.Image]]) -> Image.Image:
    """A large 7 on the left and a smaller 3 on the right."""
    digits = dict(reversed(drawings))
    sheet = Image.new("L", (560, 560), 255)
    sheet.paste(digits["7"].resize((300, 300)), (0, 130))
    sheet.paste(digits["3"].resize((260, 260)), (290, 150))
    return sheet


@pytest.fixture(scope="session")
def two_digits(sheet_of_two: Image.Image) -> bytes:
    """A photograph of both, 800 pixels wide."""
    return photograph(sheet_of_two, np.random.default_rng(0), width=800)


@pytest.fixture(scope="session")
def large(sheet_of_two: Image.Image) -> bytes:
    """The same, 1600 pixels wide."""
    return photograph(sheet_of_two, np.random.default_rng(0), width=1600)


@pytest.fixture(scope="session")
def lying(sheet_of_two: Image.Image) -> bytes:
    """The same, turned clockwise by a quarter."""
    return photograph(sheet_of_two.rotate(-90), np.random.default_rng(0))


def bring_photo(page: Page, data: bytes) -> None:
    bring(page, "drop", (data, "two.jpg", "image/jpeg"))


def reads(page: Page, label: str) -> None:
    expect(page.locator("#predictionResult")).to_have_text(label)
    message(page, "sure")


def handle(page: Page, part: str) -> Point:
    """The middle of a handle in the window."""
    found = page.locator(f"#frame [data-part={part}]")
    expect(found).to_be_visible()  # the frame is loaded with the first picture
    box = found.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, part: str, *to: Point) -> None:
    """With the mouse, to places in shares of the paper."""
    page.locator(f"#frame [data-part={part}]").hover()  # once it stays where it is
    page.mouse.down()
    for point in at(page, *to):
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def frame(page: Page) -> list[float]:
    """Left, top, right and bottom of the frame's box, in shares of the paper."""
    box = page.locator("#frame").bounding_box()
    paper = page.locator("#canvas").bounding_box()
    assert box
    assert paper
    left, top = (box["x"] - paper["x"]) / paper["width"], (box["y"] - paper["y"]) / paper["height"]
    return [left, top, left + box["width"] / paper["width"], top + box["height"] / paper["height"]]


def is_whole(page: Page) -> bool:
    return frame(page) == pytest.approx([0, 0, 1, 1], abs=0.01)


def blue(page: Page, left: float, right: float) -> float:
    """The share of a part of the overlay, from left to right, that is clearly the colour of found ink."""
    script = """(canvas, [left, right]) => {
      const { width, height } = canvas;
      const from = Math.round(left * width), count = Math.round((right - left) * width);
      const data = canvas.getContext('2d').getImageData(from, 0, count, height).data;
      let blue = 0;
      for (let i = 0; i < data.length; i += 4) blue += data[i + 2] - data[i] > 100 && data[i + 3] > 200;
      return blue * 4 / data.length;
    }"""
    expect(page.locator("#overlay")).to_have_class("inked")
    return cast("float", page.locator("#overlay").evaluate(script, [left, right]))


def test_the_ink_that_was_read_lies_over_a_photograph(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    reads(desktop, "73")
    assert blue(desktop, 0, 0.5) > 0.01
    assert blue(desktop, 0.5, 1) > 0.01


def boxes(page: Page) -> list[tuple[float, float]]:
    """The middle of each box around a character, in shares of the paper."""
    left, top, side = paper(page)
    found = [box.bounding_box() for box in page.locator("#boxes span").all()]
    return [
        ((box["x"] + box["width"] / 2 - left) / side, (box["y"] + box["height"] / 2 - top) / side)
        for box in found
        if box
    ]


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
    reads_anything(desktop)  # the answer to the frame as it is now
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
    reads_anything(desktop)
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


def reads_anything(page: Page) -> None:
    expect(page.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")


def press(page: Page, part: str, keys: Sequence[str]) -> None:
    button = page.locator(f"#frame [data-part={part}]")
    expect(button).to_be_visible()  # the frame is loaded with the first picture
    button.focus()
    for key in keys:
        page.keyboard.press(key)


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
    reads_anything(desktop)


def test_the_card_shows_the_crop(desktop: Page, two_digits: bytes):
    bring_photo(desktop, two_digits)
    drag(desktop, "nw", (0.52, 0.15))
    reads(desktop, "3")
    assert written(card(desktop)) == pytest.approx([0.37, 0.68], abs=0.1), "the 3 alone"
    desktop.reload()
    reads(desktop, "3")


def card(page: Page) -> Image.Image:
    """The picture in the share dialog, which is closed again."""
    page.locator("#shareButton").click()
    expect(page.locator("#shareNote")).to_be_visible()
    data = page.locator("#shareCard").evaluate("""async image => {
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: 1200, height: 630 });
      canvas.getContext('2d').drawImage(image, 0, 0);
      return canvas.toDataURL().split(',')[1];
    }""")
    page.keyboard.press("Escape")
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("L")


def written(picture: Image.Image) -> list[float]:
    """Where ink begins and ends from left to right on the paper of a card, in shares of it."""
    paper = np.asarray(picture.crop((75, 180, 565, 460))) < 70
    columns = np.flatnonzero(paper.any(0))
    return [columns[0] / paper.shape[1], columns[-1] / paper.shape[1]]


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
