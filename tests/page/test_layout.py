"""Where things are: the answer is seen while drawing, whatever the window."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Windows
from tests.page.playing import draw_line
from tests.page.waiting import resize

PORTRAIT = [(320, 568), (375, 553), (390, 844), (820, 1180)]
# The last two are 1280 by 800 at 200 % zoom, and a phone on its side with the browser's toolbars.
LANDSCAPE = [(1280, 800), (844, 390), (1024, 768), (640, 400), (667, 300)]


def boxes(page: Page, *selectors: str) -> list[dict[str, float]]:
    found = []
    for selector in selectors:
        box = page.locator(selector).bounding_box()
        assert box
        x, y, width, height = box["x"], box["y"], box["width"], box["height"]
        found.append({"x": x, "y": y, "width": width, "height": height, "right": x + width, "bottom": y + height})
    return found


@pytest.fixture(scope="module")
def drawn(windows: Windows, address: str) -> Iterator[Page]:
    """The page with an answer."""
    with windows.page("desktop", address) as page:
        draw_line(page)
        expect(page.locator("#seen")).to_be_visible()
        yield page


@pytest.mark.parametrize("size", PORTRAIT)
def test_the_answer_is_above_the_paper_where_the_hand_is_not(drawn: Page, size: tuple[int, int]):
    resize(drawn, *size)
    answer, seen, paper, tools = boxes(drawn, "#predictionResult", "#seen", "#canvas", ".tools")
    assert answer["bottom"] <= paper["y"]
    assert seen["bottom"] <= paper["y"]
    assert tools["bottom"] <= size[1]  # all of it in the window


@pytest.mark.parametrize("size", LANDSCAPE)
def test_answer_and_paper_are_side_by_side_in_a_window_wider_than_tall(drawn: Page, size: tuple[int, int]):
    resize(drawn, *size)
    answer, paper, tools = boxes(drawn, "#predictionResult", "#canvas", ".tools")
    assert answer["x"] >= paper["right"]
    assert answer["bottom"] <= size[1]
    assert tools["bottom"] <= size[1]
    assert drawn.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize(("size", "side"), [((1280, 800), 420), ((820, 1180), 420), ((390, 844), 351)])
def test_the_paper_is_up_to_420_pixels(drawn: Page, size: tuple[int, int], side: int):
    resize(drawn, *size)
    assert boxes(drawn, "#canvas")[0]["width"] == pytest.approx(side, abs=1)


@pytest.mark.parametrize("size", [*PORTRAIT, *LANDSCAPE])
def test_no_tool_lies_on_another(drawn: Page, size: tuple[int, int]):
    resize(drawn, *size)
    ids = [f"#{name}Button" for name in ("undo", "redo", "clearCanvas", "picture", "share", "predict")]
    tools = boxes(drawn, *ids)
    assert all(one["right"] <= other["x"] for one, other in pairwise(tools))
    assert all(tool["width"] >= 30 and tool["height"] >= 44 for tool in tools)
    assert drawn.locator("#clearCanvasButton").evaluate("button => button.scrollWidth <= button.clientWidth")


def test_the_paper_stays_where_it_is_when_the_answer_comes(phone: Page):
    before = boxes(phone, "#canvas")
    draw_line(phone)
    expect(phone.locator("#seen")).to_be_visible()
    assert boxes(phone, "#canvas") == before
