"""Printed lines around and across what is written: frames, tables, boxes that touch the character."""

from __future__ import annotations

import numpy as np

from training.ink.noise import Field, Scene, band, blend, colour, side_of, to_nearest


def grid(scene: Scene, u: Field, v: Field, generator: np.random.Generator) -> Scene:
    """A printed table or puzzle, cut out badly: dark lines, some of them thick, around the character or across it."""
    size = scene.shape[0]
    pitch = size * float(np.exp(generator.uniform(np.log(0.2), np.log(1.1))))
    thin, thick = size * np.exp(generator.uniform(np.log((0.004, 0.012)), np.log((0.03, 0.08))))
    every, first = generator.integers(1, 4), generator.integers(3)
    cover = np.zeros_like(u)
    for place in (u, v):
        # A cell as large as the picture is in its middle.
        number = place / pitch + (0.5 + generator.normal(0, 0.1) if pitch > size / 2 else generator.uniform(0, 1))
        distance = (number - np.round(number)) * pitch
        wide = (np.round(number) + first) % 3 < every - 1
        cover = np.maximum(cover, np.where(wide, band(distance, thick), band(distance, thin)))
    light = float(scene.mean()) < 90
    ink = np.full(3, generator.uniform(150, 255) if light else generator.uniform(0, 120))
    return blend(scene, cover * generator.uniform(0.5, 1), ink)


def frame(scene: Scene, u: Field, v: Field, generator: np.random.Generator) -> Scene:
    """Some or all sides of a box, of a table's cell or of a scan's dark rim; its lines may go on beyond the corners."""
    size = scene.shape[0]
    half = size / 2
    # Near the picture's edge more often than further in.
    inset = half * (1 - np.abs(generator.normal(0, generator.choice([0.06, 0.2]), 4)).clip(0, 0.6))
    inset += generator.choice([0, half * 0.04])
    thickness = max(0.6, size * float(np.exp(generator.uniform(np.log(0.004), np.log(0.06)))))
    light = float(scene.mean()) < 90
    ink = np.full(3, generator.uniform(150, 255) if light else generator.uniform(0, 90))
    if generator.random() < 0.2:
        ink = colour(generator, 0, 160)
    sides = generator.random(4) < generator.choice([1.0, 0.6])
    beyond = generator.random() < 0.5
    shift_u, shift_v = generator.normal(0, 0.03, 2) * size
    left, right, top, bottom = -inset[0] + shift_u, inset[1] + shift_u, -inset[2] + shift_v, inset[3] + shift_v
    within_u = 1.0 if beyond else side_of(np.minimum(u - left, right - u) + thickness, 0.5)
    within_v = 1.0 if beyond else side_of(np.minimum(v - top, bottom - v) + thickness, 0.5)
    cover = np.zeros_like(u)
    for drawn, distance, within in zip(
        sides, (u - left, u - right, v - top, v - bottom), (within_v, within_v, within_u, within_u), strict=True
    ):
        if drawn:
            cover = np.maximum(cover, band(distance, thickness * generator.uniform(0.6, 1.5)) * within)
    if generator.random() < 0.15:  # dashed, or badly printed
        gap = generator.uniform(0.3, 0.7) * size * float(np.exp(generator.uniform(np.log(0.02), np.log(0.3))))
        gaps = side_of(to_nearest(u, gap, generator) + gap / 5, 0.5) * side_of(
            to_nearest(v, gap, generator) + gap / 5, 0.5
        )
        cover = cover * gaps
    return blend(scene, cover * generator.uniform(0.4, 1), ink)


def boxed(scene: Scene, drawn: Field, generator: np.random.Generator) -> Scene:
    """Sides of a box so close to what is written that they touch it: lines, or bars out to the picture's edge."""
    size = scene.shape[0]
    rows, columns = np.flatnonzero(drawn.max(1) > 0.5), np.flatnonzero(drawn.max(0) > 0.5)
    if not len(rows):
        return scene
    reach = max(rows[-1] - rows[0], columns[-1] - columns[0])
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    turn = generator.normal(0, 0.02)
    x, y = x + turn * (y - size / 2), y - turn * (x - size / 2)
    # How far each pixel is outside of each side of the box.
    sides = [columns[0] - x, x - columns[-1], rows[0] - y, y - rows[-1]]
    # Now and then they cross it.
    sides = [side - reach * generator.normal(0, generator.choice([0.06, 0.14], p=[0.7, 0.3])) for side in sides]
    thickness = size * float(np.exp(generator.uniform(np.log(0.004), np.log(0.1))))
    if generator.random() < 0.25:
        thickness = 2.0 * size  # a bar, as the inside of a thick frame is
    drawn_sides = generator.permutation(4)[: generator.integers(1, 5)]
    ends = 0.0 if generator.random() < 0.4 else float(size)
    cover = np.zeros_like(x)
    for side in drawn_sides:
        line = np.clip(np.minimum(sides[side] + 0.5, thickness - sides[side] + 0.5), 0, 1)
        others = sides[2:] if side < 2 else sides[:2]
        within = np.clip(ends + thickness - np.maximum(*others) + 0.5, 0, 1)
        cover = np.maximum(cover, line * within)
    light = float(scene.mean()) < 90
    ink = np.full(3, generator.uniform(150, 255) if light else generator.uniform(0, 110))
    if generator.random() < 0.2:
        ink = colour(generator, 0, 160)
    return blend(scene, cover * generator.uniform(0.5, 1), ink)
