"""The lines that the parts of some ink are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cc3d
import numpy as np
from numpy.typing import NDArray

from app.recognition.parts import Labels, Part, measured, united
from app.recognition.segmentation import Grey

# Ink is what is at least this strong, of 255, the strongest being 255.
INK = 64
# More parts than this, specks among them, are a picture or noise, and would take long to look at.
_SPECKS = 10_000
# Where there are too many parts and each has less room than so many pixels, they are grain.
_ROOM = 64
# Parts smaller than this share of the characters' height are specks; they belong to nothing.
_SPECK = 0.1
# Parts at least this tall or wide, in heights of the tallest, say how tall the characters are.
_TALL = 0.4
# Parts of this share of that height and more are put into lines first; the others go to the nearest line.
_LARGE = 0.55
# Neighbours are of one line if they overlap vertically by this share of the smaller one.
_SAME_LINE = 0.35
# A part at most so high as the one above or below it, and at most so far from it, both in heights of that one, is a
# detached stroke: the bar of a 5.
_MUCH_LOWER, _DETACHED = 0.75, 0.2
# Two parts one above the other are of one character, as the rings of an 8, if together they are at most so high, in
# heights of another part that reaches from one to the other.
_TOGETHER = 1.3
# Parts one above the other are at least so alike in height (a lower one is a detached stroke); at least this share of
# the narrower one is above or below the wider one, and at most this share of the lower one beside the higher one.
_ALIKE, _ABOVE, _BESIDE = 0.6, 0.6, 0.1
# A line is close to the next one if it is no further from it than this, in heights of the lower one.
_CLOSE = 0.15


class CrowdedError(Exception):
    """More parts than so many characters have."""


class GrainError(CrowdedError):
    """So many parts on so little room that they are no characters."""


@dataclass(frozen=True)
class Lines:
    """Parts in lines from top to bottom, each from left to right; a label for each pixel, 0 for none (height, width);
    the usual height of a character, and the width of a stroke, in pixels."""

    lines: list[list[Part]]
    labels: Labels
    height: float
    stroke: float


def find_lines(ink: Grey, most: int) -> Lines:
    """The lines of writing in ink that is bright on 0. Raises CrowdedError for more than `most` parts, GrainError for
    the grain of an image."""
    mask = ink >= INK * (int(ink.max()) / 255)
    # Of booleans cc3d 4.1.1 gives some pixels of a component a label of their own.
    found, count = cc3d.connected_components(mask.view(np.uint8), connectivity=8, return_N=True)
    crowded = GrainError if count * _ROOM > mask.size else CrowdedError
    if count > _SPECKS:
        raise crowded
    labels: Labels = np.asarray(found, np.uint16)
    parts = [Part(label, pixels, *box) for label, pixels, box in measured(labels)]
    height = _usual_height(parts)
    parts = [part for part in parts if max(part.width, part.height) >= _SPECK * height]
    if len(parts) > most:
        raise crowded
    return Lines(_in_lines(parts, height), labels, height, _stroke(mask))


def _usual_height(parts: list[Part]) -> float:
    tallest = max((part.height for part in parts), default=0)
    sizes = [part.height for part in parts if part.height >= _TALL * tallest]
    return float(np.median(sizes)) if sizes else 1.0


def _stroke(mask: NDArray[np.bool_]) -> float:
    """The width of a stroke: the ink's area over half its outline."""
    inner = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    area = int(np.count_nonzero(mask))
    outline = area - int(np.count_nonzero(inner))
    return max(1.0, 2 * area / max(1, outline))


def _in_lines(parts: list[Part], height: float) -> list[list[Part]]:
    """Large parts from left to right, each put to the line whose last one it overlaps most; then the small ones."""
    pairs: list[list[Part]] = []
    large = [part for part in parts if part.height >= _LARGE * height]
    for part in sorted(large, key=lambda one: one.middle):
        mate = next((pair for pair in pairs if _is_pair(pair, part, large)), None)
        if mate is None:
            pairs.append([part])
        else:
            mate.append(part)
    lines: list[list[Part]] = []
    ends: list[Part] = []
    for pair in pairs:
        whole = united(pair)
        best = max(range(len(lines)), key=lambda line: _overlap(ends[line], whole), default=None)
        if best is None or _overlap(ends[best], whole) < _SAME_LINE:
            lines.append(pair)
            ends.append(whole)
        else:
            lines[best] += pair
            ends[best] = whole
    if not lines:
        return [sorted(parts, key=lambda one: one.middle)] if parts else []
    for part in parts:
        if part.height < _LARGE * height:
            min(lines, key=lambda line: _distance(line, part)).append(part)
    lines = [sorted(line, key=lambda one: one.middle) for line in _with_detached(lines)]
    return sorted(lines, key=lambda line: float(np.mean([part.top + part.bottom for part in line])))


def _with_detached(lines: list[list[Part]]) -> list[list[Part]]:
    """Lines without those that have only detached strokes, which go to the lines of their characters."""
    kept: list[list[Part]] = []
    for line in sorted(lines, key=lambda line: -max(part.height for part in line)):
        home = next((other for other in kept if all(_is_detached(part, other) for part in line)), None)
        if home is None:
            kept.append(line)
        else:
            home += line
    return kept


def _is_detached(part: Part, line: list[Part]) -> bool:
    """Whether a part is a detached stroke of a character of the line."""
    return any(
        min(part.right, one.right) > max(part.left, one.left)
        and max(part.top - one.bottom, one.top - part.bottom) <= _DETACHED * one.height
        and part.height <= _MUCH_LOWER * one.height
        for one in line
    )


def _is_pair(pair: list[Part], part: Part, large: list[Part]) -> bool:
    """Whether a part is of one character with another one, as the rings of an 8 are."""
    if len(pair) > 1 or not are_stacked(pair[0], part):
        return False
    upper, lower = sorted([pair[0], part], key=lambda one: one.top)
    between = [one.height for one in large if one.top < upper.bottom and one.bottom > lower.top]
    return lower.bottom - upper.top <= _TOGETHER * max(between, default=0)


def are_stacked(one: Part, other: Part) -> bool:
    """Whether one part is above the other, as the rings of an 8 can be, and neighbours in a line are not."""
    low, high = sorted([one.height, other.height])
    across = min(one.right, other.right) - max(one.left, other.left)
    return low >= _ALIKE * high and across >= _ABOVE * min(one.width, other.width) and _overlap(one, other) <= _BESIDE


def stacks(lines: Sequence[Sequence[Part]]) -> int:
    """How many lines are so close above the next one, and so alike, that both may be parts of one character."""
    wholes = [united(line) for line in lines]
    return sum(
        are_stacked(one, other) and other.top - one.bottom <= _CLOSE * min(one.height, other.height)
        for one, other in pairwise(wholes)
    )


def _overlap(one: Part, other: Part) -> float:
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    return common / min(one.height, other.height)


def _distance(line: list[Part], part: Part) -> float:
    """How far a small part is from the nearest large one of a line."""
    return min(
        max(0, one.left - part.right, part.left - one.right) + 2 * max(0, one.top - part.bottom, part.top - one.bottom)
        for one in line
    )
