"""Numbers and words composed of pen tracks: digits or letters of one writer side by side, as people write them.

The digits keep the writer's own sizes and shapes. Line, sizes and gaps vary, and some neighbours touch.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.prepare.drawing import PEN
from training.prepare.unipen import Character, Stroke

Points = NDArray[np.float64]

# Standard deviations, as shares of the digits' usual height: of a digit's own height, and of its distance off the line.
_HEIGHTS, _OFF_LINE = 0.08, 0.05
# Between the ink of neighbours that do not touch, where they come closest: shares of the usual height.
_SPACES = (0.05, 0.45)
# Of those that touch: the distance of the middles of their strokes, in pens.
_MEETING = (0.2, 0.9)
# The slope of a line of writing, in radians.
_SLOPE = 0.04
# The usual height, as a share of the sheet's; less where the number would not fit.
_SIZES = (0.2, 0.7)
# Outlines are compared in rows of this share of the usual height; so many have room above and below the line.
_ROW, _ROWS = 0.05, 121
# Small letters that are lower than a capital, those that go below the line, and how far these do.
_LOW, _DESCENDERS, _BELOW = frozenset("acegmnopqrsuvwxyz"), frozenset("gpqyj"), 0.4


@dataclass(frozen=True)
class Number:
    """What was written: the strokes of each digit in pixels, on a sheet of this width and height, with this pen."""

    text: str
    digits: tuple[tuple[Stroke, ...], ...]
    size: tuple[int, int]
    pen: float = PEN

    @property
    def strokes(self) -> list[Stroke]:
        """Those of all digits."""
        return [stroke for digit in self.digits for stroke in digit]

    def moved(self, right: float, down: float, size: tuple[int, int]) -> Number:
        """The same on another sheet, so many pixels further right and down."""
        digits = (tuple(tuple((x + right, y + down) for x, y in stroke) for stroke in digit) for digit in self.digits)
        return replace(self, digits=tuple(digits), size=size)


class _Digit(NamedTuple):
    strokes: list[Points]
    lefts: NDArray[np.float64]
    rights: NDArray[np.float64]


def by_writer(characters: Sequence[Character], least: int = 15) -> list[list[Character]]:
    """The characters of each writer who has at least so many."""
    found = defaultdict(list)
    for one in characters:
        found[one.source, one.writer].append(one)
    return [own for _, own in sorted(found.items()) if len(own) >= least]


def compose(
    own: Sequence[Character],
    length: int,
    generator: np.random.Generator,
    size: tuple[int, int] = (280, 280),
    pen: float = PEN,
    touching: float = 0.0,
) -> Number:
    """Write a number of so many of one writer's digits on a sheet of this width and height, with a pen of this width.

    `touching` is the share of the neighbours that touch.
    """
    chosen = [own[int(index)] for index in generator.integers(len(own), size=length)]
    usual = float(np.median([np.ptp(_points(one)[:, 1]) for one in own])) or 1.0
    return _placed(chosen, [_digit(one, usual, generator) for one in chosen], generator, size, pen, touching)


def compose_text(
    text: str,
    own: Mapping[str, Sequence[Character]],
    generator: np.random.Generator,
    size: tuple[int, int] = (280, 280),
    pen: float = PEN,
) -> Number:
    """Write a text with one writer's characters, as high beside each other as the writer made them."""
    chosen = [own[one][int(generator.integers(len(own[one])))] for one in text]
    # Capitals, digits and letters with an ascender are as high as a digit.
    tall = [np.ptp(_points(one)[:, 1]) for name, some in own.items() if name not in _LOW for one in some]
    usual = float(np.median(tall)) or 1.0
    return _placed(chosen, [_letter(one, usual, generator) for one in chosen], generator, size, pen)


