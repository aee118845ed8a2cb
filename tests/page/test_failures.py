"""What goes wrong is told, with what to do; the drawing is kept; and all is well again by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.playing import Held, draw_line, ink, message
from tests.page.waiting import await_answer, stop_clock, tick_until

CASES = [
    (500, "oops", "Something went wrong on the server", "kept; trying again in 1 s"),
    (503, '{"detail": "The model is not loaded yet. Try again."}', "The model is not loaded yet", "kept; trying again"),
    (503, "", "The server is busy", "kept; trying again"),
    (429, '{"detail": "Too many questions."}', "Too many questions", "kept; trying again"),
    (413, '{"detail": "The upload is too large. Send less."}', "The upload is too large", "Send less."),
    (413, "<html>nginx</html>", "too large for this server", "Choose a smaller one"),
    (422, '{"detail": "Nothing is drawn. Draw a character first."}', "Nothing is drawn", "Draw a character first."),
    (422, '{"detail": [{"loc": ["body"]}]}', "refused (422)", "choose another picture"),
    (200, "<html>Sign in</html>", "sign in", "kept; trying again"),
]


@pytest.mark.parametrize(("status", "body", "what", "remedy"), CASES)
def test_each_failure_says_what_happened_and_what_to_do(lasting: Page, status: int, body: str, what: str, remedy: str):
    lasting.route(
        "**/predict?*", lambda route: route.fulfill(status=status, body=body, content_type="application/json")
    )
    draw_line(lasting)
    message(lasting, what)
    expect(lasting.locator("#remedy")).to_contain_text(remedy)
    lasting.keyboard.press("Escape")
    lasting.unroute("**/predict?*")


def refuse(route: Route) -> None:
    route.abort()


def test_the_drawing_is_kept_and_read_when_the_server_is_back(desktop: Page):
    desktop.route("**/predict?*", refuse)
    draw_line(desktop)
    message(desktop, "The server cannot be reached")
    assert ink(desktop) > 0
    desktop.unroute("**/predict?*")
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    expect(desktop.locator(".verdict")).not_to_have_class("verdict error")


def test_no_old_answer_stands_beside_an_error(desktop: Page):
    draw_line(desktop, 0.4)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    desktop.route("**/predict?*", refuse)
    draw_line(desktop, 0.43)
    message(desktop, "The server cannot be reached")
    expect(desktop.locator("#predictionResult")).to_be_empty()


def test_offline_is_told_and_ends_by_itself(phone: Page):
    phone.context.set_offline(True)
    draw_line(phone)
    message(phone, "You are offline")
    expect(phone.locator("#remedy")).to_contain_text("Your drawing is kept")
    phone.context.set_offline(False)
    expect(phone.locator("#predictionResult")).not_to_be_empty()


def test_a_slow_server_is_told(timed: Page):
    held = Held(timed)
    draw_line(timed)
    held.wait(timed, 1)
    timed.clock.run_for(3500)
    message(timed, "The server is slow")
    expect(timed.locator("#remedy")).to_contain_text("still waiting")


def test_a_server_that_never_answers_is_asked_again(timed: Page):
    held = Held(timed)
    stop_clock(timed)
    draw_line(timed)
    held.wait(timed, 1)
    timed.clock.run_for(20_500)
    tick_until(timed, "#message", "takes too long")
    timed.clock.run_for(1_500)
    held.wait(timed, 2)


def busy(route: Route) -> None:
    route.fulfill(status=503, headers={"Retry-After": "30"}, json={"detail": "Too many at once."})


def test_the_pause_that_the_server_asks_for_is_kept(timed: Page):
    timed.route("**/predict?*", busy)
    stop_clock(timed)
    draw_line(timed)
    tick_until(timed, "#message", "Too many at once")
    expect(timed.locator("#remedy")).to_contain_text("trying again in 30 s")
    held = Held(timed)
    draw_line(timed, 0.53)
    timed.clock.run_for(25_000)
    expect(timed.locator("#remedy")).to_contain_text("trying again in 5 s")
    assert held.routes == []
    timed.clock.run_for(6_000)
    held.wait(timed, 1)


def test_somebody_who_insists_need_not_wait(timed: Page):
    timed.route("**/predict?*", busy)
    draw_line(timed)
    message(timed, "Too many at once")
    held = Held(timed)
    timed.locator("#predictButton").click()
    held.wait(timed, 1)


@pytest.mark.parametrize(
    ("part", "modules", "words", "then"),
    [
        ("#shareButton", "share-*", "Sharing could not be loaded.", "#shareDialog"),
        ("#playButton", "game", "The game could not be loaded.", "#game"),
        ("#inside summary", "inside", "Look inside could not be loaded.", "#insideParts"),
    ],
)
def test_a_part_that_cannot_be_loaded_is_told_and_loaded_by_the_next_try(
    desktop: Page, part: str, modules: str, words: str, then: str
):
    draw_line(desktop)
    await_answer(desktop)
    desktop.route(f"**/{modules}.js", refuse)
    desktop.locator(part).first.click()
    expect(desktop.locator("#message")).to_have_text(words)
    expect(desktop.locator("#remedy")).to_contain_text("reload the page: your drawing is kept")
    desktop.unroute(f"**/{modules}.js")
    desktop.locator(part).first.click()
    expect(desktop.locator(then)).to_be_visible()
