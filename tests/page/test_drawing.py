"""The pen: mouse, finger and stylus, as the browser really delivers them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.playing import Fingers, at, box, draw_line, fitted, ink, play, predict, sheet, sparse
from tests.page.waiting import settle, wait_until
from training.prepare.unipen import Character


def test_a_stroke_that_leaves_the_paper_comes_back_in(desktop: Page):
    outside = box(desktop)[0] + box(desktop)[2] + 60
    desktop.mouse.move(*at(desktop, (0.5, 0.2))[0])
    desktop.mouse.down()
    desktop.mouse.move(outside, at(desktop, (0.5, 0.2))[0][1])
    desktop.mouse.move(outside, at(desktop, (0.5, 0.8))[0][1])
    desktop.mouse.move(*at(desktop, (0.5, 0.8))[0])
    desktop.mouse.up()
    assert ink(desktop, 0.6, 0.7, 0.9, 0.9) > 0.05


def test_a_pen_lifted_outside_the_paper_is_lifted(desktop: Page):
    start, end = at(desktop, (0.5, 0.5), (0.2, 0.2))
    desktop.mouse.move(*start)
    desktop.mouse.down()
    desktop.mouse.move(5, 5)
    desktop.mouse.up()
    before = sheet(desktop)
    desktop.mouse.move(*end)
    desktop.mouse.move(*start)
    assert sheet(desktop) == before


def test_a_tap_is_a_dot(phone: Page):
    phone.touchscreen.tap(*at(phone, (0.5, 0.5))[0])
    diameter = 10 / 280
    assert ink(phone) == pytest.approx(3.1416 / 4 * diameter**2, rel=0.1)
    assert ink(phone, 0.48, 0.48, 0.52, 0.52) > 0.5


@pytest.mark.parametrize("label", "02457")
def test_a_finger_writes_what_is_read(phone: Page, tracks: list[Character], label: str):
    fingers = Fingers(phone)
    track = [track for track in tracks if track.label == label][2]
    for stroke in fitted(phone, track.strokes):
        fingers.follow(sparse(stroke))
    assert predict(phone) == label


def test_the_page_stays_where_it_is_while_a_finger_draws(phone: Page):
    fingers = Fingers(phone)
    fingers.follow(at(phone, (0.5, 0.9), (0.5, 0.7), (0.5, 0.5), (0.5, 0.3), (0.5, 0.1)))
    settle(phone)
    assert phone.evaluate("[scrollY, visualViewport.scale, String(getSelection())]") == [0, 1, ""]


def test_beside_the_paper_a_finger_scrolls(phone: Page):
    Fingers(phone).follow([(20, 700), (20, 600), (20, 500), (20, 400), (20, 300)])
    wait_until(phone, "scrollY > 50")


def test_two_fingers_on_the_paper_do_not_zoom(phone: Page):
    fingers = Fingers(phone)
    fingers.send("touchStart", *at(phone, (0.45, 0.5), (0.55, 0.5)))
    for spread in (0.1, 0.2, 0.3, 0.4):
        fingers.send("touchMove", *at(phone, (0.5 - spread, 0.5), (0.5 + spread, 0.5)))
    fingers.send("touchEnd")
    settle(phone)
    assert phone.evaluate("visualViewport.scale") == 1


def test_a_second_finger_does_not_draw(phone: Page):
    fingers = Fingers(phone)
    fingers.send("touchStart", *at(phone, (0.2, 0.2)))
    fingers.send("touchStart", *at(phone, (0.2, 0.2), (0.8, 0.2)))
    fingers.send("touchMove", *at(phone, (0.2, 0.8), (0.8, 0.8)))
    fingers.send("touchEnd")
    assert ink(phone, 0, 0, 0.5, 1) > 0
    assert ink(phone, 0.5, 0, 1, 1) == 0


def test_a_cancelled_touch_leaves_no_stuck_stroke(phone: Page):
    fingers = Fingers(phone)
    fingers.send("touchStart", *at(phone, (0.2, 0.2)))
    fingers.send("touchMove", *at(phone, (0.2, 0.8)))
    fingers.send("touchCancel")
    fingers.follow(at(phone, (0.8, 0.2), (0.8, 0.8)))
    assert ink(phone, 0.75, 0.2, 0.85, 0.8) > 0
    assert ink(phone, 0.3, 0, 0.7, 1) == 0


_PEN = """(canvas, events) => events.forEach(([type, kind, id, [x, y]]) => canvas.dispatchEvent(new PointerEvent(type, {
  pointerId: id, pointerType: kind, clientX: x, clientY: y, bubbles: true, cancelable: true })))"""


def test_a_pen_beats_the_palm_that_came_before(desktop: Page):
    palm, further, top, bottom = at(desktop, (0.8, 0.8), (0.9, 0.9), (0.3, 0.2), (0.3, 0.7))
    events = [
        ("pointerdown", "touch", 1, palm),
        ("pointerdown", "pen", 2, top),
        ("pointermove", "touch", 1, further),
        ("pointermove", "pen", 2, bottom),
        ("pointerup", "pen", 2, bottom),
        ("pointerup", "touch", 1, further),
    ]
    desktop.locator("#canvas").evaluate(_PEN, events)
    assert ink(desktop, 0.2, 0.1, 0.4, 0.8) > 0
    assert ink(desktop, 0.6, 0.6, 1, 1) == 0


def test_a_palm_put_down_between_two_strokes_of_a_pen_does_not_draw(desktop: Page):
    palm, top, bottom = at(desktop, (0.8, 0.8), (0.3, 0.2), (0.3, 0.7))
    events = [
        ("pointerdown", "pen", 2, top),
        ("pointermove", "pen", 2, bottom),
        ("pointerup", "pen", 2, bottom),
        ("pointerdown", "touch", 3, palm),
        ("pointerup", "touch", 3, palm),
    ]
    desktop.locator("#canvas").evaluate(_PEN, events)
    assert ink(desktop, 0.6, 0.6, 1, 1) == 0


def test_every_point_that_was_recorded_between_two_frames_counts(desktop: Page):
    start, aside, end = at(desktop, (0.2, 0.5), (0.5, 0.1), (0.8, 0.5))
    script = """(canvas, [start, aside, end]) => {
      const event = (type, [x, y], more) => new PointerEvent(type, {
        pointerId: 1, pointerType: 'pen', clientX: x, clientY: y, bubbles: true, ...more });
      canvas.dispatchEvent(event('pointerdown', start));
      const coalescedEvents = [event('pointermove', aside), event('pointermove', end)];
      canvas.dispatchEvent(event('pointermove', end, { coalescedEvents }));
      canvas.dispatchEvent(event('pointerup', end));
    }"""
    desktop.locator("#canvas").evaluate(script, [start, aside, end])
    assert ink(desktop, 0.4, 0.1, 0.6, 0.4) > 0


def test_the_canvas_has_as_many_pixels_as_the_screen(page: Page):
    assert page.evaluate("canvas.width / devicePixelRatio") == pytest.approx(box(page)[2], abs=0.5)


def test_the_drawing_is_crisp_again_after_a_move_to_a_finer_screen(desktop: Page):
    draw_line(desktop, 0.3)
    session = desktop.context.new_cdp_session(desktop)
    metrics = {"width": 1280, "height": 800, "deviceScaleFactor": 2, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", metrics)
    wait_until(desktop, "devicePixelRatio === 2")
    draw_line(desktop, 0.7)
    assert desktop.evaluate("canvas.width") == 2 * box(desktop)[2]
    assert ink(desktop, 0.25, 0.3, 0.35, 0.7) == pytest.approx(10 / 28, abs=0.03)
    session.detach()  # and with it the override


def test_paper_is_white_and_ink_black_from_the_first_stroke(desktop: Page, seven_track: Character):
    colours = """canvas => [...new Set(new Uint32Array(
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer))]"""
    assert desktop.locator("#canvas").evaluate(colours) == [0xFFFFFFFF]
    play(desktop, seven_track.strokes)
    assert {0xFF000000, 0xFFFFFFFF} <= set(desktop.locator("#canvas").evaluate(colours))
    assert 0.01 < ink(desktop) < 0.3


def test_the_paper_is_as_large_as_there_is_room(page: Page):
    assert box(page)[2] == pytest.approx(min(420, 0.9 * page.evaluate("innerWidth")), abs=1)


def test_280_by_280_pixels_are_sent(page: Page):
    page.evaluate("""() => {
      const append = FormData.prototype.append;
      FormData.prototype.append = function (name, file, ...more) {
        createImageBitmap(file).then(({ width, height }) => { window.sent = [name, width, height]; });
        append.call(this, name, file, ...more);
      };
    }""")
    draw_line(page)
    wait_until(page, "window.sent !== undefined")
    assert page.evaluate("window.sent") == ["image", 280, 280]


def test_keyboard_alone_writes_a_seven(desktop: Page):
    keys = desktop.keyboard
    desktop.locator("#canvas").focus()
    for _ in range(7):
        keys.press("ArrowLeft")
    keys.press(" ")
    for _ in range(13):
        keys.press("ArrowRight")
    keys.down("ArrowLeft")
    for _ in range(7):
        keys.press("ArrowDown")
    keys.up("ArrowLeft")
    for _ in range(9):
        keys.press("ArrowDown")
    keys.press(" ")
    expect(desktop.locator("#predictionResult")).to_have_text("7")


def test_line_is_as_wide_as_the_network_was_trained_for(desktop: Page):
    draw_line(desktop)
    middle = ink(desktop, 0, 0.45, 1, 0.55)
    assert middle == pytest.approx(10 / 280, abs=0.004)


def test_drawing_over_the_edge_selects_nothing(desktop: Page):
    desktop.mouse.move(*at(desktop, (0.5, 0.5))[0])
    desktop.mouse.down()
    desktop.mouse.move(1000, 600)
    desktop.mouse.up()
    assert desktop.evaluate("String(getSelection())") == ""


def test_a_palm_that_the_system_cancels_leaves_nothing(phone: Page):
    fingers = Fingers(phone)
    fingers.send("touchStart", *at(phone, (0.6, 0.8)))
    fingers.send("touchMove", *at(phone, (0.62, 0.8)))
    fingers.send("touchCancel")
    assert ink(phone) == 0
    expect(phone.locator("#undoButton")).to_be_disabled()


def test_a_palm_some_seconds_after_the_pen_draws_nothing(desktop: Page):
    palm, top, bottom = at(desktop, (0.8, 0.8), (0.3, 0.2), (0.3, 0.7))
    events = [("pointerdown", "pen", 2, top), ("pointermove", "pen", 2, bottom), ("pointerup", "pen", 2, bottom)]
    desktop.locator("#canvas").evaluate(_PEN, events)
    desktop.wait_for_timeout(1300)
    events = [("pointerdown", "touch", 3, palm), ("pointerup", "touch", 3, palm)]
    desktop.locator("#canvas").evaluate(_PEN, events)
    assert ink(desktop, 0.6, 0.6, 1, 1) == 0
