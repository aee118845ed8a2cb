"""Synthesised writing surfaces: plain, ruled, squared or framed sheets on a table, and boards.

What is drawn here is what the network learns to leave out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.ink.frames import frame, grid
from training.ink.noise import Field, Scene, band, blend, clouds, colour, plane, side_of, to_nearest

# What may be on a surface, and how often it is.
FEATURES = {"ruled": 0.28, "squared": 0.22, "holes": 0.12, "fold": 0.12, "stains": 0.12, "frame": 0.32, "table": 0.22,
            "crease": 0.15, "box": 0.25, "grid": 0.12}  # fmt: skip
_BOARDS = 0.12


def random_features(generator: np.random.Generator) -> frozenset[str]:
    """Some of FEATURES, and now and then "board"."""
    board = generator.random() < _BOARDS
    chosen = [name for name, chance in FEATURES.items() if generator.random() < chance * (0.5 if board else 1)]
    return frozenset([*chosen, "board"] if board else chosen)


def surface(size: int, features: frozenset[str], generator: np.random.Generator) -> Scene:
    """A sheet of paper, or a dark board, with these of FEATURES on it: (size, size, 3) of 0 to 255."""
    dark = "board" in features
    base = _board(generator) if dark else _paper(generator)
    scene = np.broadcast_to(base, (size, size, 3)).astype(np.float32)
    grain = clouds(size, generator.uniform(3, 40), generator) * generator.uniform(0, 0.06 if dark else 0.02)
    grain = grain + clouds(size, size / generator.uniform(1, 4), generator) * generator.uniform(0, 0.02)
    scene = scene * (1 + grain[..., None])
    u, v = plane(size, generator, generator.choice([0.02, 0.06, 0.15]), 0.03)
    for name, draw in _DRAWN.items():
        if name in features:
            scene = draw(scene, u, v, generator)
    return scene.astype(np.float32)


def _paper(generator: np.random.Generator) -> NDArray[Any]:
    kind = generator.random()
    if kind < 0.55:  # white, in any light
        return colour(generator, 0.94, 1.0) * generator.uniform(120, 250)
    if kind < 0.8:  # yellowed, or recycled
        yellow = np.array([1.0, generator.uniform(0.86, 0.98), generator.uniform(0.6, 0.92)])
        return yellow * generator.uniform(130, 245)
    return colour(generator, 90, 250)


def _board(generator: np.random.Generator) -> NDArray[Any]:
    level = generator.uniform(10, 75)
    tint = np.array([[1, 1, 1], [0.6, 1.2, 0.9], [0.7, 0.9, 1.4]])[generator.integers(3)]
    return np.asarray(np.clip(level * tint, 0, 110))


def _ruled(scene: Scene, u: Field, v: Field, generator: np.random.Generator) -> Scene:
    """Lines of any width between them, and perhaps a margin."""
    return _rules(scene, u, v, generator, squared=False)


def _squared(scene: Scene, u: Field, v: Field, generator: np.random.Generator) -> Scene:
    """Squares, dots, or the triangles of isometric paper."""
    return _rules(scene, u, v, generator, squared=True)


def _rules(scene: Scene, u: Field, v: Field, generator: np.random.Generator, squared: bool) -> Scene:
    size = scene.shape[0]
    pitch = size * float(np.exp(generator.uniform(np.log(0.045), np.log(0.7))))
    thickness = generator.uniform(0.5, max(0.9, min(3.0, pitch * 0.09)))
    paper = float(scene.mean())
    light = paper < 90
    ink = colour(generator, 120, 255) if light else _rule_colour(generator) * min(1.0, paper / 200 + 0.2)
    strength = generator.uniform(0.12, 0.9)
    across = band(to_nearest(v, pitch, generator), thickness)
    cover = across
    if squared and generator.random() < 0.15:
        slopes = [math.sqrt(3) / 2 * u + v / 2, math.sqrt(3) / 2 * u - v / 2]
        cover = np.maximum.reduce([across, *(band(to_nearest(slope, pitch, generator), thickness) for slope in slopes)])
    elif squared:
        width = pitch * generator.choice([1.0, 1.0, generator.uniform(0.5, 2)])
        along = band(to_nearest(u, width, generator), thickness)
        cover = np.maximum(across, along) if generator.random() < 0.85 else np.minimum(across, along) * 2
    scene = blend(scene, cover * strength, ink)
    if generator.random() < 0.25:
        margin = band(u - generator.uniform(-0.5, 0.5) * size, thickness * generator.uniform(0.8, 2))
        scene = blend(scene, margin * generator.uniform(0.2, 0.9), np.array([200.0, 60.0, 70.0]))
    return scene


def _rule_colour(generator: np.random.Generator) -> NDArray[Any]:
    grey, blue, red = np.full(3, generator.uniform(20, 170)), np.array([70.0, 110, 190]), np.array([210.0, 120, 120])
    return np.asarray((grey, blue, blue, red, colour(generator, 60, 200))[generator.integers(5)])


def _table(scene: Scene, u: Field, v: Field, generator: np.random.Generator) -> Scene:
    """What lies behind the sheet, beyond one, two or four of its edges, and the sheet's shadow on it."""
    size = scene.shape[0]
    behind = np.broadcast_to(colour(generator, 10, 235), scene.shape).astype(np.float32)
    if generator.random() < 0.6:  # wood, cloth: long in one direction
        grain = clouds(size, generator.uniform(5, 60), generator)
        grain = np.repeat(grain[:, size // 2 : size // 2 + 1], size, 1) + 0.4 * clouds(size, 12, generator)
        behind = behind * (1 + generator.uniform(0, 0.25) * (grain if generator.random() < 0.5 else grain.T))[..., None]
    outside = np.full_like(u, -1e4)
    edges = [u, -u, v, -v]
    count = generator.choice([1, 2, 4], p=[0.6, 0.25, 0.15])
    for edge in generator.permutation(4)[:count]:
        outside = np.maximum(outside, edges[edge] - size * generator.uniform(0.34, 0.5))
    shade = 1 - generator.uniform(0, 0.6) * np.exp(-np.maximum(outside, 0) / (size * generator.uniform(0.005, 0.05)))
    behind = behind * shade[..., None]
    sheet = scene * (1 - generator.uniform(0, 0.2) * np.exp(np.minimum(outside, 0) / (size * 0.02)))[..., None]
    covered: Scene = sheet + side_of(outside, generator.uniform(0.3, 1.2))[..., None] * (behind - sheet)
    return covered


def _holes(scene: Scene, u: Field, v: Field, generator: np.random.Generator) -> Scene:
    """Punched holes, or a spiral binding's, along one side."""
    size = scene.shape[0]
    radius, pitch = size * generator.uniform(0.01, 0.06), size * generator.uniform(0.1, 0.5)
    along = to_nearest(v, pitch, generator)
    away = u - size * generator.choice([-1, 1]) * generator.uniform(0.38, 0.48)
    cover = side_of(radius - np.hypot(along, away), 0.6)
    return blend(scene, cover, colour(generator, 0, 120))


def _folds(scene: Scene, u: Field, v: Field, generator: np.random.Generator) -> Scene:
    """A crease, and a different light on its two sides."""
    size = scene.shape[0]
    across = (u if generator.random() < 0.5 else v) - generator.uniform(-0.4, 0.4) * size
    light = 1 + generator.normal(0, 0.05) * np.sign(across)
    light = light + generator.normal(0, 0.08) * np.exp(-np.abs(across) / (size * generator.uniform(0.004, 0.02)))
    return np.asarray(scene * light[..., None])


def _creases(scene: Scene, u: Field, v: Field, generator: np.random.Generator) -> Scene:
    """Sharp folds in any direction: dark lines as thin as a pen's with a light rim, another light on each side."""
    size = scene.shape[0]
    for _ in range(generator.integers(1, 4)):
        angle = generator.uniform(0, np.pi)
        across = (u * np.cos(angle) + v * np.sin(angle)) / size - generator.uniform(-0.4, 0.4)
        width = generator.uniform(0.003, 0.014)
        light = 1 + generator.normal(0, 0.08) * np.sign(across)
        light = light - generator.uniform(0.03, 0.4) * np.exp(-np.abs(across) / width)
        light = light + generator.uniform(0, 0.12) * np.exp(-np.abs(across - 1.2 * width) / width)
        scene = scene * light[..., None]
    return np.asarray(scene)


def _stains(scene: Scene, _u: Field, _v: Field, generator: np.random.Generator) -> Scene:
    """Blotches, rubbed-out pencil, chalk wiped off: weak and without edges."""
    size = scene.shape[0]
    blotch = np.clip(clouds(size, generator.uniform(2, 8), generator) - 0.5, 0, 2)
    return np.asarray(scene * (1 + generator.normal(0, 0.06) * blotch)[..., None])


# In the order in which they come to lie on each other.
_DRAWN = {
    "ruled": _ruled,
    "squared": _squared,
    "holes": _holes,
    "fold": _folds,
    "crease": _creases,
    "stains": _stains,
    "grid": grid,
    "frame": frame,
    "table": _table,
}
