"""Pieces: what may be one character, of one part of the writing or of several; and what the classifier says of each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import exp, log, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.recognition.boxes import Box
from app.recognition.classifier import Classifier, Prediction
from app.recognition.lines import Lines
from app.recognition.model_card import ModelCard
from app.recognition.parts import Part, box_around
from app.recognition.preprocessing import NothingDrawnError
from app.recognition.segmentation import Grey

# Where a cut crosses at least so much ink, both sides may have a stroke in common, so far from the cut; both in widths
# of a stroke. It is looked for where there is less evidence than this.
_SHARED, _REACH, _DOUBTFUL = 1.2, 1.0, -0.1
# Probabilities below e to this are all alike.
_LEAST = -12.0


@dataclass(frozen=True)
class Piece:
    """The parts from `first` to `last` of a line, which may be one character: its box, the end exclusive, the network's
    input, and its prediction. `evidence` is the logarithm of the probability that it is what the prediction says;
    `margin` says by how much it is known (Classifier.judge)."""

    first: int
    last: int
    box: Box
    seen: Grey
    prediction: Prediction
    evidence: float
    margin: float


class Candidate(NamedTuple):
    """The parts from `first` to `last` of a line, which may be one character; with the stroke that they may share with
    neighbours that they were cut from, or without."""

    first: int
    last: int
    shared: bool = False


@dataclass(frozen=True)
class Judge:
    """What classifies the parts of the lines of some ink."""

    lines: Lines
    ink: Grey
    classifier: Classifier

    def judged(self, parts: Sequence[Part], candidates: Sequence[Candidate]) -> list[Piece]:
        """The candidates of a line's parts, classified; without those that are but faint specks beside stronger ink."""
        model = self.classifier.model
        prepared: list[tuple[Candidate, Grey]] = []
        for one in candidates:
            (left, top, right, bottom), mask = (_with_shared if one.shared else _own)(parts, one, self.lines)
            with suppress(NothingDrawnError):
                prepared.append((one, model.preprocessing.from_ink(self.ink[top:bottom, left:right] * mask)))
        judged = self.classifier.judge([seen for _, seen in prepared])
        return [
            Piece(
                one.first,
                one.last,
                box_around(parts[one.first : one.last + 1]),
                seen,
                prediction,
                evidence(prediction, margin, model),
                margin,
            )
            for (one, seen), (prediction, margin) in zip(prepared, judged, strict=True)
        ]


def may_share(parts: Sequence[Part], piece: Piece) -> bool:
    """Whether a piece in doubt may have a stroke in common with a neighbour that it was cut from."""
    following = parts[piece.last + 1].cut if piece.last + 1 < len(parts) else 0.0
    return piece.evidence < _DOUBTFUL and max(parts[piece.first].cut, following) >= _SHARED


def evidence(prediction: Prediction, margin: float, model: ModelCard) -> float:
    """The logarithm of the probability that something is a character, and this one or one that looks like it."""
    sureness = min(1.0, model.sureness(prediction.label, prediction.probabilities))
    return max(_LEAST, log(sureness) - (log1p(exp(-margin)) if margin > _LEAST else -margin))


def _own(parts: Sequence[Part], one: Candidate, lines: Lines) -> tuple[Box, NDArray[np.bool_]]:
    """The box of a candidate, and where its ink is there."""
    chosen = parts[one.first : one.last + 1]
    left, top, right, bottom = box = box_around(chosen)
    labels = lines.labels[top:bottom, left:right]
    mask = labels == chosen[0].label
    for part in chosen[1:]:
        mask |= labels == part.label
    return box, mask


def _with_shared(parts: Sequence[Part], one: Candidate, lines: Lines) -> tuple[Box, NDArray[np.bool_]]:
    """The same with, along its cuts, the ink of its neighbours as far as a stroke is wide."""
    (left, top, right, bottom), mask = _own(parts, one, lines)
    reach = round(lines.stroke * _REACH)
    start, end = max(0, left - reach), min(lines.labels.shape[1], right + reach)
    # Running sums tell which pixels have ink of the piece within reach, to the left or to the right.
    sums = np.zeros((bottom - top, end - start + 2 * reach + 1), np.int32)
    sums[:, left - start + reach + 1 : right - start + reach + 1] = mask
    sums = sums.cumsum(1)
    near = sums[:, 2 * reach + 1 :] > sums[:, : -2 * reach - 1]
    first, last = one.first, one.last
    while first and parts[first].cut:
        first -= 1
    while last + 1 < len(parts) and parts[last + 1].cut:
        last += 1
    related = np.zeros(int(lines.labels.max()) + 1, np.bool_)
    related[[part.label for part in parts[first : last + 1]]] = True
    return (start, top, end, bottom), near & related[lines.labels[top:bottom, start:end]]
