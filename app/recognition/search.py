"""The search for the pieces of a line: which of all that may be characters are worth classifying.

Every part alone is classified, and cut if it may be several characters. Any other piece is classified only if, with the
most that the classifier can say for it, it would be on a better path than the best one through the pieces classified
already: branch and bound (Land and Doig, "An automatic method of solving discrete programming problems", 1960).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isinf

from app.recognition.lines import CrowdedError
from app.recognition.parts import Part, box_around
from app.recognition.paths import Step, Weights, features, most, omitted, scored, through
from app.recognition.pieces import Candidate, Judge, Piece, may_share
from app.recognition.seams import SEAM_ROWS, cuts

# The first and the last of some parts.
Run = tuple[int, int]

# A character has at most so many parts, is at most so wide, in heights, and no gap between its parts is wider.
_MOST_PARTS = 5
_WIDEST = 1.5
_WIDEST_GAP = 0.45
# What was cut off is at least so high and so wide, in heights: of digits that touch hardly any is less.
_LEAST_HIGH, _LEAST_WIDE = 0.5, 0.15
# A part may be cut if it is as wide and as high as these shares of the usual height, ...
_SLIM, _LOW = 0.45, 0.3
# ... and has not so much evidence for being a character, or is wider than a character is in heights.
_SURE, _BROAD = -0.05, 1.15
# Where more parts than this may be cut, if it is alike in all lines, seams are looked for on half as many rows.
_FEW_TOUCHING = 3
# A piece that can score no more than this is on no best path.
_HOPELESS = -2.5
# Beside the parts alone at most so many pieces of all lines are classified, one more for each part, and so many more
# for each height of the width of what was cut: so many at once, or one for so many parts. Without such a limit 1,487 of
# 1,600 numbers by validation writers are read right instead of 1,483, and the slowest takes 27 instead of 16 ms.
_FEW, _EACH_HEIGHT = 10, 1.0
_AT_ONCE, _PARTS = 6, 3


def pieces_of(
    line: Sequence[Part], judge: Judge, weights: Weights, limit: int, patience: float = 1
) -> tuple[list[Part], list[Piece]]:
    """The parts of a line, cut where characters may touch; and the pieces of them that were classified, among which are
    those of the best path. With more `patience` so many times as many are; if it is infinite, all.

    Raises CrowdedError for more pieces than the `limit`.
    """
    height = judge.lines.height
    alone = {
        piece.first: piece for piece in judge.judged(line, [Candidate(place, place) for place in range(len(line))])
    }
    parts, origins = _cut(line, alone, judge)
    starts = {origin: place for place, origin in reversed(list(enumerate(origins)))}
    ends = {origin: place for place, origin in enumerate(origins)}
    begin, end = set(starts.values()), set(ends.values())
    new = {Candidate(starts[first], ends[last]) for first, last in _runs(line, height) if first < last}
    new |= {Candidate(*run) for run in _runs(parts, height) if run[0] not in begin or run[1] not in end}
    cut = sum(part.width for place, part in enumerate(line) if ends[place] > starts[place])
    room = patience * (_FEW / len(judge.lines.lines) + len(line) + _EACH_HEIGHT * cut / height)
    if len(line) + min(len(new), room) > limit:
        raise CrowdedError
    search = _Search(parts, judge, weights)
    search.add(replace(piece, first=starts[place], last=ends[place]) for place, piece in alone.items())
    search.open(new)
    while room >= 1 and (best := search.unclassified(isinf(patience))):
        chosen = best if isinf(patience) else best[: min(int(room), max(_AT_ONCE, len(parts) // _PARTS))]
        search.classify(chosen)
        room -= len(chosen)
    return parts, list(search.found.values())


class _Search:
    """Pieces of a line's parts that were classified, and candidates with the most that each can score."""

    def __init__(self, parts: Sequence[Part], judge: Judge, weights: Weights) -> None:
        self.found: dict[Run, Piece] = {}
        self._parts, self._judge, self._weights = parts, judge, weights
        self._omitted = omitted(parts, judge.lines.height, weights)
        self._scores: dict[Run, float] = {}
        self._bounds: dict[Candidate, float] = {}

    def add(self, pieces: Iterable[Piece]) -> None:
        """Pieces that were classified. Of two of the same parts the one with the better score counts."""
        for piece in pieces:
            run = piece.first, piece.last
            score = scored(features(piece, self._parts, self._judge.lines.height), self._weights)
            if run not in self.found or score > self._scores[run]:
                self.found[run], self._scores[run] = piece, score

    def open(self, candidates: Iterable[Candidate]) -> None:
        """Candidates, of which those are kept that can be on a path."""
        for one in candidates:
            bound = most(one.first, one.last, self._parts, self._judge.lines.height, self._weights)
            if bound >= _HOPELESS:
                self._bounds[one] = bound

    def unclassified(self, everything: bool) -> list[Candidate]:
        """The candidates that may be on a better path than the best of those so far, the likeliest first; or all."""
        candidates = sorted(self._bounds)
        if everything or not candidates:
            return candidates
        steps = [*self._omitted, *(Step(*run, score) for run, score in self._scores.items())]
        best = max(through(len(self._parts), steps))
        steps += [Step(one.first, one.last, self._bounds[one]) for one in candidates]
        reach = through(len(self._parts), steps)[-len(candidates) :]
        better = [(score, one) for score, one in zip(reach, candidates, strict=True) if score > best]
        return [one for _, one in sorted(better, reverse=True)]

    def classify(self, candidates: Sequence[Candidate]) -> None:
        """Classify candidates. Where one is in doubt beside a cut, it is one once more, with the stroke that it may
        share with its neighbour."""
        for one in candidates:
            del self._bounds[one]
        pieces = self._judge.judged(self._parts, candidates)
        self.add(pieces)
        self.open(
            Candidate(piece.first, piece.last, shared=True)
            for piece in pieces
            if Candidate(piece.first, piece.last) in candidates and may_share(self._parts, piece)
        )


