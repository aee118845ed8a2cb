"""What is cut out of a drawing as one character of it: its strokes, a part of the drawing, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

Line = list[tuple[int, int]]

LEFT: Line = [(40, 20), (40, 160)]
RIGHT: Line = [(140, 20), (140, 160)]
SLANTED: list[Line] = [[(100, 20), (40, 160)], [(150, 20), (90, 160)]]
BOXES = [[35, 15, 45, 165], [135, 15, 145, 165]]
CASES: dict[str, tuple[list[Line], list[list[int]], str | None]] = {
    "two strokes": ([LEFT, RIGHT], BOXES, "strokes"),
    "boxes that overlap": (SLANTED, [[35, 15, 105, 165], [85, 15, 155, 165]], "strokes"),
    "an end that was cut off": ([[(40, 20), (40, 160), (46, 160)], RIGHT], BOXES, "strokes"),
    "a part of another's stroke": (
        [LEFT, [(40, 160), (140, 160), (140, 20)]],
        [[35, 15, 90, 165], [90, 15, 145, 165]],
        "cut",
    ),
    "one stroke for both": ([[*LEFT, (140, 160), (140, 20)]], [[35, 15, 90, 165], [90, 15, 145, 165]], "cut"),
    "one stroke for both, in boxes that overlap": (
        [[*LEFT, (140, 160), (140, 20)]],
        [[35, 15, 100, 165], [90, 15, 145, 165]],
        None,
    ),
    "a dot in both boxes": (
        [*SLANTED, [(95, 90)]],
        [[35, 15, 105, 165], [85, 15, 155, 165]],
        None,
    ),
    "a line through it that was not read": ([LEFT, RIGHT, [(0, 100), (250, 100)]], BOXES, None),
    "a line below it that was not read": ([LEFT, RIGHT, [(0, 200), (250, 200)]], BOXES, "strokes"),
}
SCRIPT = """async ([lines, boxes, width]) => {
  const [{ alone }, { marked }] = await Promise.all([import('/static/alone.js'), import('/static/marks.js')]);
  const part = alone(marked(lines.map(line => line.map(([x, y]) => ({ x, y })))), width, boxes, 0);
  if (!part) return null;
  const { width: across, height } = part.sheet;
  const { data } = part.sheet.getContext('2d').getImageData(0, 0, across, height);
  const ink = [...Array(across * height).keys()].filter(i => data[4 * i] < 128);
  const xs = ink.map(i => i % across), ys = ink.map(i => Math.floor(i / across));
  return {
    kind: part.strokes ? 'strokes' : 'cut', size: [across, height], strokes: part.strokes,
    ink: [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1],
  };
}"""


def found(page: Page, lines: list[Line], boxes: list[list[int]], width: int = 280) -> dict[str, Any] | None:
    result: dict[str, Any] | None = page.evaluate(SCRIPT, [lines, boxes, width])
    return result


@pytest.mark.parametrize("name", CASES)
def test_a_character_is_cut_out_only_where_nothing_else_comes_with_it(lasting: Page, name: str):
    lines, boxes, kind = CASES[name]
    part = found(lasting, lines, boxes)
    assert (part and part["kind"]) == kind
    if part:
        left, top, right, bottom = part["ink"]
        assert (left + right) / 2 == pytest.approx(140, abs=6), "in the middle of a paper"
        assert (top + bottom) / 2 == pytest.approx(140, abs=6)
        assert right - left <= boxes[0][2] - boxes[0][0] + 10
        assert part["size"] == [280, 280]


def test_what_is_wider_than_the_usual_paper_has_no_strokes(lasting: Page):
    """They would be outside of it."""
    line: Line = [(100, 100), (500, 180)]
    part = found(lasting, [line], [[95, 95, 505, 185]], 840)
    assert part
    assert part["strokes"] is None
    assert part["size"] == [430, 280]
    assert part["ink"][2] - part["ink"][0] == pytest.approx(410, abs=2)
