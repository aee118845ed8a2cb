"""Hands for the tests: mouse, finger and pen that follow real tracks, and eyes for what is on the paper."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from playwright.sync_api import Page, Route, expect

from tests.page.waiting import await_answer, wait_for, wait_until
from training.prepare.unipen import Character, Stroke

Point = tuple[float, float]
# One stroke from top to bottom, in shares of the paper.
LINE: Stroke = tuple((0.5, 0.2 + 0.6 * step / 10) for step in range(11))


def box(page: Page) -> tuple[float, float, float]:
    """The paper in the window: left, top, side."""
    found = page.locator("#canvas").bounding_box()
    assert found
    return found["x"], found["y"], found["width"]


def at(page: Page, *places: Point) -> list[Point]:
    """Places in shares of the paper, (0, 0) top left to (1, 1) bottom right, as points of the window."""
    left, top, side = box(page)
    return [(left + side * x, top + side * y) for x, y in places]


def fitted(page: Page, strokes: Sequence[Stroke], extent: float = 0.7) -> list[list[Point]]:
    """A track as points of the window, its longer side `extent` of the paper, in the middle."""
    xs, ys = ([point[axis] for stroke in strokes for point in stroke] for axis in (0, 1))
    scale = extent / max(max(xs) - min(xs), max(ys) - min(ys))
    left, top = (0.5 - scale * (min(values) + max(values)) / 2 for values in (xs, ys))
    return [at(page, *((left + scale * x, top + scale * y) for x, y in stroke)) for stroke in strokes]


def units(strokes: Sequence[Stroke], extent: float = 0.7) -> list[list[dict[str, float]]]:
    """A track as the page keeps strokes: points on the paper of 280 units."""
    xs, ys = ([point[axis] for stroke in strokes for point in stroke] for axis in (0, 1))
    scale = 280 * extent / max(max(xs) - min(xs), max(ys) - min(ys))
    left, top = (140 - scale * (min(values) + max(values)) / 2 for values in (xs, ys))
    return [[{"x": left + scale * x, "y": top + scale * y} for x, y in stroke] for stroke in strokes]


def sparse(stroke: list[Point]) -> list[Point]:
    """Every third point and the last: about as many as a mouse reports."""
    return [*stroke[:-1:3], stroke[-1]]


def play(page: Page, strokes: Sequence[Stroke], extent: float = 0.7) -> None:
    """Draw with the mouse."""
    for stroke in fitted(page, strokes, extent):
        for index, point in enumerate(sparse(stroke)):
            page.mouse.move(*point)
            if index == 0:
                page.mouse.down()
        page.mouse.up()


class Fingers:
    """Real touches: they go through the browser's own recognition of gestures."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def send(self, kind: str, *points: Point) -> None:
        """`touchStart`, `touchMove`, `touchEnd` or `touchCancel`, with all fingers that are down."""
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def follow(self, points: Sequence[Point]) -> None:
        """One finger, from the first point to the last."""
        self.send("touchStart", points[0])
        for point in points[1:]:
            self.send("touchMove", point)
        self.send("touchEnd")


_DISPATCH = """(canvas, [kind, strokes]) => {
  const send = (type, [x, y]) => canvas.dispatchEvent(new PointerEvent(type, {
    pointerId: 7, pointerType: kind, clientX: x, clientY: y, bubbles: true, cancelable: true, isPrimary: true }));
  for (const stroke of strokes) {
    send('pointerdown', stroke[0]);
    stroke.slice(1).forEach(point => send('pointermove', point));
    send('pointerup', stroke[stroke.length - 1]);
  }
}"""


def jot(page: Page, strokes: Sequence[Stroke], kind: str = "mouse") -> None:
    """Draw at once, for tests that are about something else than drawing."""
    page.locator("#canvas").evaluate(_DISPATCH, [kind, fitted(page, strokes)])


def read(page: Page, track: Character) -> None:
    """Draw at once, and wait for the answer."""
    jot(page, track.strokes)
    await_answer(page)


def draw_line(page: Page, x: float = 0.5) -> None:
    """A stroke from top to bottom at a share of the paper's width."""
    points = at(page, *((x, y) for _, y in LINE))
    page.locator("#canvas").evaluate(_DISPATCH, ["mouse", [points]])


