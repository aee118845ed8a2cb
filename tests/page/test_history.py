"""Undo, redo, clear; and that nothing but these takes anything off the paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.playing import draw_line, ink, sheet
from tests.page.waiting import resize, wait_until


def test_buttons_undo_and_redo_stroke_by_stroke(desktop: Page):
    blank = sheet(desktop)
    draw_line(desktop, 0.3)
    one = sheet(desktop)
    draw_line(desktop, 0.7)
    two = sheet(desktop)
    undo, redo = desktop.locator("#undoButton"), desktop.locator("#redoButton")
    seen = []
    for button in (undo, undo, redo, redo):
        button.click()
        seen.append(sheet(desktop))
    assert seen == [one, blank, one, two]


def test_buttons_that_can_do_nothing_are_disabled(desktop: Page):
    undo, redo = desktop.locator("#undoButton"), desktop.locator("#redoButton")
    expect(undo).to_be_disabled()
    draw_line(desktop)
    expect(undo).to_be_enabled()
    expect(redo).to_be_disabled()
    undo.click()
    expect(redo).to_be_enabled()


@pytest.mark.parametrize(
    "keys", [("Control+z", "Control+Shift+z"), ("Meta+z", "Meta+Shift+z"), ("Control+z", "Control+y")]
)
def test_keys_undo_and_redo(lasting: Page, keys: tuple[str, str]):
    draw_line(lasting)
    drawn = sheet(lasting)
    lasting.keyboard.press(keys[0])
    assert ink(lasting) == 0
    lasting.keyboard.press(keys[1])
    assert sheet(lasting) == drawn
    lasting.keyboard.press("Escape")


def test_escape_clears_and_undo_brings_back(desktop: Page):
    draw_line(desktop)
    drawn = sheet(desktop)
    desktop.keyboard.press("Escape")
    assert ink(desktop) == 0
    desktop.keyboard.press("Control+z")
    assert sheet(desktop) == drawn


def test_enter_predicts(desktop: Page):
    draw_line(desktop)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    with desktop.expect_request("**/predict?*"):
        desktop.keyboard.press("Enter")


def test_a_new_stroke_ends_redoing(desktop: Page):
    draw_line(desktop, 0.3)
    desktop.keyboard.press("Control+z")
    draw_line(desktop, 0.7)
    expect(desktop.locator("#redoButton")).to_be_disabled()


def test_undoing_all_forgets_the_answer(desktop: Page):
    draw_line(desktop)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    desktop.locator("#undoButton").click()
    expect(desktop.locator("#predictionResult")).to_be_empty()


def test_turning_the_phone_loses_nothing(phone: Page):
    draw_line(phone)
    drawn = sheet(phone)
    width = phone.evaluate("canvas.width")
    resize(phone, 844, 390)
    wait_until(phone, f"canvas.width !== {width}")
    resize(phone, 390, 844)
    wait_until(phone, f"canvas.width === {width}")
    assert sheet(phone) == drawn


def test_a_narrower_window_shows_the_whole_drawing(phone: Page):
    draw_line(phone)
    before = ink(phone)
    resize(phone, 240, 400)
    wait_until(phone, "canvas.width < 840")
    assert ink(phone) == pytest.approx(before, rel=0.05)


def test_a_phone_on_its_side_shows_the_whole_paper(phone: Page):
    resize(phone, 844, 390)
    box = phone.locator("#canvas").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 390


def test_a_small_phone_shows_paper_and_answer_together(phone: Page):
    resize(phone, 375, 553)
    draw_line(phone)
    expect(phone.locator("#predictionResult")).to_be_in_viewport(ratio=0.9)
