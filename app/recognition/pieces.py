"""Pieces: what may be one character, of one part of the writing or of several; and what the classifier says of each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray

from app.recognition.classifier import Classifier, Prediction
from app.recognition.model_card import ModelCard
from app.recognition.parts import CrowdedError, Lines, Part
from app.recognition.preprocessing import NothingDrawnError
from app.recognition.seams import cuts
from app.recognition.segmentation import Grey

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
# Where a cut crosses at least so much ink, in widths of a stroke, both sides may have a stroke in common: so far from
# the cut, in widths of a stroke.
_SHARED, _REACH = 1.2, 1.0
# Probabilities below e to this are all alike.
_LEAST = -12.0


@dataclass(frozen=True)
class Piece:
    """The parts from `first` to `last` of a line, which may be one character: its box, the end exclusive, the network's
    input, and its prediction. `evidence` is the logarithm of the probability that it is what the prediction says."""

    first: int
    last: int
    box: tuple[int, int, int, int]
    seen: Grey
    prediction: Prediction
    evidence: float


Run = tuple[int, int]
Box = tuple[int, int, int, int]


def pieces_of(
    line: Sequence[Part], lines: Lines, ink: Grey, classifier: Classifier, most: int
) -> tuple[list[Part], list[Piece]]:
    """The parts of a line, cut where characters may touch, and all pieces of them, classified.

    Raises CrowdedError for more pieces than `most`.
    """
    whole = _classified(line, _runs(line, lines.height), lines, ink, classifier)
    divided, origins = _cut(line, whole, lines)
    if len(divided) == len(line):
        return divided, list(whole.values())
    pieces: list[Piece] = []
    new: list[Run] = []
    for first, last in _runs(divided, lines.height):
        begins = first == 0 or origins[first - 1] != origins[first]
        ends = last == len(divided) - 1 or origins[last + 1] != origins[last]
        if not (begins and ends):
            new.append((first, last))
    if len(whole) + len(new) > most:
        raise CrowdedError
    starts = {origin: index for index, origin in reversed(list(enumerate(origins)))}
    ends_of = {origin: index for index, origin in enumerate(origins)}
    for (first, last), piece in whole.items():
        pieces.append(Piece(starts[first], ends_of[last], *list(vars(piece).values())[2:]))
    return divided, pieces + list(_classified(divided, new, lines, ink, classifier).values())


def _cut(line: Sequence[Part], whole: dict[Run, Piece], lines: Lines) -> tuple[list[Part], list[int]]:
    """The parts after cutting, and the place in the line of the part that each was cut out of."""
    divided: list[Part] = []
    origins: list[int] = []
    label = int(lines.labels.max()) + 1
    for index, part in enumerate(line):
        own = [part]
        if _may_touch(part, whole.get((index, index)), lines.height):
            own = cuts(lines, part, label)
            label += len(own)
        divided += own
        origins += [index] * len(own)
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
            left, top, right, bottom = _box(parts[first : last + 1])
            if last > first and (
                right - left > _WIDEST * height
                or parts[last].left - max(part.right for part in parts[first:last]) > _WIDEST_GAP * height
            ):
                break
            cut = parts[first].cut or (last + 1 < len(parts) and parts[last + 1].cut)
            if not cut or (bottom - top >= _LEAST_HIGH * height and right - left >= _LEAST_WIDE * height):
                runs.append((first, last))
    return runs


def _box(parts: Sequence[Part]) -> tuple[int, int, int, int]:
    return (
        min(part.left for part in parts),
        min(part.top for part in parts),
        max(part.right for part in parts),
        max(part.bottom for part in parts),
    )


def _classified(
    parts: Sequence[Part], runs: Sequence[Run], lines: Lines, ink: Grey, classifier: Classifier
) -> dict[Run, Piece]:
    prepare = classifier.model.preprocessing.from_ink
    found: list[tuple[Run, Box, Grey]] = []
    for first, last in runs:
        chosen = parts[first : last + 1]
        left, top, right, bottom = box = _box(chosen)
        labels = lines.labels[top:bottom, left:right]
        mask = labels == chosen[0].label
        for part in chosen[1:]:
            mask |= labels == part.label
        with suppress(NothingDrawnError):  # faint specks beside stronger ink
            found.append(((first, last), box, prepare(ink[top:bottom, left:right] * mask)))
            if _shares(parts, first, last):
                found.append(((first, last), box, prepare(_with_shared(mask, box, parts, (first, last), lines, ink))))
    best: dict[Run, Piece] = {}
    judged = classifier.judge([seen for _, _, seen in found])
    for (run, box, seen), (prediction, margin) in zip(found, judged, strict=True):
        likely = evidence(prediction, margin, classifier.model)
        if run not in best or likely > best[run].evidence:
            best[run] = Piece(*run, box, seen, prediction, likely)
    return best


def _shares(parts: Sequence[Part], first: int, last: int) -> bool:
    """Whether a piece may have a stroke in common with a neighbour that it was cut from."""
    following = parts[last + 1].cut if last + 1 < len(parts) else 0.0
    return max(parts[first].cut, following) >= _SHARED


def _with_shared(mask: NDArray[np.bool_], box: Box, parts: Sequence[Part], run: Run, lines: Lines, ink: Grey) -> Grey:
    """The ink of a piece and, along its cuts, that of its neighbours as far as a stroke is wide."""
    reach = round(lines.stroke * _REACH)
    left, top, right, bottom = box
    start, end = max(0, left - reach), min(ink.shape[1], right + reach)
    own = np.zeros((bottom - top, end - start), np.int32)
    own[:, left - start : right - start] = mask
    sums = np.pad(own.cumsum(1), ((0, 0), (reach + 1, reach)), "edge")
    sums[:, : reach + 1] = 0
    near = sums[:, 2 * reach + 1 :] > sums[:, : -2 * reach - 1]
    labels = lines.labels[top:bottom, start:end]
    neighbours = np.zeros(int(lines.labels.max()) + 1, np.bool_)
    for step, index in ((-1, run[0]), (1, run[1] + 1)):
        # From the cut on outwards, as far as cuts follow each other.
        while 0 <= index < len(parts) and parts[index].cut:
            neighbours[parts[index + min(step, 0)].label] = True
            index += step
    shared = near & (neighbours[labels] | (own > 0))
    return ink[top:bottom, start:end] * shared


def evidence(prediction: Prediction, margin: float, model: ModelCard) -> float:
    """The logarithm of the probability that something is a character, and this one or one that looks like it."""
    sureness = min(1.0, model.sureness(prediction.label, prediction.probabilities))
    return max(_LEAST, log(sureness) - (log1p(exp(-margin)) if margin > _LEAST else -margin))
