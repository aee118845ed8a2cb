"""The frame on a picture, for the tests: dragged with the mouse, moved with keys; and what lies over the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from playwright.sync_api import Page, expect

from tests.page.playing import Point, at, box, bring, message


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


def press(page: Page, part: str, keys: Sequence[str]) -> None:
    button = page.locator(f"#frame [data-part={part}]")
    expect(button).to_be_visible()  # the frame is loaded with the first picture
    button.focus()
    for key in keys:
        page.keyboard.press(key)


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


def boxes(page: Page) -> list[tuple[float, float]]:
    """The middle of each box around a character, in shares of the paper."""
    left, top, side = box(page)
    found = [span.bounding_box() for span in page.locator("#boxes span").all()]
    return [
        ((one["x"] + one["width"] / 2 - left) / side, (one["y"] + one["height"] / 2 - top) / side)
        for one in found
        if one
    ]
