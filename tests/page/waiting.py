"""Wait for a state instead of a time: on a busy machine everything takes longer."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect


def wait_until(page: Page, condition: str) -> None:
    """Wait for a condition in JavaScript. (Playwright's own wait evaluates it inside the page, where the page's
    content security policy forbids that.)"""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{condition} did not come true")


def wait_for(page: Page, condition: Callable[[], object]) -> None:
    """Wait for what the test sees of the page: its requests, or what a function reads from it."""
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(20)  # which lets Playwright report what has happened
    raise AssertionError("it did not come true")


def wait_until_true(condition: Callable[[], bool]) -> None:
    """Wait for what happens outside of the page."""
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come true")


def await_answer(page: Page) -> None:
    """Wait for the answer to what is on the paper now."""
    expect(page.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")


def stop_clock(page: Page) -> None:
    """Let the time of a `timed` page pass only as the test says: a slow machine would be late for what it looks for.
    It is stopped a few seconds later, because it cannot be stopped in the past."""
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 5)


def tick_until(page: Page, selector: str, words: str) -> None:
    """With a stopped clock: let a millisecond pass again and again until an element says this. What the server has
    answered reaches the page by a timer of jQuery."""

    def says() -> bool:
        page.clock.run_for(1)
        return words in page.locator(selector).inner_text()

    wait_for(page, says)


def resize(page: Page, width: int, height: int) -> None:
    """Give the window this size, and wait until the page has it."""
    page.set_viewport_size({"width": width, "height": height})
    root = "document.documentElement"
    wait_until(page, f"{root}.clientWidth === {width} && {root}.clientHeight === {height}")


def settle(page: Page) -> None:
    """Wait for the next picture that the browser shows, and with it for whatever scrolls or is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
