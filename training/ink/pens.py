"""What people write with: how much of the paper a stroke covers, and in which colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.ink.noise import Field, Scene, clouds, colour

# What people write with on paper, and how often.
PENS = {"ballpoint": 0.35, "pencil": 0.25, "felt": 0.15, "any": 0.25}
# The least share of the paper's light that a stroke takes, in the channel where it takes most; and one that is thinner
# than a pixel.
_FAINTEST, _FAINTEST_THIN = 0.16, 0.28


def random_pen(generator: np.random.Generator) -> str:
    """One of PENS."""
    return str(generator.choice(list(PENS), p=list(PENS.values())))


def write(scene: Scene, drawn: Field, pen: str, generator: np.random.Generator, thin: bool = False) -> Scene:
    """The scene with strokes on it, of one of PENS or "chalk": `drawn` is their cover, 0 to 1, (size, size); it is less
    than 1 everywhere on strokes that are `thin`."""
    size = drawn.shape[0]
    paper = float(scene.mean())
    if pen == "chalk":
        ink, opacity = colour(generator, 0.75, 1) * generator.uniform(150, 255), generator.uniform(0.5, 1)
        skips = _skips(size, generator, generator.uniform(0, 0.7))
    elif pen == "pencil":
        ink, opacity = np.full(3, generator.uniform(0.2, 0.5) * paper), generator.uniform(0.22, 0.9)
        skips = _skips(size, generator, generator.uniform(0, 0.6))
    else:
        ink = _ink_colour(pen, generator) * min(1.0, paper / 190)
        opacity = generator.uniform(0.6 if pen == "ballpoint" else 0.8, 1)
        skips = _skips(size, generator, generator.uniform(0, 0.25) if pen == "ballpoint" else 0.0)
    # Fainter than this, and nobody could say what was written.
    contrast = float(np.abs(ink - scene.mean((0, 1))).max()) / max(paper, 60.0) * opacity * float(skips.mean())
    faintest = _FAINTEST_THIN if thin else _FAINTEST
    if contrast < faintest:
        ink = ink * (1 - faintest) if pen != "chalk" else ink + faintest * (255 - ink)
        opacity, skips = min(1.0, opacity * faintest / contrast), np.sqrt(skips)
    cover = drawn * np.float32(opacity) * skips
    written: Scene = scene + cover[..., None] * (ink.astype(np.float32) - scene)
    return written


def _ink_colour(pen: str, generator: np.random.Generator) -> NDArray[np.float64]:
    if pen == "any":
        ink = colour(generator, 0, 210)
        ink[generator.integers(3)] *= generator.uniform(0, 0.4)  # some channel must stand out from paper
        return ink
    black, blue = np.full(3, generator.uniform(5, 70)), np.array([20.0, 50, 150]) + generator.uniform(-20, 50, 3)
    red, green = np.array([190.0, 30, 45]) + generator.uniform(-30, 40, 3), np.array([20.0, 120, 50])
    return np.asarray((black, black, blue, blue, red, green)[generator.integers(6)]).clip(0, 255)


def _skips(size: int, generator: np.random.Generator, depth: float) -> Field:
    """Where the paper's grain takes less ink: 1 - depth to 1."""
    if depth < 0.02:
        return np.ones((size, size), np.float32)
    grain = clouds(size, size / generator.uniform(1.0, 5.0), generator)
    return np.asarray(1 - depth * np.clip(0.5 + grain * 0.5, 0, 1), np.float32)