def beside(page: Page, strokes: Sequence[Stroke], middle: float, extent: float = 0.35) -> None:
    """Draw a track at once around a place of the paper, in shares of its width; `extent` is of its height."""
    found = page.locator("#canvas").bounding_box()
    assert found
    xs, ys = ([point[axis] for stroke in strokes for point in stroke] for axis in (0, 1))
    scale = extent * found["height"] / max(max(xs) - min(xs), max(ys) - min(ys))
    left = found["x"] + middle * found["width"] - scale * (min(xs) + max(xs)) / 2
    top = found["y"] + 0.5 * found["height"] - scale * (min(ys) + max(ys)) / 2
    points = [[(left + scale * x, top + scale * y) for x, y in stroke] for stroke in strokes]
    page.locator("#canvas").evaluate(_DISPATCH, ["mouse", points])


_TRANSFER = """([target, type, files]) => {
  const transfer = new DataTransfer();
  for (const [data, name, kind] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(data), byte => byte.charCodeAt(0))], name, { type: kind }));
  }
  const options = { bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer };
  document.querySelector(target).dispatchEvent(
    type === 'paste' ? new ClipboardEvent(type, options) : new DragEvent(type, options));
}"""


def bring(page: Page, how: str, *files: tuple[bytes, str, str]) -> None:
    """By `drop` or `paste`."""
    contents = [(base64.b64encode(data).decode(), name, kind) for data, name, kind in files]
    page.evaluate(_TRANSFER, ["body", how, contents])


def predict(page: Page) -> str:
    """Press Predict and read the label."""
    page.locator("#predictButton").click()
    expect(page.locator("#predictionResult")).not_to_be_empty()
    return page.locator("#predictionResult").inner_text()


def message(page: Page, words: str) -> None:
    """Wait for a line that says this."""
    expect(page.locator("#message")).to_contain_text(words)


_LISTEN = """() => {
  window.heard = [];
  const status = document.getElementById('announcement');
  new MutationObserver(() => heard.push(status.textContent)).observe(status, { childList: true });
}"""


def listen(page: Page) -> Callable[[str], None]:
    """Note what is announced from now on, as the next announcement may soon take its place. What is returned waits
    until one has these words, and forgets all until then."""
    page.evaluate(_LISTEN)

    def hear(words: str) -> None:
        wait_until(page, f"heard.some(text => text.includes({json.dumps(words)}))")
        page.evaluate("heard.length = 0")

    return hear


def ink(page: Page, left: float = 0, top: float = 0, right: float = 1, bottom: float = 1) -> float:
    """The share of a part of the paper that is black."""
    script = """(canvas, [left, top, right, bottom]) => {
      const width = (right - left) * canvas.width, height = (bottom - top) * canvas.height;
      const data = canvas.getContext('2d').getImageData(left * canvas.width, top * canvas.height, width, height).data;
      let dark = 0;
      for (let i = 0; i < data.length; i += 4) dark += data[i] < 128;
      return dark * 4 / data.length;
    }"""
    return cast("float", page.locator("#canvas").evaluate(script, [left, top, right, bottom]))


def sheet(page: Page) -> str:
    """All that is on the paper, for comparing."""
    return cast("str", page.locator("#canvas").evaluate("canvas => canvas.toDataURL()"))


def answer(label: str, **probabilities: float) -> dict[str, Any]:
    """An answer of the server; classes are named as `c7`. Without probabilities it is certain."""
    shares = {str(digit): probabilities.get(f"c{digit}", 0.0) for digit in range(10)}
    shares[label] = shares[label] or 1.0
    return {"label": label, "confidence": shares[label], "probabilities": shares}


def reading(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of /read, of one character."""
    character = {**answer, "known": True, "box": [10, 10, 100, 100]}
    return {"text": answer["label"], "confidence": answer["confidence"], "characters": [character]}


class Held:
    """Questions to the server that wait until the test answers them."""

    def __init__(self, page: Page) -> None:
        self.routes: list[Route] = []
        page.route(re.compile(r"/(predict|read)\?"), lambda route: self.routes.append(route))

    def wait(self, page: Page, count: int) -> None:
        """Until so many have been asked."""
        wait_for(page, lambda: len(self.routes) >= count)


def first(tracks: list[Character], label: str) -> Character:
    """The first track of a digit."""
    return next(track for track in tracks if track.label == label)


def draw_in_one(page: Page, *corners: tuple[float, float], steps: int = 12) -> None:
    """Draw a line through corners, as shares of the paper, without lifting the pen."""
    points = at(page, *corners)
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=steps)
    page.mouse.up()