def _cut(line: Sequence[Part], alone: Mapping[int, Piece], judge: Judge) -> tuple[list[Part], list[int]]:
    """The parts after cutting, and the place in the line of the part that each was cut out of."""
    divided: list[Part] = []
    origins: list[int] = []
    label = int(judge.lines.labels.max()) + 1
    touching = [place for place, part in enumerate(line) if _may_touch(part, alone.get(place), judge.lines.height)]
    rows = SEAM_ROWS if len(touching) * len(judge.lines.lines) <= _FEW_TOUCHING else SEAM_ROWS // 2
    for place, part in enumerate(line):
        own = [part]
        if place in touching:
            own = cuts(judge.lines, part, label, rows)
            label += len(own)
        divided += own
        origins += [place] * len(own)
    return divided, origins


def is_sure(part: Part, evidence: float, height: float) -> bool:
    """Whether a part is one character for sure, as characters of this usual height are."""
    return part.width <= _BROAD * max(height, part.height) and evidence >= _SURE


def _may_touch(part: Part, alone: Piece | None, height: float) -> bool:
    if part.width < _SLIM * height or part.height < _LOW * height:
        return False
    return alone is None or not is_sure(part, alone.evidence, height)


def _runs(parts: Sequence[Part], height: float) -> list[Run]:
    """The first and the last part of all that may be one character, by size alone."""
    runs: list[Run] = []
    for first in range(len(parts)):
        for last in range(first, min(first + _MOST_PARTS, len(parts))):
            left, top, right, bottom = box_around(parts[first : last + 1])
            if last > first and (
                right - left > _WIDEST * height
                or parts[last].left - max(part.right for part in parts[first:last]) > _WIDEST_GAP * height
            ):
                break
            cut = parts[first].cut or (last + 1 < len(parts) and parts[last + 1].cut)
            if not cut or (bottom - top >= _LEAST_HIGH * height and right - left >= _LEAST_WIDE * height):
                runs.append((first, last))
    return runs
