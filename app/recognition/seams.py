"""Cuts through parts in which characters touch: seams, paths from top to bottom that cross little ink.

They are found by dynamic programming, as in seam carving (Avidan and Shamir, 2007), but the most that are taken are
those that cross least, as characters touch in few places.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.recognition.parts import Lines, Part

# Seams are looked for on a part scaled down to about so many rows.
_SEAM_ROWS = 48
# A pixel of the scaled part has ink if this share of it has.
_WRITTEN = 0.5
# What one step sideways costs a seam, and a pixel of paper that is hidden between strokes: in pixels of ink.
_SIDEWAYS, _HIDDEN = 0.15, 0.35
# Cuts that are nowhere further from each other than this share of the characters' height are the same one.
_APART = 0.2
# Seams that cross more than this, in widths of a stroke, are none.
_THICKEST = 8.0
# A cut leaves ink of at least this height on both sides, as a share of the characters' height.
_CHARACTER = 0.45
# No part is cut at more places than this for each height of its width, and one.
_CUTS = 4.0


def cuts(lines: Lines, part: Part, first: int) -> list[Part]:
    """A part cut along seams; it is relabelled from `first` on."""
    own = lines.labels[part.top : part.bottom, part.left : part.right]
    mask = own == part.label
    scale = max(1, part.height // _SEAM_ROWS)
    rows, columns = part.height // scale, part.width // scale
    if rows < 4 or columns < 4:
        return [part]
    small = mask[: rows * scale, : columns * scale].reshape(rows, scale, columns, scale).mean((1, 3), np.float32)
    # Between characters one can see from above and from below down to where they touch, but not into their loops.
    seen = (np.maximum.accumulate(small) == 0) | (np.maximum.accumulate(small[::-1])[::-1] == 0)
    cost = np.maximum(small, np.where(seen, np.float32(0), np.float32(_HIDDEN)))
    least, steps = _seams(np.stack([cost, cost[::-1]], 1))
    (down, up), (from_above, from_below) = least.swapaxes(0, 1), steps.swapaxes(0, 1)
    middle = rows // 2
    through = down[middle] + up[rows - 1 - middle] - cost[middle]
    seams = np.concatenate([_paths(from_above, middle)[::-1], _paths(from_below, rows - 1 - middle)[1:]])
    crossed = np.where(_divides(small >= _WRITTEN, seams, _CHARACTER * lines.height / scale), through, np.inf)
    crossed *= scale / lines.stroke
    apart, most = _APART * lines.height / scale, int(_CUTS * part.width / lines.height) + 1
    chosen: list[int] = []
    for column in np.argsort(crossed, kind="stable").tolist():
        if len(chosen) == most or crossed[column] > _THICKEST:
            break
        if not chosen or np.abs(seams[:, chosen] - seams[:, [column]]).max(0).min() > apart:
            chosen.append(column)
    if not chosen:
        return [part]
    paths = [(seams[:, column], float(crossed[column])) for column in sorted(chosen)]
    return _divided(lines, part, mask, paths, scale, first)


def _seams(cost: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """The least cost of a path from the first row to each pixel, and the step sideways that it comes with. Both and the
    cost: (rows, images, columns)."""
    least = np.pad(cost, ((0, 0), (0, 0), (1, 1)), constant_values=np.inf)
    straight, left, right = least[..., 1:-1], least[..., :-2], least[..., 2:]
    sideways = np.empty_like(cost)
    for row in range(1, len(cost)):
        np.minimum(left[row - 1], right[row - 1], out=sideways[row])
        sideways[row] += _SIDEWAYS
        straight[row] += np.minimum(straight[row - 1], sideways[row])
    steps = np.zeros(cost.shape, np.int8)
    steps[1:] = np.where(right[:-1] < left[:-1], 1, -1) * (sideways[1:] < straight[:-1])
    return straight, steps


def _paths(steps: NDArray[np.int8], row: int) -> NDArray[np.int64]:
    """The columns of the paths from all pixels of a row back to the first row: (row + 1, columns)."""
    columns = np.arange(steps.shape[1])
    paths = [columns]
    for place in range(row, 0, -1):
        columns = columns + steps[place, columns]
        paths.append(columns)
    return np.array(paths)


def _divides(ink: NDArray[np.bool_], seams: NDArray[np.int64], high: float) -> NDArray[np.bool_]:
    """Whether there is ink as high as a character on both sides of each seam, (rows, seams): (seams,)."""
    firsts = np.where(ink.any(1), ink.argmax(1), ink.shape[1])[:, None]
    lasts = np.where(ink.any(1), ink.shape[1] - 1 - ink[:, ::-1].argmax(1), -1)[:, None]
    heights = []
    for side in (firsts < seams, lasts >= seams):
        reach = len(side) - side.argmax(0) - side[::-1].argmax(0)
        heights.append(np.where(side.any(0), reach, 0))
    return np.minimum(*heights) >= high


def _divided(
    lines: Lines,
    part: Part,
    mask: NDArray[np.bool_],
    paths: list[tuple[NDArray[np.int64], float]],
    scale: int,
    first: int,
) -> list[Part]:
    own = lines.labels[part.top : part.bottom, part.left : part.right]
    place = np.zeros(mask.shape, np.uint16)
    columns = np.arange(part.width)
    for path, _ in paths:
        borders = np.repeat(path * scale + scale // 2, scale)
        borders = np.concatenate([borders, np.repeat(borders[-1:], part.height - len(borders))])
        place += columns >= borders[:, None]
    pieces: list[Part] = []
    crossings = [0.0, *(crossed for _, crossed in paths)]
    crossed = 0.0
    for number, crossing in enumerate(crossings):
        crossed = max(crossed, crossing) if number and not (pieces and pieces[-1]) else crossing
        chosen = mask & (place == number)
        ys, xs = np.flatnonzero(chosen.any(1)), np.flatnonzero(chosen.any(0))
        if not len(xs):
            continue
        label = first + len(pieces)
        own[chosen] = label
        box = part.left + int(xs[0]), part.top + int(ys[0]), part.left + int(xs[-1]) + 1, part.top + int(ys[-1]) + 1
        pieces.append(Part(label, int(np.count_nonzero(chosen)), *box, part.trust, crossed if pieces else part.cut))
    return pieces
