"""The last drawings under the paper, in this browser only, and examples to tap."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.conftest import opened
from tests.page.playing import draw_line, ink, jot, read, sheet
from tests.page.waiting import await_answer
from training.prepare.unipen import Character


def test_the_last_12_drawings_are_kept_and_a_click_restores(desktop: Page, tracks: list[Character]):
    shown = []
    for track in tracks[:13]:
        read(desktop, track)
        shown.append((sheet(desktop), desktop.locator("#predictionResult").inner_text()))
        desktop.keyboard.press("Escape")
    tiles = desktop.locator("#galleryStrip button")
    expect(tiles).to_have_count(12)
    desktop.reload()
    expect(tiles).to_have_count(12)
    tiles.nth(11).click()
    expect(desktop.locator("#predictionResult")).to_have_text(shown[1][1])
    before = ink(desktop)
    desktop.keyboard.press("Escape")
    expect(tiles).to_have_count(12)  # it was one of them
    jot(desktop, tracks[1].strokes)
    assert ink(desktop) == pytest.approx(before, rel=0.02)


def test_forget_all_forgets_all(desktop: Page, seven_track: Character):
    read(desktop, seven_track)
    desktop.keyboard.press("Escape")
    desktop.locator("#forgetButton").click()
    expect(desktop.locator("#gallery")).to_be_hidden()
    expect(desktop.locator("#canvas")).to_be_focused()
    assert desktop.evaluate("JSON.stringify(localStorage)") == "{}"
    desktop.reload()
    expect(desktop.locator("#examples")).to_be_visible()  # they come after what was kept
    expect(desktop.locator("#gallery")).to_be_hidden()


def test_the_page_works_where_storage_is_forbidden(browser: Browser, address: str, seven_track: Character):
    with opened(browser, "about:blank") as page:
        page.add_init_script("""for (const name of ['localStorage', 'sessionStorage']) {
          Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });
        }""")
        page.goto(address)
        read(page, seven_track)
        page.keyboard.press("Escape")
        expect(page.locator("#galleryStrip button")).to_have_count(1)


def test_storage_that_another_version_has_filled_breaks_nothing(desktop: Page, address: str):
    desktop.goto(f"{address}/healthz")
    desktop.evaluate("localStorage.setItem('handwritten.gallery', '[1, {\"strokes\": 3}]')")
    desktop.evaluate("sessionStorage.setItem('handwritten.paper', '[{\"data\": \"x\"}]')")
    desktop.goto(address)
    draw_line(desktop)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()


def test_examples_are_read_right(desktop: Page):
    expect(desktop.locator("#examples")).to_be_visible()
    for tile in desktop.locator("#exampleStrip button").all():
        label = str(tile.get_attribute("aria-label")).removeprefix("Example: ")
        tile.click()
        await_answer(desktop)
        expect(desktop.locator("#predictionResult")).to_have_text(label)
