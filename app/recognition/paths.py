"""The best path through a line of writing: which of its parts make up which characters.

A piece is right with a probability that its evidence, its size and its cuts tell (logistic regression). The best path
has the pieces that are most likely right together, as if each were right or wrong on its own: those whose log-odds have
the highest sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import NamedTuple

from app.recognition.parts import Part
from app.recognition.pieces import Piece

# Sizes, in usual heights of a character, beyond which a piece is short, wide or slim.
_SHORT, _WIDE, _SLIM = 0.85, 0.9, 0.3
# Evidence below this says more than its own weight.
_LOW = -2.0


@dataclass(frozen=True)
class Weights:
    """Of a piece's log-odds of being right. benchmarks/reading_weights.py fits them, but for the last four."""

    bias: float = 3.46
    evidence: float = -0.76
    # The square root of the probability that the classifier is wrong.
    doubt: float = -6.15
    low: float = 0.94
    short: float = -6.34
    wide: float = -3.37
    # How many parts it has that are not joined.
    loose: float = -1.05
    # Sides on which it is cut, and how much ink the cuts cross, in widths of a stroke.
    cuts: float = -0.83
    crossed: float = -0.25
    cut_slim: float = -45.45
    cut_short: float = -3.24
    # How little its parts are to be trusted.
    distrust: float = -4.0
    # Log-odds of a part's being no writing: of any, and for its size if it can be trusted.
    nothing: float = -0.5
    nothing_size: float = -4.0
    # What makes everything one character if it is as likely as the least likely of several.
    alone: float = -1.0


WEIGHTS = Weights()
# On photographs there is more that is no writing.
PHOTOGRAPHED = replace(WEIGHTS, nothing=-0.5, nothing_size=-2.0)


class Path(NamedTuple):
    """The pieces of a path, from left to right; parts that are in none of them are no writing. And the log-odds of the
    least likely of its pieces, and of those parts."""

    pieces: list[Piece]
    worst: float


def best_path(parts: Sequence[Part], pieces: Sequence[Piece], height: float, weights: Weights = WEIGHTS) -> Path:
    """The best path through a line whose characters are usually of this height."""
    ending: list[list[tuple[Piece, float]]] = [[] for _ in parts]
    for piece in pieces:
        ending[piece.last].append((piece, sum(weighted(features(piece, parts, height), weights))))
    best = [0.0]
    steps: list[tuple[Piece | None, float]] = []
    for index, part in enumerate(parts):
        own = weights.nothing + weights.nothing_size * part.trust * max(part.width, part.height) / height
        chosen: tuple[Piece | None, float] = None, own
        score = best[index] + own
        for piece, own in ending[index]:
            if best[piece.first] + own > score:
                score, chosen = best[piece.first] + own, (piece, own)
        best.append(score)
        steps.append(chosen)
    path: list[Piece] = []
    worst, index = 0.0, len(parts)
    while index:
        taken, own = steps[index - 1]
        worst = min(worst, own)
        if taken:
            path.append(taken)
        index = taken.first if taken else index - 1
    return Path(path[::-1], worst)


def alone_score(evidence: float, box: tuple[int, int, int, int], weights: Weights = WEIGHTS) -> float:
    """The log-odds of everything's being one character."""
    width, height = box[2] - box[0], box[3] - box[1]
    seen = {**_seen(evidence), "wide": max(0.0, width / height - _WIDE)}
    return weights.alone + sum(weighted(seen, weights))


def weighted(found: dict[str, float], weights: Weights) -> list[float]:
    """Each feature by its weight."""
    return [getattr(weights, name) * value for name, value in found.items()]


def features(piece: Piece, parts: Sequence[Part], height: float) -> dict[str, float]:
    """What tells whether a piece is right, by the names of the weights."""
    left, top, right, bottom = piece.box
    width, high = (right - left) / height, (bottom - top) / height
    following = parts[piece.last + 1].cut if piece.last + 1 < len(parts) else 0.0
    cuts = [cut for cut in (parts[piece.first].cut, following) if cut]
    short = max(0.0, log(_SHORT / high))
    return {
        **_seen(piece.evidence),
        "short": short,
        "wide": max(0.0, width - _WIDE),
        "loose": sum(not part.cut for part in parts[piece.first + 1 : piece.last + 1]),
        "cuts": len(cuts),
        "crossed": sum(cuts),
        "cut_slim": len(cuts) * max(0.0, _SLIM - width),
        "cut_short": len(cuts) * short,
        "distrust": 1 - min(part.trust for part in parts[piece.first : piece.last + 1]),
    }


def _seen(evidence: float) -> dict[str, float]:
    return {
        "bias": 1.0,
        "evidence": evidence,
        "doubt": (1 - exp(evidence)) ** 0.5,
        "low": min(0.0, evidence - _LOW),
    }
