"""Compose pen tracks: several characters side by side, and crossed-out characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from training.prepare.curves import line, path
from training.prepare.shapes import scribble, zigzag
from training.prepare.unipen import Stroke


def crossed_out(strokes: Sequence[Stroke], generator: np.random.Generator) -> list[Stroke]:
    """A character under a scribble or a cross that reaches beyond it: a single bar would be a crossed 0 or 7."""
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    low, span = points.min(0), np.ptp(points, axis=0).max() or 1.0
    if generator.random() < 0.3:
        over = [line((-0.1, -0.1), (1.1, 1.1)), line((1.1, -0.1), (-0.1, 1.1))]
    else:
        over = zigzag(generator) if generator.random() < 0.6 else scribble(generator)
        over = _centred(over)
    placed = [path(low + span * (np.asarray(stroke) + generator.normal(0, 0.05, 2))) for stroke in over]
    return [*strokes, *placed]


def _centred(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Scale to about the unit square, and centre."""
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    middle, span = (points.max(0) + points.min(0)) / 2, np.ptp(points, axis=0).max()
    return [path(0.5 + 1.1 * (np.asarray(stroke) - middle) / span) for stroke in strokes]


def side_by_side(
    characters: Iterable[Sequence[Stroke]], generator: np.random.Generator, overlap: float = 0.1
) -> list[Stroke]:
    """Several characters as one word: of equal height, with small gaps or overlaps."""
    placed: list[Stroke] = []
    right = 0.0
    for strokes in characters:
        points = np.concatenate([np.asarray(stroke) for stroke in strokes])
        low, span = points.min(0), np.ptp(points, axis=0)
        scale = generator.uniform(0.8, 1.1) / (max(span[1], 0.4 * span[0]) or 1.0)
        offset = np.array([right + generator.uniform(-overlap, 0.4), generator.normal(0, 0.06)])
        placed += [path(offset + scale * (np.asarray(stroke) - low)) for stroke in strokes]
        right = float(offset[0] + scale * span[0])
    return placed
