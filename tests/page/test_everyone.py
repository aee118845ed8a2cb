"""For everyone: screen readers, keyboards, little motion, narrow screens, and browsers without JavaScript."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import resources
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.conftest import encode
from tests.page.conftest import DEVICES, opened
from tests.page.playing import answer, at, bring, draw_line, jot, message, predict
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


def kept(page: Page) -> None:
    answered(page)
    page.keyboard.press("Escape")
    expect(page.locator("#galleryStrip button")).to_have_count(1)


def sharing(page: Page) -> None:
    answered(page)
    expect(page.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")
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


STATES: list[Callable[[Page], None]] = [empty, answered, unsure, failed, kept, sharing, playing, looking_inside, told]


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


@pytest.mark.parametrize("path", ["/about"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page_about_the_model(browser: Browser, address: str, scheme: Any, path: str):
    with opened(browser, address + path, color_scheme=scheme, viewport={"width": 320, "height": 568}) as page:
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


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
    desktop.locator("#canvas").focus()
    desktop.keyboard.press("ArrowRight")
    status(desktop, "53 % from the left, 25 % from the top")
    desktop.keyboard.press(" ")
    expect(desktop.locator("#announcement")).to_contain_text("Pen down, 53 % from the left, 25 % from the top")
    desktop.keyboard.press("ArrowDown")
    status(desktop, "53 % from the left, 28 % from the top")
    desktop.keyboard.press(" ")
    expect(desktop.locator("#announcement")).to_contain_text("Pen up, 53 % from the left, 28 % from the top")


@pytest.mark.parametrize("name", ["undoButton", "redoButton", "clearCanvasButton", "predictButton"])
def test_focus_never_falls_to_the_body(desktop: Page, name: str):
    draw_line(desktop)
    expect(desktop.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")
    desktop.keyboard.press("Control+z")
    desktop.keyboard.press("Control+y")
    button = desktop.locator(f"#{name}")
    for _ in range(2):
        button.focus()
        desktop.keyboard.press("Enter")
        desktop.keyboard.press("Escape")
        assert desktop.evaluate("document.activeElement.id") == name


def test_focus_comes_back_from_the_dialog(desktop: Page):
    sharing(desktop)
    desktop.keyboard.press("Escape")
    expect(desktop.locator("#shareDialog")).to_be_hidden()
    expect(desktop.locator("#shareButton")).to_be_focused()


def test_focus_is_kept_when_the_server_fails(desktop: Page):
    draw_line(desktop)
    expect(desktop.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")
    desktop.locator("#shareButton").focus()
    desktop.route("**/predict?*", lambda route: route.abort())
    draw_line(desktop, 0.53)
    message(desktop, "cannot be reached")
    assert desktop.evaluate("document.activeElement.id") == "predictButton"


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
def test_edges_of_paper_and_buttons_stand_out(browser: Browser, address: str, scheme: Any):
    with opened(browser, address, color_scheme=scheme) as page:
        edges = ("#canvas", "#clearCanvasButton", "#undoButton", "#predictButton", "#predictionResult")
        assert min(contrasts(page, *edges).values()) >= 3


def test_in_forced_colours_paper_bars_and_buttons_are_seen(browser: Browser, address: str, seven_track: Character):
    with opened(browser, address, forced_colors="active", color_scheme="dark") as page:
        jot(page, seven_track.strokes)
        predict(page)
        page.wait_for_timeout(400)
        screenshot = Image.open(io.BytesIO(page.screenshot())).convert("L")

        def spread(selector: str) -> int:
            box = page.locator(selector).bounding_box()
            assert box
            part = screenshot.crop(
                (int(box["x"]) - 3, int(box["y"]) - 3, int(box["x"] + box["width"]) + 3, int(box["y"]) + 3)
            )
            return int(np.ptp(np.asarray(part)))

        assert min(map(spread, ["#canvas", "#clearCanvasButton", "#predictButton", "li.best .bar"])) > 100
        best, other = (page.locator(f"{row} .fill").first for row in ("li.best", "li:not(.best)"))
        colour = "fill => getComputedStyle(fill).backgroundColor"
        assert best.evaluate(colour) != other.evaluate(colour)


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
