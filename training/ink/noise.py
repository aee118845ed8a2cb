"""Random fields and shapes that photographs are composed of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.floating[Any]]
# (height, width, 3), 0 to 255.
Scene = NDArray[np.floating[Any]]


def clouds(size: int, cells: float, generator: np.random.Generator) -> Field:
    """Smooth noise of standard deviation about 1 with so many bumps across: float32 (size, size)."""
    count = max(2, round(cells)) + 2
    coarse = Image.fromarray(generator.normal(0, 1.3, (count, count)).astype(np.float32))
    return np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC, box=(0.5, 0.5, count - 0.5, count - 0.5)))


def plane(size: int, generator: np.random.Generator, turn: float, bend: float) -> tuple[Field, Field]:
    """Coordinates u to the right and v downwards in pixels from the middle, as of a sheet that lies turned and bent.

    `turn` and `bend` are standard deviations: radians, and pixels at the edge as a share of the size.
    """
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32) - (size - 1) / 2
    angle = float(generator.normal(0, turn))
    u, v = (
        math.cos(angle) * columns + math.sin(angle) * rows,
        -math.sin(angle) * columns + math.cos(angle) * rows,
    )
    tilt, curve, tilt_u, curve_u = generator.normal(0, bend, 4)
    half = size / 2
    return (
        (u + half * (tilt_u * u * v + curve_u * v * v) / half**2).astype(np.float32),
        (v + half * (tilt * u * v + curve * u * u) / half**2).astype(np.float32),
    )


def band(distance: Field, thickness: float) -> Field:
    """How much of each pixel a line covers, 0 to 1, by the distance in pixels from its middle."""
    return np.clip((thickness + 1) / 2 - np.abs(distance), 0, min(1.0, thickness))


def side_of(distance: Field, softness: float) -> Field:
    """0 on one side of an edge, 1 on the other, going over within so many pixels."""
    return np.asarray(1 / (1 + np.exp(np.clip(-distance / max(softness, 0.2), -40, 40))), np.float32)


def colour(generator: np.random.Generator, low: float, high: float) -> NDArray[Any]:
    """A random colour, (3,), each channel between the two levels of 255."""
    return generator.uniform(low, high, 3)


def to_nearest(place: Field, pitch: float, generator: np.random.Generator) -> Field:
    """The distance to the nearest of parallel lines."""
    shifted = place / pitch + generator.uniform(0, 1)
    return ((shifted - np.round(shifted)) * pitch).astype(np.float32)


def blend(scene: Scene, cover: Field, ink: NDArray[Any]) -> Scene:
    """The scene with so much of this colour on each of its pixels: `cover` is 0 to 1."""
    return scene + cover[..., None] * (ink - scene)