def _placed(
    chosen: Sequence[Character],
    digits: Sequence[_Digit],
    generator: np.random.Generator,
    size: tuple[int, int],
    pen: float,
    touching: float = 0.0,
) -> Number:
    length = len(digits)
    spaces = generator.uniform(*_SPACES, length)
    meeting = np.where(generator.random(length) < touching, generator.uniform(*_MEETING, length), 0.0)
    turn, height = generator.normal(0, _SLOPE), size[1] * generator.uniform(*_SIZES)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    while True:
        line = _side_by_side(digits, np.where(meeting > 0, meeting * pen / height, spaces + pen / height))
        strokes = [stroke @ matrix.T * height for stroke in line]
        low, high = np.concatenate(strokes).min(0), np.concatenate(strokes).max(0)
        free = np.array(size) - (high - low) - 2 * pen
        if free.min() >= 0 or height < 2 * pen:
            break
        height *= 0.9
    place = pen + generator.random(2) * np.maximum(free, 0) - low
    placed = iter(tuple((float(x), float(y)) for x, y in stroke + place) for stroke in strokes)
    return Number(
        "".join(one.label for one in chosen),
        tuple(tuple(next(placed) for _ in digit.strokes) for digit in digits),
        size,
        pen,
    )


def _points(character: Character) -> Points:
    return np.concatenate([np.asarray(stroke) for stroke in character.strokes])


def _digit(character: Character, usual: float, generator: np.random.Generator) -> _Digit:
    """Its strokes on the line, in usual heights: a digit that is drawn far larger or smaller becomes nearly usual."""
    points = _points(character)
    low, high = points.min(0), points.max(0)
    own = max(high[1] - low[1], 0.7 * (high[0] - low[0])) or usual
    scale = float(np.clip(own / usual, 0.75, 1.3)) * math.exp(generator.normal(0, _HEIGHTS)) / own
    foot = np.array([low[0], high[1]])
    off_line = np.array([0, generator.normal(0, _OFF_LINE)])
    strokes = [(np.asarray(stroke) - foot) * scale + off_line for stroke in character.strokes]
    return _Digit(strokes, *_outline(strokes))


def _letter(character: Character, usual: float, generator: np.random.Generator) -> _Digit:
    """Its strokes on the line, in heights of a capital: at the writer's own size, and below the line as far as the
    letter goes."""
    points = _points(character)
    low, high = points.min(0), points.max(0)
    scale = math.exp(generator.normal(0, _HEIGHTS)) / usual
    below = _BELOW * (high[1] - low[1]) if character.label in _DESCENDERS else 0.0
    foot = np.array([low[0], high[1] - below])
    off_line = np.array([0, generator.normal(0, _OFF_LINE)])
    strokes = [(np.asarray(stroke) - foot) * scale + off_line for stroke in character.strokes]
    return _Digit(strokes, *_outline(strokes))


def _side_by_side(digits: Sequence[_Digit], distances: NDArray[np.float64]) -> list[Points]:
    """One after the other, each at its distance from those before, measured row by row between the strokes' middles."""
    placed: list[Points] = []
    rights = np.full(_ROWS, -math.inf)
    for digit, distance in zip(digits, distances, strict=True):
        near = max(float(np.max(np.roll(rights, step) + digit.lefts)) for step in (-1, 0, 1))
        shift = near + distance if math.isfinite(near) else float(np.max(rights, initial=0.0)) + distance
        placed += [stroke + np.array([shift, 0.0]) for stroke in digit.strokes]
        rights = np.maximum(rights, digit.rights + shift)
    return placed


def _outline(strokes: Sequence[Points]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each row how far it goes to the left and to the right of 0; where it does not go at all, -inf."""
    lefts, rights = np.full((2, _ROWS), -math.inf)
    for stroke in strokes:
        lengths = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(stroke, axis=0)).max(1, initial=0.0))])
        places = np.linspace(0, lengths[-1], math.ceil(lengths[-1] / _ROW) + 2)
        x, y = (np.interp(places, lengths, stroke[:, axis]) for axis in (0, 1))
        rows = np.clip(np.round(y / _ROW).astype(int) + _ROWS // 2, 1, _ROWS - 2)
        np.maximum.at(lefts, rows, -x)
        np.maximum.at(rights, rows, x)
    return lefts, rights
