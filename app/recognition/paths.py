"""The best path through a line of writing: which of its parts make up which characters.

A path's score is the sum of its pieces' scores, and of the scores of the parts that it leaves out. A piece's score is
linear in what its evidence, its size and its cuts say: a conditional random field over segmentations (Sarawagi and
Cohen, "Semi-Markov conditional random fields for information extraction", 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from app.recognition.boxes import Box
from app.recognition.lines import are_stacked
from app.recognition.parts import Part, box_around, united

if TYPE_CHECKING:
    from app.recognition.pieces import Piece

# Sizes, in usual heights of a character, beyond which a piece is short or wide.
_SHORT, _WIDE = 0.85, 0.9
# A part that was cut can be left out as a whole, as a currency sign is, if it is no wider than this in heights.
_SYMBOL = 0.9
# So many parts at each end of a line can be left out together.
BESIDE = 8
# Margins above this say no more: hardly anything has a greater one. Most characters that are read right have about as
# much as the second, which is what a piece is thought to have before it is classified.
_KNOWN, _HOPED = 10.0, 8.7


@dataclass(frozen=True)
class Weights:
    """What each feature adds to a score. benchmarks/reading_weights.py fits them, but for `loose`, `stacked`,
    `distrust`, `pale`, `alone` and what stands beside drawn numbers, which hardly ever is a sign."""

    bias: float = 0.90
    # By how much the classifier knows it.
    known: float = 0.61
    short: float = -5.75
    wide: float = -10.23
    # How many parts it has that are not joined.
    loose: float = 0.0
    # Sides on which it is cut, how much these look like borders between characters, and its being short with them.
    cuts: float = -6.32
    border: float = 0.32
    cut_short: float = -0.77
    # Sides on which the next part is above or below it, not beside it.
    stacked: float = -7.0
    # How little its parts are to be trusted.
    distrust: float = -4.0
    # How much paler it is than most of the ink, as print is beside writing.
    pale: float = 0.0
    # A part's being no writing: of any, and for its size if it can be trusted.
    nothing: float = -1.93
    nothing_size: float = -4.98
    # What stands before the first character of a line, or behind the last one, being no writing: as a whole.
    beside: float = -6.0
    beside_size: float = -6.0
    # Everything's being one character. Fitted it was 0.5, but most drawings are of one: so 3 of 11 single ones of 2,253
    # that were read as two are read as one, for 2 of 100 pairs that touch.
    alone: float = 1.5


WEIGHTS = Weights()
# On photographs and scans there is more that is no writing, and there are signs beside amounts. Chosen by what is read
# right (benchmarks/scan_weights.py): the most probable weights leave out digits.
PHOTOGRAPHED = replace(
    WEIGHTS,
    bias=0.01,
    known=0.66,
    short=-10.05,
    wide=-3.37,
    loose=-0.38,
    cut_short=-1.14,
    distrust=-1.87,
    pale=-12.90,
    nothing=-0.59,
    nothing_size=-2.27,
    beside=-0.83,
    beside_size=-0.29,
)


class Step(NamedTuple):
    """A step of a path, the parts from `first` to `last` as one piece, or None for no writing; and its score."""

    first: int
    last: int
    score: float
    piece: Piece | None = None


class Path(NamedTuple):
    """The pieces of a path, from left to right; parts that are in none of them are no writing. And its score."""

    pieces: list[Piece]
    score: float


def best_path(parts: Sequence[Part], pieces: Sequence[Piece], height: float, weights: Weights = WEIGHTS) -> Path:
    """The best path through a line whose characters are usually of this height."""
    steps = omitted(parts, height, weights)
    steps += [Step(piece.first, piece.last, scored(features(piece, parts, height), weights), piece) for piece in pieces]
    return best_of(len(parts), steps)


def best_of(count: int, steps: Sequence[Step]) -> Path:
    """The best path of these steps through so many parts."""
    scores, taken = forward(count, steps)
    path: list[Piece] = []
    while count:
        step = taken[count - 1]
        count = step.first
        if step.piece:
            path.append(step.piece)
    return Path(path[::-1], scores[-1])


def through(count: int, steps: Sequence[Step]) -> list[float]:
    """For each step through so many parts, the score of the best path that takes it."""
    before, _ = forward(count, steps)
    mirrored, _ = forward(count, [Step(count - 1 - step.last, count - 1 - step.first, step.score) for step in steps])
    return [before[step.first] + step.score + mirrored[count - 1 - step.last] for step in steps]


def forward(count: int, steps: Sequence[Step]) -> tuple[list[float], list[Step]]:
    """The best score up to each part, beginning with 0 before the first, and the last step of each of these paths."""
    ending: list[list[Step]] = [[] for _ in range(count)]
    for step in steps:
        ending[step.last].append(step)
    best, taken = [0.0], []
    for some in ending:
        score, step = max(((best[step.first] + step.score, step) for step in some), key=itemgetter(0))
        best.append(score)
        taken.append(step)
    return best, taken


def omitted(parts: Sequence[Part], height: float, weights: Weights) -> list[Step]:
    """The steps that leave out parts."""
    return [Step(first, last, scored(found, weights)) for first, last, found in omissions(parts, height)]


def omissions(parts: Sequence[Part], height: float) -> Iterator[tuple[int, int, dict[str, float]]]:
    """The first and the last of all parts that can be left out together, and the features of that: each alone, those
    that a symbol was cut into, and some at both ends of the line."""
    begun, count = 0, len(parts)
    for index, part in enumerate(parts):
        yield index, index, left_out(part, height)
        begun = begun if part.cut else index
        if begun < index and not (index + 1 < count and parts[index + 1].cut):
            whole = united(parts[begun : index + 1])
            if whole.width <= _SYMBOL * height:
                yield begun, index, left_out(whole, height)
    for last in range(min(BESIDE, count)):
        yield 0, last, beside(parts[: last + 1], height)
    for first in range(max(1, count - BESIDE), count):
        yield first, count - 1, beside(parts[first:], height)


def scored(found: dict[str, float], weights: Weights) -> float:
    """The sum of features, each by its weight."""
    return float(sum(getattr(weights, name) * value for name, value in found.items()))


def left_out(part: Part, height: float) -> dict[str, float]:
    """The features of a part that is no writing."""
    return {"nothing": 1.0, "nothing_size": part.trust * max(part.width, part.height) / height}


def beside(parts: Sequence[Part], height: float) -> dict[str, float]:
    """The features of parts at one end of a line that are no writing, such as a currency sign."""
    whole = united(parts)
    return {"beside": 1.0, "beside_size": whole.trust * max(whole.width, whole.height) / height}


def alone(margin: float, box: Box) -> dict[str, float]:
    """The features of everything as one character."""
    width, height = box[2] - box[0], box[3] - box[1]
    return {"bias": 1.0, "known": min(margin, _KNOWN), "alone": 1.0, "wide": max(0.0, width / height - _WIDE)}


def most(first: int, last: int, parts: Sequence[Part], height: float, weights: Weights = WEIGHTS) -> float:
    """The most that some parts together may score: by their sizes and cuts, if they look like a character."""
    return scored(_features(first, last, parts, height, _HOPED), weights)


def features(piece: Piece, parts: Sequence[Part], height: float) -> dict[str, float]:
    """The features of a piece, by the names of the weights."""
    return _features(piece.first, piece.last, parts, height, piece.margin)


def _features(first: int, last: int, parts: Sequence[Part], height: float, margin: float) -> dict[str, float]:
    own = parts[first : last + 1]
    cuts = [part for part in (parts[first], *parts[last + 1 : last + 2]) if part.cut]
    sides = [(parts[place - 1], parts[place]) for place in (first, last + 1) if 0 < place < len(parts)]
    left, top, right, bottom = box_around(own)
    short, pixels = max(0.0, log(_SHORT * height / (bottom - top))), sum(part.pixels for part in own)
    return {
        "bias": 1.0,
        "known": min(margin, _KNOWN),
        "short": short,
        "wide": max(0.0, (right - left) / height - _WIDE),
        "loose": sum(not part.cut for part in own[1:]),
        "cuts": len(cuts),
        "border": sum(part.border for part in cuts),
        "cut_short": len(cuts) * short,
        "stacked": sum(are_stacked(*side) for side in sides),
        "distrust": 1 - min(part.trust for part in own),
        "pale": sum(part.pale * part.pixels for part in own) / pixels,
    }
