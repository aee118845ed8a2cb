"""For everyone: screen readers, keyboards, little motion, strong colours, and browsers without JavaScript."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.conftest import encode
from tests.page.conftest import opened
from tests.page.playing import answer, at, draw_line, jot, listen, message, predict
from tests.page.waiting import await_answer, stop_clock, tick_until
from training.prepare.unipen import Character


def test_every_control_is_reached_with_the_tab_key(desktop: Page):
    draw_line(desktop)
    desktop.keyboard.press("Control+z")
    draw_line(desktop)
    expect(desktop.locator("#undoButton")).to_be_enabled()
    expect(desktop.locator("#examples")).to_be_visible()
    expect(desktop.locator("#playButton")).to_be_visible()
    reached = []
    for _ in range(17):
        desktop.keyboard.press("Tab")
        reached.append(
            desktop.evaluate(
                "document.activeElement.id || document.activeElement.ariaLabel || document.activeElement.textContent"
            )
        )
    assert reached == [
        "canvas", "undoButton", "redoButton", "clearCanvasButton", "wideButton", "pictureButton", "shareButton",
        "predictButton", "Look inside",
        *(f"Example: {label}" for label in "25839"), "playButton", "About the model", "API",
    ]  # fmt: skip


def test_how_to_draw_with_keys_is_shown_to_those_who_use_them(desktop: Page):
    expect(desktop.locator("#keyboard")).to_be_hidden()
    desktop.keyboard.press("Tab")
    expect(desktop.locator("#keyboard")).to_be_visible()


def test_the_answer_is_announced_politely(desktop: Page):
    desktop.route("**/predict?*", lambda route: route.fulfill(json=answer("7", c7=0.9, c1=0.1)))
    draw_line(desktop)
    expect(desktop.get_by_role("status")).to_have_text("7, 90 % sure. It might be 1 (10 %).")


def test_what_is_announced_together_is_in_sentences(timed: Page):
    hear = listen(timed)
    timed.locator("#canvas").focus()
    stop_clock(timed)  # or the answer may come so late that it is announced alone
    timed.keyboard.press(" ")
    for _ in range(12):
        timed.keyboard.press("ArrowDown")
    timed.keyboard.press(" ")
    tick_until(timed, "#message", "sure")
    expect(timed.locator("#announcement")).to_be_empty()
    timed.clock.run_for(600)
    hear("sure. Pen up, 50 % from the left")


def test_large_text_fits_a_phone(phone: Page):
    """The browser's setting of 200 %."""
    session = phone.context.new_cdp_session(phone)
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    phone.reload()
    assert phone.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    widths = phone.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    session.detach()
    assert widths == [390, 390]


def test_nothing_is_announced_while_the_pen_is_down(timed: Page):
    timed.mouse.move(*at(timed, (0.5, 0.2))[0])
    timed.mouse.down()
    timed.mouse.move(*at(timed, (0.5, 0.8))[0])
    expect(timed.locator("#predictionResult")).not_to_be_empty()
    timed.clock.run_for(700)
    expect(timed.get_by_role("status")).to_be_empty()
    timed.mouse.up()
    expect(timed.get_by_role("status")).to_contain_text("sure")


def test_an_error_is_announced(desktop: Page):
    desktop.route("**/predict?*", lambda route: route.abort())
    draw_line(desktop)
    expect(desktop.get_by_role("status")).to_contain_text("The server cannot be reached. Your drawing is kept")


def status(page: Page, text: str) -> None:
    expect(page.locator("#announcement")).to_have_text(text)


def test_clearing_and_undoing_to_empty_are_announced(desktop: Page):
    draw_line(desktop)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    desktop.locator("#clearCanvasButton").click()
    status(desktop, "The paper is empty")
    draw_line(desktop)
    expect(desktop.locator("#announcement")).to_contain_text("sure")
    desktop.locator("#undoButton").click()
    status(desktop, "The paper is empty")


def test_the_keyboard_pen_and_its_place_are_announced(desktop: Page):
    hear = listen(desktop)
    desktop.locator("#canvas").focus()
    desktop.keyboard.press("ArrowRight")
    hear("53 % from the left, 25 % from the top")
    desktop.keyboard.press(" ")
    hear("Pen down, 53 % from the left, 25 % from the top")
    desktop.keyboard.press("ArrowDown")
    hear("53 % from the left, 28 % from the top")
    desktop.keyboard.press(" ")
    hear("Pen up, 53 % from the left, 28 % from the top")


@pytest.mark.parametrize("name", ["undoButton", "redoButton", "clearCanvasButton", "predictButton"])
def test_focus_never_falls_to_the_body(lasting: Page, name: str):
    draw_line(lasting)
    await_answer(lasting)
    lasting.keyboard.press("Control+z")
    lasting.keyboard.press("Control+y")
    button = lasting.locator(f"#{name}")
    for _ in range(2):
        button.focus()
        lasting.keyboard.press("Enter")
        lasting.keyboard.press("Escape")
        expect(button).to_be_focused()


