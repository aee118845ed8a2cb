"""Pieces: what may be one character, of one part of the writing or of several; and what the classifier says of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray

from app.recognition import paths
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
# Where a cut crosses at least so much ink, both sides may have a stroke in common, so far from the cut; both in widths
# of a stroke. It is looked for where there is less evidence than this.
_SHARED, _REACH, _DOUBTFUL = 1.2, 1.0, -0.1
# A piece that can score no more than this is on no best path. Of the others beside cuts at most so many are judged, and
# so many more for each height of the parts' width. Of 800 numbers by the validation writers none is read worse by that.
_HOPELESS, _FEW, _EACH = -2.5, 8, 3.0
# Probabilities below e to this are all alike.
_LEAST = -12.0


@dataclass(frozen=True)
class Piece:
    """The parts from `first` to `last` of a line, which may be one character: its box, the end exclusive, the network's
    input, and its prediction. `evidence` is the logarithm of the probability that it is what the prediction says;
    `margin` says by how much it is known (Classifier.judge)."""

    first: int
    last: int
    box: tuple[int, int, int, int]
    seen: Grey
    prediction: Prediction
    evidence: float
    margin: float


Run = tuple[int, int]
Box = tuple[int, int, int, int]


def pieces_of(
    line: Sequence[Part], lines: Lines, ink: Grey, classifier: Classifier, most: int
) -> tuple[list[Part], list[Piece]]:
    """The parts of a line, cut where characters may touch, and all pieces of them, classified.

    Raises CrowdedError for more pieces than `most`.
    """
    runs = [
        run
        for run in _runs(line, lines.height)
        if run[0] == run[1] or paths.most(*run, line, lines.height) >= _HOPELESS
    ]
    whole = _classified(line, runs, lines, ink, classifier)
    divided, origins = _cut(line, whole, lines)
    if len(divided) == len(line):
        return divided, list(whole.values())
    pieces: list[Piece] = []
    new = _likeliest(divided, origins, lines.height)
    if len(whole) + len(new) > most:
        raise CrowdedError
    starts = {origin: index for index, origin in reversed(list(enumerate(origins)))}
    ends_of = {origin: index for index, origin in enumerate(origins)}
    for (first, last), piece in whole.items():
        pieces.append(Piece(starts[first], ends_of[last], *list(vars(piece).values())[2:]))
    return divided, pieces + list(_classified(divided, new, lines, ink, classifier).values())


def _likeliest(divided: Sequence[Part], origins: Sequence[int], height: float) -> list[Run]:
    """The runs that begin or end at a cut, as far as their sizes and cuts allow a character; of many the likeliest."""
    found: list[tuple[float, Run]] = []
    for first, last in _runs(divided, height):
        begins = first == 0 or origins[first - 1] != origins[first]
        ends = last == len(divided) - 1 or origins[last + 1] != origins[last]
        score = paths.most(first, last, divided, height)
        if not (begins and ends) and score >= _HOPELESS:
            found.append((score, (first, last)))
    cut = {origin for origin, part in zip(origins, divided, strict=True) if part.cut}
    width = sum(part.width for origin, part in zip(origins, divided, strict=True) if origin in cut)
    count = _FEW + round(_EACH * width / height)
    return sorted(run for _, run in sorted(found, reverse=True)[:count])


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
    """The pieces of these runs. Where one is in doubt beside a cut, it is judged once more with the stroke that it may
    share with its neighbour."""
    found = _judged(((run, _own(parts, run, lines)) for run in runs), parts, ink, classifier)
    doubtful = [run for run, piece in found.items() if piece.evidence < _DOUBTFUL and _shares(parts, *run)]
    others = _judged(((run, _with_shared(parts, run, lines)) for run in doubtful), parts, ink, classifier)
    return found | {run: other for run, other in others.items() if other.evidence > found[run].evidence}


def _judged(
    masks: Iterable[tuple[Run, tuple[Box, NDArray[np.bool_]]]],
    parts: Sequence[Part],
    ink: Grey,
    classifier: Classifier,
) -> dict[Run, Piece]:
    """Pieces whose ink is that of a mask in a box."""
    prepare = classifier.model.preprocessing.from_ink
    found: dict[Run, Grey] = {}
    for run, ((left, top, right, bottom), mask) in masks:
        with suppress(NothingDrawnError):  # faint specks beside stronger ink
            found[run] = prepare(ink[top:bottom, left:right] * mask)
    judged = classifier.judge(list(found.values()))
    return {
        run: Piece(
            *run,
            _box(parts[run[0] : run[1] + 1]),
            seen,
            prediction,
            evidence(prediction, margin, classifier.model),
            margin,
        )
        for (run, seen), (prediction, margin) in zip(found.items(), judged, strict=True)
    }


def _own(parts: Sequence[Part], run: Run, lines: Lines) -> tuple[Box, NDArray[np.bool_]]:
    chosen = parts[run[0] : run[1] + 1]
    left, top, right, bottom = box = _box(chosen)
    labels = lines.labels[top:bottom, left:right]
    mask = labels == chosen[0].label
    for part in chosen[1:]:
        mask |= labels == part.label
    return box, mask


def _shares(parts: Sequence[Part], first: int, last: int) -> bool:
    """Whether a piece may have a stroke in common with a neighbour that it was cut from."""
    following = parts[last + 1].cut if last + 1 < len(parts) else 0.0
    return max(parts[first].cut, following) >= _SHARED


def _with_shared(parts: Sequence[Part], run: Run, lines: Lines) -> tuple[Box, NDArray[np.bool_]]:
    """The ink of a piece and, along its cuts, that of its neighbours as far as a stroke is wide."""
    (left, top, right, bottom), mask = _own(parts, run, lines)
    reach = round(lines.stroke * _REACH)
    start, end = max(0, left - reach), min(lines.labels.shape[1], right + reach)
    # Running sums tell which pixels have ink of the piece within reach, to the left or to the right.
    sums = np.zeros((bottom - top, end - start + 2 * reach + 1), np.int32)
    sums[:, left - start + reach + 1 : right - start + reach + 1] = mask
    sums = sums.cumsum(1)
    near = sums[:, 2 * reach + 1 :] > sums[:, : -2 * reach - 1]
    first, last = run
    while first and parts[first].cut:
        first -= 1
    while last + 1 < len(parts) and parts[last + 1].cut:
        last += 1
    related = np.zeros(int(lines.labels.max()) + 1, np.bool_)
    related[[part.label for part in parts[first : last + 1]]] = True
    return (start, top, end, bottom), near & related[lines.labels[top:bottom, start:end]]


def evidence(prediction: Prediction, margin: float, model: ModelCard) -> float:
    """The logarithm of the probability that something is a character, and this one or one that looks like it."""
    sureness = min(1.0, model.sureness(prediction.label, prediction.probabilities))
    return max(_LEAST, log(sureness) - (log1p(exp(-margin)) if margin > _LEAST else -margin))
