"""Pieces: what may be one character, of one part of the writing or of several; and what the classifier says of each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import exp, log, log1p

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
    found: dict[Run, tuple[tuple[int, int, int, int], Grey]] = {}
    for first, last in runs:
        chosen = parts[first : last + 1]
        left, top, right, bottom = box = _box(chosen)
        labels = lines.labels[top:bottom, left:right]
        mask = labels == chosen[0].label
        for part in chosen[1:]:
            mask |= labels == part.label
        with suppress(NothingDrawnError):  # faint specks beside stronger ink
            found[first, last] = box, prepare(ink[top:bottom, left:right] * mask)
    if not found:
        return {}
    judged = classifier.judge([seen for _, seen in found.values()])
    return {
        run: Piece(*run, box, seen, prediction, evidence(prediction, margin, classifier.model))
        for (run, (box, seen)), (prediction, margin) in zip(found.items(), judged, strict=True)
    }


def evidence(prediction: Prediction, margin: float, model: ModelCard) -> float:
    """The logarithm of the probability that something is a character, and this one or one that looks like it."""
    sureness = min(1.0, model.sureness(prediction.label, prediction.probabilities))
    return max(_LEAST, log(sureness) - (log1p(exp(-margin)) if margin > _LEAST else -margin))
