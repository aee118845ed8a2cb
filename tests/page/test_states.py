"""Every state of the page: axe finds nothing in it, and it fits the smallest window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.conftest import MODEL, encode
from tests.page.conftest import DEVICES, Windows, served_here
from tests.page.playing import answer, bring, draw_line, message
from tests.page.waiting import await_answer, resize

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """What axe-core finds, as lines to read."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{rule['id']}: {node['html']}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def empty(_: Page) -> None: ...


def answered(page: Page) -> None:
    draw_line(page)
    expect(page.locator("#predictionResult")).not_to_be_empty()


def unsure(page: Page) -> None:
    page.route("**/predict?*", lambda route: route.fulfill(json=answer("7", c7=0.5, c1=0.45)))
    draw_line(page)
    message(page, "Not sure")


def failed(page: Page) -> None:
    page.route("**/predict?*", lambda route: route.abort())
    draw_line(page)
    message(page, "cannot be reached")


def kept(page: Page) -> None:
    answered(page)
    page.keyboard.press("Escape")
    expect(page.locator("#galleryStrip button")).to_have_count(1)


def sharing(page: Page) -> None:
    answered(page)
    await_answer(page)
    page.locator("#shareButton").click()
    expect(page.locator("#shareDialog")).to_be_visible()


def playing(page: Page) -> None:
    page.locator("#playButton").click()
    expect(page.locator("#game")).to_be_visible()


def looking_inside(page: Page) -> None:
    answered(page)
    page.locator("#inside summary").first.click()
    page.get_by_role("slider", name="Convolution 1").click(position={"x": 5, "y": 5})
    expect(page.locator(".detail").first).to_be_visible()
    expect(page.locator("#changeWords")).not_to_be_empty()


def told(page: Page) -> None:
    bring(page, "drop", (b"milk, eggs", f"{'notes' * 20}.txt", "text/plain"))
    message(page, "not a picture")


def cropping(page: Page) -> None:
    drawing = Image.new("L", (280, 280), 255)
    drawing.paste(0, (135, 60, 147, 220))
    bring(page, "drop", (encode(drawing), "1.png", "image/png"))
    message(page, "sure")
    page.locator("#frameBody").press("-")
    expect(page.locator("#wholeButton")).to_be_visible()
    await_answer(page)


def reading_two(page: Page) -> None:
    draw_line(page, 0.3)
    draw_line(page, 0.7)
    expect(page.locator("#characters button")).to_have_count(2)
    await_answer(page)


def correcting_one_of_two(page: Page) -> None:
    reading_two(page)
    page.locator("#characters button").nth(1).click()
    expect(page.locator("#correctionQuestion")).to_be_visible()
    expect(page.locator("#correctionPart")).to_be_visible()


def thanked(page: Page) -> None:
    correcting_one_of_two(page)
    page.locator("#confirmButton").click()
    expect(page.locator("#takeBackButton")).to_be_visible()


def about(page: Page) -> None:
    page.goto(f"{page.url}about")


STATES: list[Callable[[Page], None]] = [
    empty, answered, unsure, failed, kept, sharing, playing, looking_inside, told, cropping, reading_two,
    correcting_one_of_two, thanked, about,
]  # fmt: skip


@pytest.fixture(scope="module")
def address(url: str) -> Iterator[str]:
    """A server that stores corrections, and so shows all that there is."""
    with served_here(MODEL, database_url=url) as address:
        yield address


@pytest.fixture(scope="module", params=STATES)
def page(request: pytest.FixtureRequest, windows: Windows, address: str) -> Iterator[Page]:
    """The page in each state."""
    with windows.page("phone", address, "phone") as page:
        request.param(page)
        yield page


def test_axe_finds_nothing_on_a_desktop_in_light_colours(page: Page):
    resize(page, **DEVICES["desktop"]["viewport"])
    page.emulate_media(color_scheme="light")
    assert violations(page) == []


def test_axe_finds_nothing_on_a_phone_in_dark_colours(page: Page):
    resize(page, **DEVICES["phone"]["viewport"])
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []


def test_nothing_overflows_a_screen_of_320_pixels(page: Page):
    resize(page, 320, 568)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
