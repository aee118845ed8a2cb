"""The best path through a line of writing: which of its parts make up which characters.

A path's score is the sum of its pieces' scores, and of the scores of the parts that it leaves out. A piece's score is
linear in what its evidence, its size and its cuts say: a conditional random field over segmentations (Sarawagi and
Cohen, "Semi-Markov conditional random fields for information extraction", 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, NamedTuple

from app.recognition.parts import Part, united

if TYPE_CHECKING:
    from app.recognition.pieces import Piece

# Sizes, in usual heights of a character, beyond which a piece is short or wide.
_SHORT, _WIDE = 0.85, 0.9
# A part that was cut can be left out as a whole, as a currency sign is, if it is no wider than this in heights.
_SYMBOL = 0.9
# So many parts at each end of a line can be left out together.
BESIDE = 8
# Margins above this say no more: hardly anything has a greater one.
_KNOWN = 10.0


@dataclass(frozen=True)
class Weights:
    """What each feature adds to a score. benchmarks/reading_weights.py fits them, but for `loose`, `distrust`,
    `alone` and what stands beside drawn numbers, which hardly ever is a sign."""

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
    # How little its parts are to be trusted.
    distrust: float = -4.0
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
# On photographs there is more that is no writing, and there are signs beside amounts. Chosen on amounts with and
# without signs and on photographs, as the fit leaves out more digits with them.
PHOTOGRAPHED = replace(WEIGHTS, nothing=0.1, nothing_size=-1.6, beside=0.0, beside_size=-0.6, distrust=-3.1)


class Path(NamedTuple):
    """The pieces of a path, from left to right; parts that are in none of them are no writing. And its score."""

    pieces: list[Piece]
    score: float


def best_path(parts: Sequence[Part], pieces: Sequence[Piece], height: float, weights: Weights = WEIGHTS) -> Path:
    """The best path through a line whose characters are usually of this height."""
    ending: list[list[tuple[Piece, float]]] = [[] for _ in parts]
    for piece in pieces:
        ending[piece.last].append((piece, scored(features(piece, parts, height), weights)))
    best = [0.0]
    steps: list[tuple[int, Piece | None]] = []
    begun = 0  # where the part began that this one was cut out of
    for index, part in enumerate(parts):
        begun = begun if part.cut else index
        chosen: Piece | None = None
        before, score = index, best[index] + scored(left_out(part, height), weights)
        if begun < index and not (index + 1 < len(parts) and parts[index + 1].cut):
            one = united(parts[begun : index + 1])
            whole = best[begun] + scored(left_out(one, height), weights)
            if whole > score and one.width <= _SYMBOL * height:
                before, score = begun, whole
        if index < BESIDE:
            whole = scored(beside(parts[: index + 1], height), weights)
            if whole > score:
                before, score = 0, whole
        for piece, own in ending[index]:
            if best[piece.first] + own > score:
                before, score, chosen = piece.first, best[piece.first] + own, piece
        best.append(score)
        steps.append((before, chosen))
    path: list[Piece] = []
    ends = {
        index: best[index] + scored(beside(parts[index:], height), weights)
        for index in range(max(0, len(parts) - BESIDE), len(parts))
    }
    index = max((len(parts), *ends), key=lambda index: ends.get(index, best[-1]))
    score = ends.get(index, best[-1])
    while index:
        index, taken = steps[index - 1]
        if taken:
            path.append(taken)
    return Path(path[::-1], score)


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


def alone(margin: float, box: tuple[int, int, int, int]) -> dict[str, float]:
    """The features of everything as one character."""
    width, height = box[2] - box[0], box[3] - box[1]
    return {"bias": 1.0, "known": min(margin, _KNOWN), "alone": 1.0, "wide": max(0.0, width / height - _WIDE)}


def most(first: int, last: int, parts: Sequence[Part], height: float) -> float:
    """The most that some parts together can score, whatever they look like: by their sizes and cuts alone."""
    return scored(_features(first, last, parts, height, _KNOWN), WEIGHTS)


def features(piece: Piece, parts: Sequence[Part], height: float) -> dict[str, float]:
    """The features of a piece, by the names of the weights."""
    return _features(piece.first, piece.last, parts, height, piece.margin)


def _features(first: int, last: int, parts: Sequence[Part], height: float, margin: float) -> dict[str, float]:
    whole = united(parts[first : last + 1])
    cuts = [part for part in (parts[first], *parts[last + 1 : last + 2]) if part.cut]
    short = max(0.0, log(_SHORT * height / whole.height))
    return {
        "bias": 1.0,
        "known": min(margin, _KNOWN),
        "short": short,
        "wide": max(0.0, whole.width / height - _WIDE),
        "loose": sum(not part.cut for part in parts[first + 1 : last + 1]),
        "cuts": len(cuts),
        "border": sum(part.border for part in cuts),
        "cut_short": len(cuts) * short,
        "distrust": 1 - whole.trust,
    }
