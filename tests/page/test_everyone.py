"""For everyone: screen readers, keyboards, little motion, narrow screens, and browsers without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.conftest import encode
from tests.page.conftest import DEVICES, opened
from tests.page.playing import answer, at, draw_line, jot, message, predict
from training.prepare.unipen import Character

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """What axe-core finds, as lines to read."""
    page.wait_for_timeout(300)  # colours that are still fading would be measured
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


STATES: list[Callable[[Page], None]] = [empty, answered, unsure, failed]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("device", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_nothing(browser: Browser, address: str, device: str, scheme: Any, state: Callable[[Page], None]):
    with opened(browser, address, **DEVICES[device], color_scheme=scheme) as page:
        state(page)
        assert violations(page) == []


def test_every_control_is_reached_with_the_tab_key(desktop: Page):
    draw_line(desktop)
    desktop.keyboard.press("Control+z")
    draw_line(desktop)
    expect(desktop.locator("#undoButton")).to_be_enabled()
    reached = []
    for _ in range(14):
        desktop.keyboard.press("Tab")
        reached.append(desktop.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert reached == [
        "canvas", "undoButton", "redoButton", "clearCanvasButton", "pictureButton", "shareButton", "predictButton",
        "playButton", "About the model", "API",
    ]  # fmt: skip


def test_how_to_draw_with_keys_is_shown_to_those_who_use_them(desktop: Page):
    expect(desktop.locator("#keyboard")).to_be_hidden()
    desktop.keyboard.press("Tab")
    expect(desktop.locator("#keyboard")).to_be_visible()


def test_the_answer_is_announced_politely(desktop: Page):
    desktop.route("**/predict?*", lambda route: route.fulfill(json=answer("7", c7=0.9, c1=0.1)))
    draw_line(desktop)
    expect(desktop.get_by_role("status")).to_have_text("7, 90 % sure. It might be 1 (10 %).")


def test_nothing_is_announced_while_the_pen_is_down(desktop: Page):
    desktop.mouse.move(*at(desktop, (0.5, 0.2))[0])
    desktop.mouse.down()
    desktop.mouse.move(*at(desktop, (0.5, 0.8))[0])
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    desktop.wait_for_timeout(700)
    assert desktop.get_by_role("status").inner_text() == ""


def test_an_error_is_announced(desktop: Page):
    desktop.route("**/predict?*", lambda route: route.abort())
    draw_line(desktop)
    expect(desktop.get_by_role("status")).to_contain_text("The server cannot be reached. Your drawing is kept")


def test_reduced_motion_is_respected(browser: Browser, address: str):
    with opened(browser, address, reduced_motion="reduce") as page:
        moving = (
            "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0)"
        )
        assert page.evaluate(f"{moving}.length") == 0


@pytest.mark.parametrize("state", STATES)
def test_nothing_overflows_a_screen_of_320_pixels(browser: Browser, address: str, state: Callable[[Page], None]):
    options = {**DEVICES["phone"], "viewport": {"width": 320, "height": 568}}
    with opened(browser, address, **options) as page:
        state(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def without_script(browser: Browser, address: str, data: bytes) -> tuple[str, str]:
    """Upload with the plain form: label and message."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#canvas")).to_be_hidden()
    page.set_input_files("#upload", {"name": "it", "mimeType": "image/png", "buffer": data})
    page.get_by_role("button", name="Recognise").click()
    result = page.locator("#predictionResult").inner_text(), page.locator("#message").inner_text()
    context.close()
    return result


def test_without_javascript_a_form_answers(browser: Browser, address: str, seven: Image.Image):
    label, text = without_script(browser, address, encode(seven))
    assert (label, text.endswith("% sure")) == ("7", True)


def test_without_javascript_a_wrong_file_is_told(browser: Browser, address: str):
    label, text = without_script(browser, address, b"milk, eggs")
    assert (label, text.startswith("This is not an image")) == ("", True)


def test_a_strict_content_security_policy_breaks_nothing(browser: Browser, address: str, seven_track: Character):
    def restrict(route: Route) -> None:
        response = route.fetch()
        policy = "default-src 'self'; img-src 'self' data: blob:"
        route.fulfill(response=response, headers={**response.headers, "content-security-policy": policy})

    complaints = []
    with opened(browser, "about:blank") as page:
        page.on("console", lambda line: complaints.append(line.text))
        page.route(f"{address}/", restrict)
        page.goto(address)
        jot(page, seven_track.strokes)
        assert predict(page) == "7"
        expect(page.locator("#seen img")).to_be_visible()
    assert complaints == []
