"""The best path through a line of writing: which parts of it make up which characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple

from app.recognition.parts import Part
from app.recognition.pieces import Piece


@dataclass(frozen=True)
class Costs:
    """What counts against a path, in the unit of the evidence: nats. benchmarks/reading.py chose them on validation."""

    character: float = 0.5
    gap: float = 20.0
    cut: float = 1.2
    crossing: float = 1.1
    low: float = 1.4
    wide: float = 7.0
    wide_from: float = 0.84
    skipped: float = 0.7
    skipped_size: float = 6.7
    alone: float = 0.0


COSTS = Costs()


class Path(NamedTuple):
    """The pieces of a path, from left to right; parts that are in none of them are no writing. Its score is in nats."""

    pieces: list[Piece]
    score: float


def best_path(parts: Sequence[Part], pieces: Sequence[Piece], height: float, costs: Costs = COSTS) -> Path:
    """The path of the highest score through a line whose characters are usually of this height."""
    ending: list[list[Piece]] = [[] for _ in parts]
    for piece in pieces:
        ending[piece.last].append(piece)
    best = [0.0]
    chosen: list[Piece | None] = []
    for index, part in enumerate(parts):
        size = max(part.width, part.height) / height
        score, last = best[index] - costs.skipped - costs.skipped_size * size, None
        for piece in ending[index]:
            own = best[piece.first] + score_of(piece, parts, height, costs)
            if own > score:
                score, last = own, piece
        best.append(score)
        chosen.append(last)
    path: list[Piece] = []
    index = len(parts)
    while index:
        piece = chosen[index - 1]
        if piece:
            path.append(piece)
        index = piece.first if piece else index - 1
    return Path(path[::-1], best[-1])


def single_score(evidence: float, box: tuple[int, int, int, int], costs: Costs) -> float:
    """The score of everything as one character, in which there may be gaps."""
    width, height = box[2] - box[0], box[3] - box[1]
    return evidence + costs.alone - costs.character - costs.wide * max(0.0, width / height - costs.wide_from)


def score_of(piece: Piece, parts: Sequence[Part], height: float, costs: Costs) -> float:
    """The evidence for one piece, less what speaks against it."""
    left, top, right, bottom = piece.box
    score = piece.evidence - costs.character
    reach = parts[piece.first].right
    for part in parts[piece.first + 1 : piece.last + 1]:
        if not part.cut:
            score -= costs.gap * max(0.0, (part.left - reach) / height)
        reach = max(reach, part.right)
    if parts[piece.first].cut:
        score -= costs.cut + costs.crossing * parts[piece.first].cut
    size = max(bottom - top, 0.5 * (right - left)) / height
    score -= costs.low * max(0.0, log(0.8 / size)) ** 2
    score -= costs.wide * max(0.0, (right - left) / height - costs.wide_from)
    return score