def test_focus_comes_back_from_the_dialog(desktop: Page):
    draw_line(desktop)
    await_answer(desktop)
    desktop.locator("#shareButton").click()
    expect(desktop.locator("#shareDialog")).to_be_visible()
    desktop.keyboard.press("Escape")
    expect(desktop.locator("#shareDialog")).to_be_hidden()
    expect(desktop.locator("#shareButton")).to_be_focused()


def test_focus_is_kept_when_the_server_fails(desktop: Page):
    draw_line(desktop)
    await_answer(desktop)
    desktop.locator("#shareButton").focus()
    desktop.route("**/predict?*", lambda route: route.abort())
    draw_line(desktop, 0.53)
    message(desktop, "cannot be reached")
    expect(desktop.locator("#predictButton")).to_be_focused()


def test_focus_goes_to_the_paper_when_a_game_begins_and_ends(desktop: Page):
    for button in ("#playButton", "#stopButton"):
        desktop.locator(button).focus()
        desktop.keyboard.press("Enter")
        expect(desktop.locator("#canvas")).to_be_focused()


def contrasts(page: Page, *selectors: str) -> dict[str, float]:
    """How the edge of each stands out from the page, as WCAG measures it."""
    script = """selectors => {
      const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
          const share = part / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const page = light(getComputedStyle(document.body).backgroundColor);
      return Object.fromEntries(selectors.map(selector => {
        const style = getComputedStyle(document.querySelector(selector));
        const edge = light(selector === '#canvas' ? style.boxShadow : style.borderTopColor);
        return [selector, (Math.max(edge, page) + 0.05) / (Math.min(edge, page) + 0.05)];
      }));
    }"""
    found: dict[str, float] = page.evaluate(script, selectors)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_paper_and_buttons_stand_out(desktop: Page, scheme: Any):
    desktop.emulate_media(color_scheme=scheme)
    edges = ("#canvas", "#clearCanvasButton", "#undoButton", "#predictButton", "#predictionResult")
    assert min(contrasts(desktop, *edges).values()) >= 3


def test_in_forced_colours_paper_bars_and_buttons_are_seen(desktop: Page, seven_track: Character):
    desktop.emulate_media(forced_colors="active", color_scheme="dark")
    jot(desktop, seven_track.strokes)
    predict(desktop)
    screenshot = Image.open(io.BytesIO(desktop.screenshot())).convert("L")

    def spread(selector: str) -> int:
        box = desktop.locator(selector).bounding_box()
        assert box
        part = screenshot.crop(
            (int(box["x"]) - 3, int(box["y"]) - 3, int(box["x"] + box["width"]) + 3, int(box["y"]) + 3)
        )
        return int(np.ptp(np.asarray(part)))

    assert min(map(spread, ["#canvas", "#clearCanvasButton", "#predictButton", "li.best .bar"])) > 100
    best, other = (desktop.locator(f"{row} .fill").first for row in ("li.best", "li:not(.best)"))
    colour = "fill => getComputedStyle(fill).backgroundColor"
    assert best.evaluate(colour) != other.evaluate(colour)


def test_reduced_motion_is_respected(desktop: Page):
    desktop.emulate_media(reduced_motion="reduce")
    moving = "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0)"
    assert desktop.evaluate(f"{moving}.length") == 0


@pytest.fixture(scope="module")
def scriptless(browser: Browser) -> Iterator[Page]:
    """A browser that runs no scripts."""
    with opened(browser, "about:blank", java_script_enabled=False) as page:
        yield page


def upload(page: Page, address: str, data: bytes) -> None:
    """With the plain form."""
    page.goto(address)
    expect(page.locator("#canvas")).to_be_hidden()
    page.set_input_files("#upload", {"name": "it", "mimeType": "image/png", "buffer": data})
    page.get_by_role("button", name="Recognise").click()


def test_without_javascript_a_form_answers(scriptless: Page, address: str, seven: Image.Image):
    upload(scriptless, address, encode(seven))
    expect(scriptless.locator("#predictionResult")).to_have_text("7")
    expect(scriptless.locator("#message")).to_have_text(re.compile("% sure$"))


def test_without_javascript_a_wrong_file_is_told(scriptless: Page, address: str):
    upload(scriptless, address, b"milk, eggs")
    expect(scriptless.locator("#message")).to_have_text(re.compile("^This is not an image"))
    expect(scriptless.locator("#predictionResult")).to_be_empty()


def test_nothing_is_kept_away_by_the_content_security_policy(other: Page, address: str, seven_track: Character):
    complaints: list[str] = []
    other.on("console", lambda line: complaints.append(line.text))
    policy = other.goto(address).header_value("content-security-policy")  # type: ignore[union-attr]
    assert policy
    assert "unsafe" not in policy
    jot(other, seven_track.strokes)
    assert predict(other) == "7"
    expect(other.locator("#seen img")).to_be_visible()
    assert other.evaluate("getComputedStyle(document.querySelector('main')).display") == "grid"
    assert complaints == []
