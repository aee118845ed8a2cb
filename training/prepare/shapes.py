"""Shapes and scribbles as pen tracks: what people draw that is no character, by a random generator.

Coordinates are x to the right and y downwards, about 0 to 1. What may be read as a digit is not among them: a circle
(0), a single line (1), a lying or standing loop (8), a square (0 as many draw it).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from training.prepare.curves import ROUND, arc, line, path, polar, turned
from training.prepare.unipen import Stroke

Shape = Callable[[np.random.Generator], list[Stroke]]


def smiley(generator: np.random.Generator) -> list[Stroke]:
    """A face: a circle, two eyes, a mouth that smiles or not, perhaps a nose."""
    apart, height, smile = generator.uniform(0.12, 0.2), generator.uniform(0.32, 0.42), generator.uniform(-0.15, 0.25)
    eyes = [
        arc(0.5 + side * apart, height, *generator.uniform(0.01, 0.05, 2)) if generator.random() < 0.7
        # An eye as a line down.
        else line((0.5 + side * apart, height - 0.06), (0.5 + side * apart, height + 0.06))
        for side in (-1, 1)
    ]  # fmt: skip
    width, low = generator.uniform(0.15, 0.28), generator.uniform(0.62, 0.72)
    mouth = path((0.5 + width * t, low + smile * (1 - t * t)) for t in np.linspace(-1, 1, 9))
    nose = [line((0.5, 0.45), (0.5, 0.58))] if generator.random() < 0.3 else []
    return [arc(0.5, 0.5, 0.48, generator.uniform(0.42, 0.5)), *eyes, mouth, *nose]


def house(generator: np.random.Generator) -> list[Stroke]:
    """Walls and a roof, perhaps with a door and a window."""
    eaves, ridge, door = generator.uniform(0.35, 0.55), generator.uniform(0.35, 0.65), generator.uniform(0.2, 0.6)
    walls = line((0.1, eaves), (0.1, 1), (0.9, 1), (0.9, eaves))
    roof = line((0.1, eaves), (ridge, 0), (0.9, eaves), *([(0.1, eaves)] if generator.random() < 0.7 else []))
    parts = [walls, roof]
    if generator.random() < 0.6:
        parts.append(line((door, 1), (door, 0.7), (door + 0.18, 0.7), (door + 0.18, 1)))
    if generator.random() < 0.4:
        left = generator.uniform(0.2, 0.6)
        parts.append(line((left, 0.6), (left + 0.15, 0.6), (left + 0.15, 0.75), (left, 0.75), (left, 0.6)))
    return parts


def triangle(generator: np.random.Generator) -> list[Stroke]:
    """Three corners, about a third of the way round from each other."""
    angles = generator.uniform(0, 2 * math.pi) + np.array([0, 1, 2]) * 2 * math.pi / 3 + generator.normal(0, 0.2, 3)
    corners = path(zip(0.5 + 0.5 * np.cos(angles), 0.5 + 0.5 * np.sin(angles), strict=True))
    return [(*corners, corners[0])]


def arrow(generator: np.random.Generator) -> list[Stroke]:
    """A shaft with a head of two barbs, or a head at both ends, in any direction but up and down, where it is a 1."""
    barb, both = generator.uniform(0.15, 0.35), generator.random() < 0.3
    strokes = [line((0, 0.5), (1, 0.5)), line((1 - barb, 0.5 - barb), (1, 0.5), (1 - barb, 0.5 + barb))]
    if both:
        strokes.append(line((barb, 0.5 - barb), (0, 0.5), (barb, 0.5 + barb)))
    turn = generator.uniform(-0.8, 0.8) + math.pi * generator.integers(2)
    return turned(strokes, turn)


def star(generator: np.random.Generator) -> list[Stroke]:
    """Five points, in one line that crosses itself, or as its outline."""
    turn = generator.uniform(0, 2 * math.pi)
    if generator.random() < 0.6:
        return [polar([1] * 6, [turn + 0.8 * math.pi * corner for corner in range(6)])]
    inner = generator.uniform(0.35, 0.5)
    return [polar([1, inner] * 5 + [1], [turn + 0.2 * math.pi * corner for corner in range(11)])]


def heart(generator: np.random.Generator) -> list[Stroke]:
    """The outline of a heart (a well-known parametric curve)."""
    deep = generator.uniform(0.8, 1.2)
    angles = np.linspace(0, 2 * math.pi, ROUND + 1)
    ys = 13 * np.cos(angles) - deep * (5 * np.cos(2 * angles) + 2 * np.cos(3 * angles) + np.cos(4 * angles))
    return [path(zip(16 * np.sin(angles) ** 3 / 34, -ys / 34, strict=True))]


def zigzag(generator: np.random.Generator) -> list[Stroke]:
    """Up and down three times and more, in any direction: less is a 3."""
    turns = int(generator.integers(7, 14))
    xs = np.linspace(0, 1, turns) + generator.normal(0, 0.02, turns)
    high = generator.uniform(0.2, 1.0)
    ys = np.where(np.arange(turns) % 2, high, 0) + generator.normal(0, 0.05, turns)
    return turned([path(zip(xs, ys, strict=True))], generator.uniform(0, 2 * math.pi))


def wave(generator: np.random.Generator) -> list[Stroke]:
    """Two periods of a sine and more, lying."""
    periods, high = generator.uniform(2, 5), generator.uniform(0.1, 0.4)
    xs = np.linspace(0, 1, int(12 * periods))
    return turned([path(zip(xs, high * np.sin(2 * math.pi * periods * xs), strict=True))], generator.normal(0, 0.3))


def spiral(generator: np.random.Generator) -> list[Stroke]:
    """Two and a half turns and more: fewer are a 6 or a 9."""
    turns = generator.uniform(2.5, 6)
    radii = np.linspace(0.05, 1, int(ROUND * turns))
    sense = generator.choice([-1, 1])
    return [polar(radii, generator.uniform(0, 6) + sense * np.linspace(0, 2 * math.pi * turns, len(radii)))]


def scribble(generator: np.random.Generator) -> list[Stroke]:
    """A pen that wanders without aim, one stroke or several: some loops, or a paper scribbled full."""
    strokes = []
    for _ in range(int(generator.integers(1, 5))):
        length = int(generator.integers(15, 150))
        speeds = np.cumsum(generator.normal(0, 1, (length, 2)), axis=0)
        places = np.cumsum(speeds - speeds.mean(0), axis=0)
        places /= max(1e-9, float(np.ptp(places, axis=0).max()))
        jitter = generator.normal(0, generator.uniform(0.02, 0.25), (length, 2))
        strokes.append(path(0.5 + places - places.mean(0) + jitter + generator.normal(0, 0.15, 2)))
    return strokes


def hatching(generator: np.random.Generator) -> list[Stroke]:
    """Parallel lines, at times crossed by others, as rules of a page are; or drawn back and forth without lifting."""
    strokes: list[Stroke] = []
    for turn in (0.0, math.pi / 2)[: 1 + int(generator.random() < 0.5)]:
        places = np.linspace(0, 1, int(generator.integers(3, 9)))
        lines = [[(0.0 + generator.normal(0, 0.03), y), (1.0 + generator.normal(0, 0.03), y)] for y in places]
        if generator.random() < 0.3:  # without lifting the pen
            lines = [[point for number, line in enumerate(lines) for point in line[:: 1 if number % 2 else -1]]]
        strokes += turned([path(line) for line in lines], turn)
    return turned(strokes, generator.uniform(0, math.pi))


def rules(generator: np.random.Generator) -> list[Stroke]:
    """Two lines side by side, or two pairs of them."""
    apart, count = generator.uniform(0.15, 0.6), int(generator.integers(2, 4))
    strokes = [line((0, apart * row), (1 + generator.normal(0, 0.05), apart * row)) for row in range(count)]
    return turned(strokes, generator.choice([0.0, 0.0, math.pi / 2]) + generator.normal(0, 0.1))


def polygon(generator: np.random.Generator) -> list[Stroke]:
    """Corners anywhere, joined in any order and closed: the line crosses itself."""
    corners = path(generator.uniform(0, 1, (int(generator.integers(5, 9)), 2)))
    return [(*corners, corners[0])]


def specks(generator: np.random.Generator) -> list[Stroke]:
    """Many dots and short lines, as dirt on a paper."""
    strokes = []
    for x, y in generator.uniform(0, 1, (int(generator.integers(4, 30)), 2)):
        dx, dy = generator.normal(0, 0.03, 2)
        strokes.append(line((x, y), (x + dx, y + dy)))
    return strokes


def boxes(generator: np.random.Generator) -> list[Stroke]:
    """A frame that is crossed by its diagonals or a cross, or has another frame inside."""
    low = generator.uniform(0.6, 1.0)
    frame = line((0, 0), (1, 0), (1, low), (0, low), (0, 0))
    match generator.integers(3):
        case 0:
            return [frame, line((0, 0), (1, low)), line((1, 0), (0, low))]
        case 1:
            return [frame, line((0.5, 0), (0.5, low)), line((0, low / 2), (1, low / 2))]
        case _:
            d = generator.uniform(0.15, 0.35)
            return [frame, line((d, d), (1 - d, d), (1 - d, low - d), (d, low - d), (d, d))]


def person(generator: np.random.Generator) -> list[Stroke]:
    """A stick figure."""
    arms = generator.uniform(0.3, 0.5)
    return [
        arc(0.5, 0.15, 0.14, 0.14),
        line((0.5, 0.3), (0.5, 0.65)),
        line((0.2, arms + generator.normal(0, 0.08)), (0.5, 0.4), (0.8, arms + generator.normal(0, 0.08))),
        line((0.25, 1), (0.5, 0.65), (0.75, 1)),
    ]


def flower(generator: np.random.Generator) -> list[Stroke]:
    """Petals around a middle, at times with a stalk."""
    petals = int(generator.integers(4, 9))
    angles = np.linspace(0, 2 * math.pi, 12 * petals)
    outline = polar(0.25 + 0.25 * np.abs(np.sin(petals * angles / 2)), angles)
    stalk = [line((0, 0.5), (generator.normal(0, 0.1), 1.3))] if generator.random() < 0.5 else []
    return [outline, arc(0, 0, 0.12, 0.12), *stalk]


def fish(generator: np.random.Generator) -> list[Stroke]:
    """A lens with a tail and an eye."""
    xs = np.linspace(0, 1, 13)
    back = 0.25 * np.sin(math.pi * xs / 0.8)
    eye = arc(0.15, -0.05, 0.02, 0.02)
    strokes = [path(zip(xs, back, strict=True)), path(zip(xs, -back, strict=True)), eye]
    return [*strokes, line((1, back[-1]), (1, -back[-1]))] if generator.random() < 0.5 else strokes


def tree(generator: np.random.Generator) -> list[Stroke]:
    """A trunk with branches on both sides."""
    strokes = [line((0.5, 0), (0.5, 1))]
    for y in np.linspace(0.2, 0.8, int(generator.integers(2, 5))):
        reach, fall = generator.uniform(0.2, 0.45), generator.uniform(-0.2, 0.2)
        strokes.append(line((0.5 - reach, y + fall), (0.5, y), (0.5 + reach, y + fall)))
    return strokes


def cup(generator: np.random.Generator) -> list[Stroke]:
    """A cup with a handle, seen from the side, and its steam."""
    narrow = generator.uniform(0.05, 0.2)
    body = line((0, 0.3), (narrow, 1), (0.7 - narrow, 1), (0.7, 0.3), (0, 0.3))
    steam = [path((x + 0.04 * math.sin(8 * t), 0.2 - 0.2 * t) for t in np.linspace(0, 1, 7)) for x in (0.2, 0.35, 0.5)]
    return [body, arc(0.72, 0.6, 0.18, 0.18, -1.3, 1.3), *steam]


def cube(generator: np.random.Generator) -> list[Stroke]:
    """A cube in parallel perspective."""
    dx, dy = generator.uniform(0.2, 0.4, 2)
    front = [(0.0, dy), (0.7, dy), (0.7, dy + 0.7), (0.0, dy + 0.7)]
    back = [(x + dx, y - dy) for x, y in front]
    edges = [line(near, far) for near, far in zip(front[:3], back[:3], strict=True)]
    return [line(*front, front[0]), line(back[0], back[1], back[2]), *edges]


# The first are for training and validation; the others only for tests, so that these show what is quite new.
SHAPES: tuple[Shape, ...] = (
    smiley, house, triangle, arrow, star, heart, zigzag, wave, spiral, scribble, scribble, hatching, rules, polygon,
    specks, boxes, person, flower,
)  # fmt: skip
UNSEEN_SHAPES: tuple[Shape, ...] = (fish, tree, cup, cube)
