"""The best path through a line of writing: which of its parts make up which characters.

A path's score is the sum of its pieces' scores, and of the scores of the parts that it leaves out. A piece's score is
linear in what its evidence, its size and its cuts say: a conditional random field over segmentations (Sarawagi and
Cohen, "Semi-Markov conditional random fields for information extraction", 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

from app.recognition.parts import Part, united

if TYPE_CHECKING:
    from app.recognition.pieces import Piece

# Sizes, in usual heights of a character, beyond which a piece is short, wide or slim.
_SHORT, _WIDE, _SLIM = 0.85, 0.9, 0.3
# A part that was cut can be left out as a whole, as a currency sign is, if it is no wider than this in heights.
_SYMBOL = 0.9
# Evidence below this says more than its own weight.
_LOW = -2.0


@dataclass(frozen=True)
class Weights:
    """What each feature adds to a score. benchmarks/reading_weights.py fits them, but for `distrust` and `alone`."""

    bias: float = 2.40
    evidence: float = -0.56
    # The square root of the probability that the classifier is wrong.
    doubt: float = -5.39
    low: float = 0.70
    short: float = -8.15
    wide: float = -8.42
    # How many parts it has that are not joined.
    loose: float = -1.33
    # Sides on which it is cut, and how much ink the cuts cross, in widths of a stroke.
    cuts: float = -0.82
    crossed: float = -0.15
    cut_slim: float = -4.76
    cut_short: float = -0.35
    # How little its parts are to be trusted.
    distrust: float = -4.0
    # A part's being no writing: of any, and for its size if it can be trusted.
    nothing: float = -1.16
    nothing_size: float = -7.01
    # Everything's being one character. With the fit's -5.6, 16 of 2,253 single characters are read as several; now 7.
    alone: float = 0.50


WEIGHTS = Weights()
# On photographs there is more that is no writing.
PHOTOGRAPHED = replace(WEIGHTS, nothing=-0.5, nothing_size=-1.75)


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
        for piece, own in ending[index]:
            if best[piece.first] + own > score:
                before, score, chosen = piece.first, best[piece.first] + own, piece
        best.append(score)
        steps.append((before, chosen))
    path: list[Piece] = []
    index = len(parts)
    while index:
        index, taken = steps[index - 1]
        if taken:
            path.append(taken)
    return Path(path[::-1], best[-1])


def scored(found: dict[str, float], weights: Weights) -> float:
    """The sum of features, each by its weight."""
    return float(sum(getattr(weights, name) * value for name, value in found.items()))


def left_out(part: Part, height: float) -> dict[str, float]:
    """The features of a part that is no writing."""
    return {"nothing": 1.0, "nothing_size": part.trust * max(part.width, part.height) / height}


def alone(evidence: float, box: tuple[int, int, int, int]) -> dict[str, float]:
    """The features of everything as one character."""
    width, height = box[2] - box[0], box[3] - box[1]
    return {**_seen(evidence), "alone": 1.0, "wide": max(0.0, width / height - _WIDE)}


def most(first: int, last: int, parts: Sequence[Part], height: float) -> float:
    """The most that some parts together can score, whatever they look like: by their sizes and cuts alone."""
    return scored(_features(first, last, parts, height, evidence=0.0), WEIGHTS)


def features(piece: Piece, parts: Sequence[Part], height: float) -> dict[str, float]:
    """The features of a piece, by the names of the weights."""
    return _features(piece.first, piece.last, parts, height, piece.evidence)


def _features(first: int, last: int, parts: Sequence[Part], height: float, evidence: float) -> dict[str, float]:
    whole = united(parts[first : last + 1])
    width, high = whole.width / height, whole.height / height
    following = parts[last + 1].cut if last + 1 < len(parts) else 0.0
    cuts = [cut for cut in (parts[first].cut, following) if cut]
    short = max(0.0, log(_SHORT / high))
    return {
        **_seen(evidence),
        "short": short,
        "wide": max(0.0, width - _WIDE),
        "loose": sum(not part.cut for part in parts[first + 1 : last + 1]),
        "cuts": len(cuts),
        "crossed": sum(cuts),
        "cut_slim": len(cuts) * max(0.0, _SLIM - width),
        "cut_short": len(cuts) * short,
        "distrust": 1 - whole.trust,
    }


def _seen(evidence: float) -> dict[str, float]:
    return {
        "bias": 1.0,
        "evidence": evidence,
        "doubt": (1 - exp(evidence)) ** 0.5,
        "low": min(0.0, evidence - _LOW),
    }
