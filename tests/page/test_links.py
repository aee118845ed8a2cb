"""Links to drawings: the strokes are in them, and whoever opens one sees the drawing and its answer."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.page.playing import draw_line, first, ink, message, read, units
from tests.page.sharing import shared
from tests.page.waiting import await_answer, stop_clock
from training.prepare.unipen import Character

ENCODE = "strokes => import('/static/stroke-encoding.js').then(({ encode }) => encode(strokes))"


@pytest.mark.parametrize("label", "78")
def test_a_link_shows_the_drawing_to_somebody_else_and_reads_it(
    desktop: Page, other: Page, tracks: list[Character], label: str
):
    read(desktop, first(tracks, label))
    link = shared(desktop)[0]
    other.goto(link)
    expect(other.locator("#predictionResult")).to_have_text(desktop.locator("#predictionResult").inner_text())
    await_answer(other)
    assert ink(other) == pytest.approx(ink(desktop), rel=0.1)


def test_a_link_has_some_60_characters(desktop: Page, tracks: list[Character]):
    lengths = sorted(len(desktop.evaluate(ENCODE, units(track.strokes))) for track in tracks[::4])
    assert lengths[len(lengths) // 2] <= 60
    assert lengths[-1] <= 90


def test_strokes_of_a_link_are_off_by_less_than_a_third_of_the_pen(desktop: Page, tracks: list[Character]):
    script = """async strokes => {
      const [{ encode }, { decode }] = await Promise.all(
        [import('/static/stroke-encoding.js'), import('/static/strokes.js')]);
      const far = (points, others) => Math.max(...points.map(
        one => Math.min(...others.map(other => Math.hypot(one.x - other.x, one.y - other.y)))));
      const back = decode(encode(strokes)).strokes;
      return Math.max(...back.map((stroke, i) => far(stroke, strokes[i])));
    }"""
    for track in tracks[::40]:
        dense = [
            [
                {axis: a[axis] + (b[axis] - a[axis]) * step / 20 for axis in "xy"}
                for a, b in pairwise(stroke)
                for step in range(21)
            ]
            or stroke
            for stroke in units(track.strokes)
        ]
        assert desktop.evaluate(script, dense) < 6


def test_nothing_of_a_link_reaches_the_server_but_the_drawing(desktop: Page, other: Page, seven_track: Character):
    read(desktop, seven_track)
    link = shared(desktop)[0]
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(link)
    expect(other.locator("#predictionResult")).to_have_text("7")
    code = urlsplit(link).fragment.removeprefix("d=")
    assert not any(code in url for url in asked if "#" not in url)


def test_a_changed_drawing_leaves_the_link(desktop: Page, seven_track: Character):
    read(desktop, seven_track)
    link = shared(desktop)[0]
    desktop.goto("about:blank")
    desktop.goto(link)
    expect(desktop.locator("#predictionResult")).to_have_text("7")
    assert desktop.evaluate("location.hash").startswith("#d=1")
    draw_line(desktop)
    assert desktop.evaluate("location.hash") == ""


@pytest.mark.parametrize("fragment", ["d=", "d=1", "d=1ABC_", "d=2ABCDE", "d=1ABCDE-", "d=" + "1ABC" + "zz" * 5000])
def test_a_damaged_link_is_told(lasting: Page, fragment: str):
    lasting.evaluate("fragment => { location.hash = fragment; }", fragment)
    message(lasting, "This link is damaged")
    lasting.reload()
    message(lasting, "This link is damaged")
    assert ink(lasting) == 0


def test_a_drawing_in_a_link_is_replayed(desktop: Page, timed: Page, seven_track: Character):
    read(desktop, seven_track)
    link, _ = shared(desktop)
    timed.emulate_media(reduced_motion="no-preference")
    stop_clock(timed)
    timed.evaluate("fragment => { location.hash = fragment; }", urlsplit(link).fragment)
    seen = []
    for _ in range(12):
        timed.clock.run_for(100)
        seen.append(ink(timed))
    assert len(set(seen)) > 5
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(ink(desktop), rel=0.1)


def test_a_stroke_during_a_replay_finds_it_finished(desktop: Page, timed: Page, seven_track: Character):
    read(desktop, seven_track)
    whole = ink(desktop)
    link, _ = shared(desktop)
    timed.emulate_media(reduced_motion="no-preference")
    stop_clock(timed)
    timed.evaluate("fragment => { location.hash = fragment; }", urlsplit(link).fragment)
    timed.clock.run_for(300)
    assert 0 < ink(timed) < 0.7 * whole
    draw_line(timed, 0.95)
    assert ink(timed, 0, 0, 0.9, 1) * 0.9 == pytest.approx(whole, rel=0.1)
