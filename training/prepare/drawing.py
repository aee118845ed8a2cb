"""Draw pen tracks as the page draws them: a round black pen on white paper, curves through the recorded points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from training.prepare.unipen import Stroke

# The page's paper and pen (static/paper.js), in pixels, and the share of the paper that people fill.
PAPER = 280
PEN = 10.0
EXTENT = 0.7
# Drawn this many times as large and averaged, which gives the browser's smooth edges.
_SUPERSAMPLING = 3
# What `vary` draws: shares of the paper, and pens as shares of the character, from 2 pixels for one that fills the
# paper to 10 pixels for one of a tenth of it.
_EXTENTS = (0.3, 0.9)
_PENS = (2 / PAPER, 10 / (0.1 * PAPER))
# A curve is drawn as so many straight pieces.
_PIECES = 4


def draw(
    strokes: Sequence[Stroke],
    pen: float = PEN,
    extent: float = EXTENT,
    centre: tuple[float, float] = (0.5, 0.5),
    size: int = PAPER,
) -> Image.Image:
    """Draw strokes (x to the right, y downwards, any units) on a square sheet: mode "L", white paper, black ink.

    `pen` and `size` are in pixels; the longer side of the track becomes `extent` of the sheet, and its middle comes to
    `centre`, in shares of the sheet. A track of a single point is a dot.
    """
    side = size * _SUPERSAMPLING
    return _drawn(_placed(strokes, extent, centre, side), pen, (side, side))


def draw_placed(strokes: Iterable[Stroke], pen: float, size: tuple[int, int]) -> Image.Image:
    """Draw strokes where they are, in pixels, on a sheet of this width and height: mode "L", black on white."""
    placed = (tuple((x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in stroke) for stroke in strokes)
    return _drawn(placed, pen, (size[0] * _SUPERSAMPLING, size[1] * _SUPERSAMPLING))


def vary(strokes: Sequence[Stroke], generator: np.random.Generator) -> tuple[list[Stroke], float, float]:
    """The same character by another hand with another pen: distorted strokes, and a pen and an extent for `draw`.

    Rotation, slant, width, and a slow wobble of the whole plane, so that strokes which met still meet.
    """
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    middle, span = (points.max(0) + points.min(0)) / 2, max(float(np.ptp(points, axis=0).max()), 1e-9)
    turn, slant, widen = generator.normal(0, (0.10, 0.15, 0.10))
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[math.exp(widen), slant], [0, 1]])
    # Two directions moved by sines of two coordinates and three wavelengths each.
    amplitudes, phases = generator.normal(0, 0.03, (2, 2, 3)), generator.uniform(0, 2 * math.pi, (2, 2, 3))
    waves = np.array([2.0, 4.0, 6.0])

    def distort(stroke: Stroke) -> Stroke:
        plane = (np.asarray(stroke) - middle) / span @ matrix.T
        wobble = (amplitudes * np.sin(plane[:, None, :, None] * waves + phases)).sum((2, 3))
        return tuple((float(x), float(y)) for x, y in plane + wobble)

    extent = generator.uniform(*_EXTENTS)
    pen = extent * PAPER * math.exp(generator.uniform(math.log(_PENS[0]), math.log(_PENS[1])))
    return [distort(stroke) for stroke in strokes], pen, extent


def _drawn(strokes: Iterable[Stroke], pen: float, size: tuple[int, int]) -> Image.Image:
    """Strokes that are placed on a sheet of this size, both enlarged, as they look at the usual size."""
    sheet = Image.new("L", size, 255)
    brush = ImageDraw.Draw(sheet)
    radius = pen * _SUPERSAMPLING / 2
    for stroke in strokes:
        path = list(_curve(stroke))
        if len(path) > 1:
            brush.line(path, fill=0, width=max(1, round(2 * radius)))
        for x, y in path:  # round ends and joints
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return sheet.reduce(_SUPERSAMPLING)


def _placed(strokes: Sequence[Stroke], extent: float, centre: tuple[float, float], side: int) -> Iterator[Stroke]:
    xs = [x for stroke in strokes for x, _ in stroke]
    ys = [y for stroke in strokes for _, y in stroke]
    scale = side * extent / (max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0)
    left = side * centre[0] - scale * (min(xs) + max(xs)) / 2
    top = side * centre[1] - scale * (min(ys) + max(ys)) / 2
    for stroke in strokes:
        yield tuple((left + scale * x, top + scale * y) for x, y in stroke)


def _curve(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Quadratic curves from middle to middle of the segments, with the points as control points, as on the page."""
    start = points[0]
    yield start
    for control, following in pairwise(points[1:]):
        end = ((control[0] + following[0]) / 2, (control[1] + following[1]) / 2)
        for piece in range(1, _PIECES + 1):
            t = piece / _PIECES
            a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
            yield a * start[0] + b * control[0] + c * end[0], a * start[1] + b * control[1] + c * end[1]
        start = end
    yield points[-1]
