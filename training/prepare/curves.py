"""Lines and curves as strokes: lists of points, x to the right and y downwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from training.prepare.unipen import Stroke

# Points to a full circle.
ROUND = 24


def path(points: Iterable[Sequence[float]] | Iterable[tuple[float, float]] | np.ndarray) -> Stroke:
    """Points of any kind as a stroke."""
    return tuple((float(x), float(y)) for x, y in points)


def line(*points: tuple[float, float]) -> Stroke:
    """Straight segments. Each corner is there twice, because the page's curves would round it otherwise."""
    return path(point for point in points for _ in range(2))


def arc(x: float, y: float, wide: float, high: float, start: float = 0.0, end: float = 2 * math.pi) -> Stroke:
    """An arc of an ellipse around (x, y), by default all of it; angles in radians."""
    angles = np.linspace(start, end, ROUND + 1)
    return path(zip(x + wide * np.cos(angles), y + high * np.sin(angles), strict=True))


def polar(radii: Iterable[float], angles: Iterable[float]) -> Stroke:
    """Points by their distance from the origin and their angle."""
    return path((r * math.cos(angle), r * math.sin(angle)) for r, angle in zip(radii, angles, strict=True))


def turned(strokes: Sequence[Stroke], angle: float) -> list[Stroke]:
    """Strokes turned around the origin, by radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return [path((cos * x - sin * y, sin * x + cos * y) for x, y in stroke) for stroke in strokes]
