"""The answer that is shown is the answer to what is on the paper, whatever happens in between."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.conftest import encode
from tests.page.playing import Held, answer, bring, draw_line, ink, jot, message
from tests.page.waiting import await_answer, stop_clock, tick_until
from training.prepare.unipen import Character

NOTES = (b"milk, eggs", "notes.txt", "text/plain")


def result(page: Page, label: str) -> None:
    expect(page.locator("#predictionResult")).to_have_text(label)


@pytest.mark.parametrize(("how", "files"), [("paste", []), ("drop", [NOTES]), ("drop", [NOTES, NOTES])])
def test_a_message_does_not_forget_the_question_that_is_under_way(
    desktop: Page, how: str, files: list[tuple[bytes, str, str]]
):
    held = Held(desktop)
    draw_line(desktop, 0.4)
    held.wait(desktop, 1)
    held.routes[0].fulfill(json=answer("1"))
    result(desktop, "1")
    draw_line(desktop, 0.43)
    held.wait(desktop, 2)
    bring(desktop, how, *files)
    expect(desktop.locator(".verdict")).to_have_class("verdict error")
    held.routes[1].fulfill(json=answer("2"))
    result(desktop, "2")


def test_a_message_goes_when_somebody_goes_on(desktop: Page):
    desktop.route("**/predict?*", lambda route: route.fulfill(json=answer("2")))
    draw_line(desktop)
    bring(desktop, "paste")
    message(desktop, "no picture on the clipboard")
    desktop.keyboard.press("Tab")
    message(desktop, "sure")


def test_a_message_does_not_end_the_retries_of_an_outage(desktop: Page):
    desktop.route("**/predict?*", lambda route: route.abort())
    draw_line(desktop)
    message(desktop, "cannot be reached")
    bring(desktop, "paste")
    message(desktop, "no picture on the clipboard")
    desktop.unroute("**/predict?*")
    expect(desktop.locator("#predictionResult")).not_to_be_empty()


_DROP_AND_DRAW = """([data, from, to]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(data), byte => byte.charCodeAt(0))], 'slow.png', {
    type: 'image/png' }));
  document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
  const canvas = document.getElementById('canvas'), box = canvas.getBoundingClientRect();
  const send = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, { pointerId: 7, pointerType: 'mouse',
    clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true, cancelable: true }));
  send('pointerdown', from, 0.2);
  send('pointermove', from, 0.5);
  send('pointermove', to, 0.8);
  send('pointerup', to, 0.8);
}"""


@pytest.fixture
def slow(desktop: Page) -> Page:
    """The page in a browser that takes its time to decode pictures larger than 100 pixels: until `decode()`."""
    desktop.evaluate("""() => {
      const decode = window.createImageBitmap;
      const wanted = new Promise(done => { window.decode = done; });
      window.createImageBitmap = async (file, options) => {
        const bitmap = await decode(file, options);
        if (bitmap.width > 100) await wanted;
        return bitmap;
      };
    }""")
    return desktop


def decode(page: Page) -> None:
    """Let pictures be decoded, and what follows happen."""
    page.evaluate("() => { window.decode(); return new Promise(done => setTimeout(done, 50)); }")


LARGE = Image.new("L", (200, 200), 0)


def test_a_slow_picture_does_not_cover_what_was_drawn_after_it(slow: Page):
    slow.evaluate(_DROP_AND_DRAW, [base64.b64encode(encode(LARGE)).decode(), 0.5, 0.5])
    expect(slow.locator("#predictionResult")).not_to_be_empty()
    decode(slow)
    assert 0 < ink(slow) < 0.5


def test_a_slow_picture_does_not_cover_one_that_was_brought_after_it(slow: Page):
    bring(slow, "drop", (encode(LARGE), "large.png", "image/png"))
    bring(slow, "drop", (encode(Image.new("L", (50, 50), 255)), "small.png", "image/png"))
    expect(slow.locator("#paper")).not_to_have_class("empty")
    decode(slow)
    assert ink(slow) == 0


def test_a_picture_that_takes_its_time_is_said_to_be_opening(slow: Page):
    bring(slow, "drop", (encode(LARGE), "slow.png", "image/png"))
    message(slow, "Opening “slow.png”…")
    decode(slow)
    expect(slow.locator("#paper")).not_to_have_class("empty")


def busy(route: Route) -> None:
    route.fulfill(status=503, headers={"Retry-After": "30"}, json={"detail": "Too many at once."})


def test_a_new_drawing_within_the_pause_is_told_how_long_it_waits(timed: Page):
    timed.route("**/predict?*", busy)
    draw_line(timed)
    message(timed, "Too many at once")
    timed.keyboard.press("Escape")
    message(timed, "The answer appears here.")
    timed.clock.run_for(10_000)
    draw_line(timed)
    message(timed, "Too many at once")
    expect(timed.locator("#remedy")).to_contain_text(re.compile(r"trying again in (1\d|20) s"))


def test_the_wait_is_counted_down(timed: Page):
    timed.route("**/predict?*", busy)
    stop_clock(timed)
    draw_line(timed)
    tick_until(timed, "#remedy", "in 30 s")
    timed.clock.run_for(5_000)
    expect(timed.locator("#remedy")).to_contain_text("in 25 s")


def test_an_answer_is_clear_at_once(desktop: Page):
    held = Held(desktop)
    desktop.emulate_media(reduced_motion="no-preference")
    draw_line(desktop, 0.4)
    held.wait(desktop, 1)
    desktop.wait_for_timeout(800)
    watch = """() => { window.opacities = [];
      new MutationObserver(() => opacities.push(getComputedStyle(document.getElementById('predictionResult')).opacity))
        .observe(document.getElementById('predictionResult'), { childList: true }); }"""
    desktop.evaluate(watch)
    held.routes[0].fulfill(json=answer("1"))
    result(desktop, "1")
    assert desktop.evaluate("opacities.at(-1)") == "1"


def test_reading_is_said_after_400_ms_and_the_old_answer_goes(timed: Page):
    held = Held(timed)
    draw_line(timed, 0.4)
    held.wait(timed, 1)
    held.routes[0].fulfill(json=answer("1"))
    result(timed, "1")
    stop_clock(timed)
    draw_line(timed, 0.43)
    held.wait(timed, 2)
    timed.clock.run_for(300)
    expect(timed.locator("#message")).not_to_have_text("Reading…")
    timed.clock.run_for(200)
    expect(timed.locator("#message")).to_have_text("Reading…")
    result(timed, "")


def test_a_drawing_survives_a_reload(phone: Page, seven_track: Character):
    jot(phone, seven_track.strokes)
    result(phone, "7")
    before = ink(phone)
    phone.reload()
    result(phone, "7")
    assert ink(phone) == pytest.approx(before, rel=0.02)


def test_a_photo_survives_a_reload(desktop: Page, seven: Image.Image):
    bring(desktop, "drop", (encode(seven), "7.png", "image/png"))
    result(desktop, "7")
    draw_line(desktop)
    before = ink(desktop)
    await_answer(desktop)
    desktop.reload()
    expect(desktop.locator("#predictionResult")).not_to_be_empty()
    assert ink(desktop) == pytest.approx(before, rel=0.02)


def test_a_drawing_survives_two_reloads_in_quick_succession(other: Page, address: str):
    other.goto(address)
    draw_line(other)
    before = ink(other)
    other.add_init_script(
        "addEventListener('DOMContentLoaded', () => dispatchEvent(new PageTransitionEvent('pagehide')))"
    )
    other.reload()
    result(other, "1")
    assert ink(other) == pytest.approx(before, rel=0.02)


def test_a_cleared_paper_stays_clear_after_a_reload(desktop: Page):
    draw_line(desktop)
    desktop.keyboard.press("Escape")
    desktop.reload()
    expect(desktop.locator("#examples")).to_be_visible()  # they come after what was kept
    assert ink(desktop) == 0


def test_a_page_named_as_a_picture_is_not_one(desktop: Page):
    bring(desktop, "drop", (b"<!doctype html><title>Sign in</title>", "7.png", "image/png"))
    message(desktop, "“7.png” is not a picture")


def test_a_damaged_picture_is_said_to_be_damaged(desktop: Page):
    file = io.BytesIO()
    Image.new("L", (60, 60)).save(file, "PNG")
    bring(desktop, "drop", (file.getvalue()[:40], "7.png", "image/png"))
    message(desktop, "“7.png” is damaged")


def test_advice_about_a_picture_without_a_character_is_about_pictures(desktop: Page):
    bring(desktop, "drop", (encode(Image.new("L", (60, 60), 255)), "white.png", "image/png"))
    message(desktop, "No character was found in this picture")
    expect(desktop.locator("#remedy")).to_contain_text("Choose one")


def test_among_62_classes_two_percent_is_no_choice_between_two(desktop: Page):
    shares = dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx", 0.02)
    reply = {"label": "A", "confidence": 0.02, "probabilities": shares}
    desktop.route("**/predict?*", lambda route: route.fulfill(json=reply))
    draw_line(desktop)
    message(desktop, "That is hard to read")
    expect(desktop.locator("#message")).not_to_contain_text("Not sure: A or B")
