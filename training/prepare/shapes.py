"""Shapes and scribbles as pen tracks: what people draw that is no character, by a random generator.

Coordinates are x to the right and y downwards, about 0 to 1. What may be read as a digit is not among them: a circle
(0), a single line (1), a lying or standing loop (8), a square (0 as many draw it).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from training.prepare.unipen import Stroke

Shape = Callable[[np.random.Generator], list[Stroke]]

# Points to a full circle.
_ROUND = 24


def smiley(generator: np.random.Generator) -> list[Stroke]:
    """A face: a circle, two eyes, a mouth that smiles or not, perhaps a nose."""
    apart, height, smile = generator.uniform(0.12, 0.2), generator.uniform(0.32, 0.42), generator.uniform(-0.15, 0.25)
    eyes = [
        _arc(0.5 + side * apart, height, *generator.uniform(0.01, 0.05, 2)) if generator.random() < 0.7
        # An eye as a line down.
        else _line((0.5 + side * apart, height - 0.06), (0.5 + side * apart, height + 0.06))
        for side in (-1, 1)
    ]  # fmt: skip
    width, low = generator.uniform(0.15, 0.28), generator.uniform(0.62, 0.72)
    mouth = _points((0.5 + width * t, low + smile * (1 - t * t)) for t in np.linspace(-1, 1, 9))
    nose = [_line((0.5, 0.45), (0.5, 0.58))] if generator.random() < 0.3 else []
    return [_arc(0.5, 0.5, 0.48, generator.uniform(0.42, 0.5)), *eyes, mouth, *nose]


def house(generator: np.random.Generator) -> list[Stroke]:
    """Walls and a roof, perhaps with a door and a window."""
    eaves, ridge, door = generator.uniform(0.35, 0.55), generator.uniform(0.35, 0.65), generator.uniform(0.2, 0.6)
    walls = _line((0.1, eaves), (0.1, 1), (0.9, 1), (0.9, eaves))
    roof = _line((0.1, eaves), (ridge, 0), (0.9, eaves), *([(0.1, eaves)] if generator.random() < 0.7 else []))
    parts = [walls, roof]
    if generator.random() < 0.6:
        parts.append(_line((door, 1), (door, 0.7), (door + 0.18, 0.7), (door + 0.18, 1)))
    if generator.random() < 0.4:
        left = generator.uniform(0.2, 0.6)
        parts.append(_line((left, 0.6), (left + 0.15, 0.6), (left + 0.15, 0.75), (left, 0.75), (left, 0.6)))
    return parts


def triangle(generator: np.random.Generator) -> list[Stroke]:
    """Three corners, about a third of the way round from each other."""
    angles = generator.uniform(0, 2 * math.pi) + np.array([0, 1, 2]) * 2 * math.pi / 3 + generator.normal(0, 0.2, 3)
    corners = _points(zip(0.5 + 0.5 * np.cos(angles), 0.5 + 0.5 * np.sin(angles), strict=True))
    return [(*corners, corners[0])]


def arrow(generator: np.random.Generator) -> list[Stroke]:
    """A shaft with a head of two barbs, or a head at both ends, in any direction but up and down, where it is a 1."""
    barb, both = generator.uniform(0.15, 0.35), generator.random() < 0.3
    strokes = [_line((0, 0.5), (1, 0.5)), _line((1 - barb, 0.5 - barb), (1, 0.5), (1 - barb, 0.5 + barb))]
    if both:
        strokes.append(_line((barb, 0.5 - barb), (0, 0.5), (barb, 0.5 + barb)))
    turn = generator.uniform(-0.8, 0.8) + math.pi * generator.integers(2)
    return _turned(strokes, turn)


def star(generator: np.random.Generator) -> list[Stroke]:
    """Five points, in one line that crosses itself, or as its outline."""
    turn = generator.uniform(0, 2 * math.pi)
    if generator.random() < 0.6:
        return [_polar([1] * 6, [turn + 0.8 * math.pi * corner for corner in range(6)])]
    inner = generator.uniform(0.35, 0.5)
    return [_polar([1, inner] * 5 + [1], [turn + 0.2 * math.pi * corner for corner in range(11)])]


def heart(generator: np.random.Generator) -> list[Stroke]:
    """The outline of a heart (a well-known parametric curve)."""
    deep = generator.uniform(0.8, 1.2)
    angles = np.linspace(0, 2 * math.pi, _ROUND + 1)
    ys = 13 * np.cos(angles) - deep * (5 * np.cos(2 * angles) + 2 * np.cos(3 * angles) + np.cos(4 * angles))
    return [_points(zip(16 * np.sin(angles) ** 3 / 34, -ys / 34, strict=True))]


def zigzag(generator: np.random.Generator) -> list[Stroke]:
    """Up and down three times and more, in any direction: less is a 3."""
    turns = int(generator.integers(7, 14))
    xs = np.linspace(0, 1, turns) + generator.normal(0, 0.02, turns)
    high = generator.uniform(0.2, 1.0)
    ys = np.where(np.arange(turns) % 2, high, 0) + generator.normal(0, 0.05, turns)
    return _turned([_points(zip(xs, ys, strict=True))], generator.uniform(0, 2 * math.pi))


def wave(generator: np.random.Generator) -> list[Stroke]:
    """Two periods of a sine and more, lying."""
    periods, high = generator.uniform(2, 5), generator.uniform(0.1, 0.4)
    xs = np.linspace(0, 1, int(12 * periods))
    return _turned([_points(zip(xs, high * np.sin(2 * math.pi * periods * xs), strict=True))], generator.normal(0, 0.3))


def spiral(generator: np.random.Generator) -> list[Stroke]:
    """Two and a half turns and more: fewer are a 6 or a 9."""
    turns = generator.uniform(2.5, 6)
    radii = np.linspace(0.05, 1, int(_ROUND * turns))
    sense = generator.choice([-1, 1])
    return [_polar(radii, generator.uniform(0, 6) + sense * np.linspace(0, 2 * math.pi * turns, len(radii)))]


def scribble(generator: np.random.Generator) -> list[Stroke]:
    """A pen that wanders without aim, one stroke or several: some loops, or a paper scribbled full."""
    strokes = []
    for _ in range(int(generator.integers(1, 5))):
        length = int(generator.integers(15, 150))
        speeds = np.cumsum(generator.normal(0, 1, (length, 2)), axis=0)
        places = np.cumsum(speeds - speeds.mean(0), axis=0)
        places /= max(1e-9, float(np.ptp(places, axis=0).max()))
        jitter = generator.normal(0, generator.uniform(0.02, 0.25), (length, 2))
        strokes.append(_points(0.5 + places - places.mean(0) + jitter + generator.normal(0, 0.15, 2)))
    return strokes


def hatching(generator: np.random.Generator) -> list[Stroke]:
    """Parallel lines, at times crossed by others, as rules of a page are; or drawn back and forth without lifting."""
    strokes: list[Stroke] = []
    for turn in (0.0, math.pi / 2)[: 1 + int(generator.random() < 0.5)]:
        places = np.linspace(0, 1, int(generator.integers(3, 9)))
        lines = [[(0.0 + generator.normal(0, 0.03), y), (1.0 + generator.normal(0, 0.03), y)] for y in places]
        if generator.random() < 0.3:  # without lifting the pen
            lines = [[point for number, line in enumerate(lines) for point in line[:: 1 if number % 2 else -1]]]
        strokes += _turned([_points(line) for line in lines], turn)
    return _turned(strokes, generator.uniform(0, math.pi))


def rules(generator: np.random.Generator) -> list[Stroke]:
    """Two lines side by side, or two pairs of them."""
    apart, count = generator.uniform(0.15, 0.6), int(generator.integers(2, 4))
    strokes = [_line((0, apart * row), (1 + generator.normal(0, 0.05), apart * row)) for row in range(count)]
    return _turned(strokes, generator.choice([0.0, 0.0, math.pi / 2]) + generator.normal(0, 0.1))


def polygon(generator: np.random.Generator) -> list[Stroke]:
    """Corners anywhere, joined in any order and closed: the line crosses itself."""
    corners = _points(generator.uniform(0, 1, (int(generator.integers(5, 9)), 2)))
    return [(*corners, corners[0])]


def specks(generator: np.random.Generator) -> list[Stroke]:
    """Many dots and short lines, as dirt on a paper."""
    strokes = []
    for x, y in generator.uniform(0, 1, (int(generator.integers(4, 30)), 2)):
        dx, dy = generator.normal(0, 0.03, 2)
        strokes.append(_line((x, y), (x + dx, y + dy)))
    return strokes


def boxes(generator: np.random.Generator) -> list[Stroke]:
    """A frame that is crossed by its diagonals or a cross, or has another frame inside."""
    low = generator.uniform(0.6, 1.0)
    frame = _line((0, 0), (1, 0), (1, low), (0, low), (0, 0))
    match generator.integers(3):
        case 0:
            return [frame, _line((0, 0), (1, low)), _line((1, 0), (0, low))]
        case 1:
            return [frame, _line((0.5, 0), (0.5, low)), _line((0, low / 2), (1, low / 2))]
        case _:
            d = generator.uniform(0.15, 0.35)
            return [frame, _line((d, d), (1 - d, d), (1 - d, low - d), (d, low - d), (d, d))]


def person(generator: np.random.Generator) -> list[Stroke]:
    """A stick figure."""
    arms = generator.uniform(0.3, 0.5)
    return [
        _arc(0.5, 0.15, 0.14, 0.14),
        _line((0.5, 0.3), (0.5, 0.65)),
        _line((0.2, arms + generator.normal(0, 0.08)), (0.5, 0.4), (0.8, arms + generator.normal(0, 0.08))),
        _line((0.25, 1), (0.5, 0.65), (0.75, 1)),
    ]


def flower(generator: np.random.Generator) -> list[Stroke]:
    """Petals around a middle, at times with a stalk."""
    petals = int(generator.integers(4, 9))
    angles = np.linspace(0, 2 * math.pi, 12 * petals)
    outline = _polar(0.25 + 0.25 * np.abs(np.sin(petals * angles / 2)), angles)
    stalk = [_line((0, 0.5), (generator.normal(0, 0.1), 1.3))] if generator.random() < 0.5 else []
    return [outline, _arc(0, 0, 0.12, 0.12), *stalk]


def fish(generator: np.random.Generator) -> list[Stroke]:
    """A lens with a tail and an eye."""
    xs = np.linspace(0, 1, 13)
    back = 0.25 * np.sin(math.pi * xs / 0.8)
    eye = _arc(0.15, -0.05, 0.02, 0.02)
    strokes = [_points(zip(xs, back, strict=True)), _points(zip(xs, -back, strict=True)), eye]
    return [*strokes, _line((1, back[-1]), (1, -back[-1]))] if generator.random() < 0.5 else strokes


def tree(generator: np.random.Generator) -> list[Stroke]:
    """A trunk with branches on both sides."""
    strokes = [_line((0.5, 0), (0.5, 1))]
    for y in np.linspace(0.2, 0.8, int(generator.integers(2, 5))):
        reach, fall = generator.uniform(0.2, 0.45), generator.uniform(-0.2, 0.2)
        strokes.append(_line((0.5 - reach, y + fall), (0.5, y), (0.5 + reach, y + fall)))
    return strokes


def cup(generator: np.random.Generator) -> list[Stroke]:
    """A cup with a handle, seen from the side, and its steam."""
    narrow = generator.uniform(0.05, 0.2)
    body = _line((0, 0.3), (narrow, 1), (0.7 - narrow, 1), (0.7, 0.3), (0, 0.3))
    steam = [
        _points((x + 0.04 * math.sin(8 * t), 0.2 - 0.2 * t) for t in np.linspace(0, 1, 7)) for x in (0.2, 0.35, 0.5)
    ]
    return [body, _arc(0.72, 0.6, 0.18, 0.18, -1.3, 1.3), *steam]


def cube(generator: np.random.Generator) -> list[Stroke]:
    """A cube in parallel perspective."""
    dx, dy = generator.uniform(0.2, 0.4, 2)
    front = [(0.0, dy), (0.7, dy), (0.7, dy + 0.7), (0.0, dy + 0.7)]
    back = [(x + dx, y - dy) for x, y in front]
    edges = [_line(near, far) for near, far in zip(front[:3], back[:3], strict=True)]
    return [_line(*front, front[0]), _line(back[0], back[1], back[2]), *edges]


# The first are for training and validation; the others only for tests, so that these show what is quite new.
SHAPES: tuple[Shape, ...] = (
    smiley, house, triangle, arrow, star, heart, zigzag, wave, spiral, scribble, scribble, hatching, rules, polygon,
    specks, boxes, person, flower,
)  # fmt: skip
UNSEEN_SHAPES: tuple[Shape, ...] = (fish, tree, cup, cube)


def crossed_out(strokes: Sequence[Stroke], generator: np.random.Generator) -> list[Stroke]:
    """A character under a scribble or a cross that reaches beyond it: a single bar would only make a 0 or 7 of it."""
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    low, span = points.min(0), np.ptp(points, axis=0).max() or 1.0
    if generator.random() < 0.3:
        over = [_line((-0.1, -0.1), (1.1, 1.1)), _line((1.1, -0.1), (-0.1, 1.1))]
    else:
        over = zigzag(generator) if generator.random() < 0.6 else scribble(generator)
        over = _centred(over)
    placed = [_points(low + span * (np.asarray(stroke) + generator.normal(0, 0.05, 2))) for stroke in over]
    return [*strokes, *placed]


def _centred(strokes: Sequence[Stroke]) -> list[Stroke]:
    """In the middle of the unit square, and about as large."""
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    middle, span = (points.max(0) + points.min(0)) / 2, np.ptp(points, axis=0).max()
    return [_points(0.5 + 1.1 * (np.asarray(stroke) - middle) / span) for stroke in strokes]


def side_by_side(
    characters: Iterable[Sequence[Stroke]], generator: np.random.Generator, overlap: float = 0.1
) -> list[Stroke]:
    """Several characters as one word: each as high as the others, with small gaps or slightly overlapping."""
    placed: list[Stroke] = []
    right = 0.0
    for strokes in characters:
        points = np.concatenate([np.asarray(stroke) for stroke in strokes])
        low, span = points.min(0), np.ptp(points, axis=0)
        scale = generator.uniform(0.8, 1.1) / (max(span[1], 0.4 * span[0]) or 1.0)
        offset = np.array([right + generator.uniform(-overlap, 0.4), generator.normal(0, 0.06)])
        placed += [_points(offset + scale * (np.asarray(stroke) - low)) for stroke in strokes]
        right = float(offset[0] + scale * span[0])
    return placed


def _points(points: Iterable[Sequence[float]] | Iterable[tuple[float, float]] | np.ndarray) -> Stroke:
    return tuple((float(x), float(y)) for x, y in points)


def _line(*points: tuple[float, float]) -> Stroke:
    """Straight pieces: each corner twice, or the curve that is drawn through them would round it."""
    return _points(point for point in points for _ in range(2))


def _arc(x: float, y: float, wide: float, high: float, start: float = 0.0, end: float = 2 * math.pi) -> Stroke:
    angles = np.linspace(start, end, _ROUND + 1)
    return _points(zip(x + wide * np.cos(angles), y + high * np.sin(angles), strict=True))


def _polar(radii: Iterable[float], angles: Iterable[float]) -> Stroke:
    return _points((r * math.cos(angle), r * math.sin(angle)) for r, angle in zip(radii, angles, strict=True))


def _turned(strokes: Sequence[Stroke], angle: float) -> list[Stroke]:
    cos, sin = math.cos(angle), math.sin(angle)
    return [_points((cos * x - sin * y, sin * x + cos * y) for x, y in stroke) for stroke in strokes]
