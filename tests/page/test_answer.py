"""The answer: right, while the pen moves, never out of order, and explained."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.page.playing import Held, answer, at, draw_in_one, draw_line, jot, message, play, predict
from tests.page.waiting import wait_for, wait_until
from training.prepare.unipen import Character


def test_drawn_digits_are_read(desktop: Page, tracks: list[Character]):
    answers = []
    for track in tracks[::35]:
        play(desktop, track.strokes)
        answers.append((track.label, predict(desktop)))
        desktop.locator("#clearCanvasButton").click()
    assert sum(label == answer for label, answer in answers) >= len(answers) - 1, answers


def test_the_answer_comes_without_a_click(desktop: Page, seven_track: Character):
    play(desktop, seven_track.strokes)
    expect(desktop.locator("#predictionResult")).to_have_text("7")


def test_the_answer_comes_while_the_pen_is_down(desktop: Page):
    points = at(desktop, *((0.5, 0.2 + step / 20) for step in range(12)))
    desktop.mouse.move(*points[0])
    desktop.mouse.down()
    for point in points[1:]:
        desktop.mouse.move(*point)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()


def test_one_question_at_a_time_while_the_pen_moves(desktop: Page):
    held = Held(desktop)
    desktop.mouse.move(*at(desktop, (0.5, 0.2))[0])
    desktop.mouse.down()
    for step in range(12):
        desktop.mouse.move(*at(desktop, (0.5, 0.2 + step / 20))[0])
        held.wait(desktop, 1)
        desktop.wait_for_timeout(40)
    assert len(held.routes) == 1


def test_a_superseded_question_is_cancelled(desktop: Page):
    held, cancelled = Held(desktop), []
    desktop.on("requestfailed", lambda request: cancelled.append(request.failure))
    draw_line(desktop, 0.4)
    held.wait(desktop, 1)
    draw_line(desktop, 0.43)
    held.wait(desktop, 2)
    wait_for(desktop, lambda: cancelled)
    assert cancelled == ["net::ERR_ABORTED"]


# All answers that are shown from now on.
_NOTE = """() => {
  const result = document.getElementById('predictionResult');
  window.shown = [];
  new MutationObserver(() => shown.push(result.textContent)).observe(result, { childList: true });
}"""


def test_a_late_answer_to_an_earlier_question_is_not_shown(desktop: Page):
    held = Held(desktop)
    draw_line(desktop, 0.4)
    held.wait(desktop, 1)
    draw_line(desktop, 0.43)
    held.wait(desktop, 2)
    held.routes[1].fulfill(json=answer("2"))
    expect(desktop.locator("#predictionResult")).to_have_text("2")
    desktop.evaluate(_NOTE)
    held.routes[0].fulfill(json=answer("1"))
    draw_line(desktop, 0.45)
    held.wait(desktop, 3)
    held.routes[2].fulfill(json=answer("3"))
    expect(desktop.locator("#predictionResult")).to_have_text("3")
    assert "1" not in desktop.evaluate("shown")


def test_predict_shows_nothing_until_the_fresh_answer(desktop: Page):
    draw_line(desktop)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    held = Held(desktop)
    desktop.locator("#predictButton").click()
    held.wait(desktop, 1)
    expect(desktop.locator("#predictionResult")).to_be_empty()
    held.routes[0].fulfill(json=answer("3"))
    expect(desktop.locator("#predictionResult")).to_have_text("3")


def test_every_class_has_its_probability(desktop: Page, seven_track: Character):
    jot(desktop, seven_track.strokes)
    predict(desktop)
    rows = desktop.locator("#probabilities li")
    percentages = [float(text.removesuffix(" %")) for text in rows.locator(".percent").all_inner_texts()]
    assert len(percentages) == 10
    assert sum(percentages) == pytest.approx(100, abs=0.6)
    expect(rows.nth(7)).to_have_class("best")


def test_bars_are_as_long_as_the_probabilities(desktop: Page):
    desktop.route("**/predict?*", lambda route: route.fulfill(json=answer("7", c7=0.75, c1=0.25)))
    draw_line(desktop)
    script = """() => [1, 7, 8].map(row => {
      const fill = $('.fill')[row].getBoundingClientRect(), bar = $('.bar')[row].getBoundingClientRect();
      return Math.round(100 * (fill.right - bar.left) / bar.width);
    }).join()"""
    wait_until(desktop, f"({script})() === '25,75,0'")


def test_bars_move_smoothly(desktop: Page):
    desktop.emulate_media(reduced_motion="no-preference")
    assert desktop.evaluate("parseFloat(getComputedStyle($('.fill')[0]).transitionDuration)") > 0


def answered(page: Page, **probabilities: float) -> None:
    """Draw, and have the server answer this."""

    def fulfil(route: Route) -> None:
        best = max(probabilities, key=lambda name: probabilities[name])
        route.fulfill(json=answer(best[1:], **probabilities))

    page.route("**/predict?*", fulfil)
    draw_line(page)
    expect(page.locator("#predictionResult")).not_to_be_empty()


def test_a_close_runner_up_is_named(desktop: Page):
    answered(desktop, c7=0.9, c1=0.08)
    expect(desktop.locator("#remedy")).to_have_text("It might be 1 (8\u00a0%).")


def test_a_far_runner_up_is_not(desktop: Page):
    answered(desktop, c7=0.97, c1=0.03)
    message(desktop, "97 % sure")
    expect(desktop.locator("#remedy")).to_be_empty()


def test_doubt_is_said(desktop: Page):
    answered(desktop, c7=0.52, c1=0.47)
    message(desktop, "Not sure: 7 or 1")
    expect(desktop.locator("#predictionResult")).to_have_text("7")


def test_certainty_is_never_claimed(desktop: Page):
    answered(desktop, c7=0.99999)
    message(desktop, "Over 99 % sure")


def test_what_the_network_saw_is_shown(desktop: Page, seven_track: Character):
    jot(desktop, seven_track.strokes)
    predict(desktop)
    source = desktop.locator("#seen img").get_attribute("src")
    assert source
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))))
    assert pixels.shape == (28, 28)
    assert pixels[:2].max() == 0 < pixels.max()


def test_clear_empties_paper_and_answer(desktop: Page, seven_track: Character):
    jot(desktop, seven_track.strokes)
    predict(desktop)
    desktop.locator("#clearCanvasButton").click()
    expect(desktop.locator("#predictionResult")).to_be_empty()
    desktop.locator("#predictButton").click()
    message(desktop, "empty")


def test_empty_paper_is_pointed_out(desktop: Page):
    desktop.locator("#predictButton").click()
    message(desktop, "The paper is empty")
    expect(desktop.locator("#remedy")).to_have_text("Draw a character first.")
    expect(desktop.locator("#predictionResult")).to_be_empty()


def test_what_is_no_digit_is_said_to_be_none_with_the_best_guess_beside_it(desktop: Page):
    house = [[(0.3, 0.8), (0.3, 0.45), (0.7, 0.45), (0.7, 0.8), (0.3, 0.8)], [(0.25, 0.45), (0.5, 0.2), (0.75, 0.45)]]
    for stroke in house:
        draw_in_one(desktop, *stroke, steps=8)
    label = predict(desktop)
    expect(desktop.locator("#message")).to_have_text("That does not look like a digit")
    expect(desktop.locator("#remedy")).to_have_text(f"Best guess: {label}.")
