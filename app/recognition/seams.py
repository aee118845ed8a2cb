"""Cuts through parts in which characters touch: seams, paths from top to bottom that cross little ink.

They are found by dynamic programming, as in seam carving (Avidan and Shamir, 2007), through every pixel of some rows.
Those are taken that look most like a border between two characters, by a linear score that benchmarks/seam_weights.py
fits to numbers by training writers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.recognition.lines import Lines
from app.recognition.parts import Part, measured

# Seams are looked for on a part scaled down to about so many rows, through the pixels of the rows at these shares of
# its height.
SEAM_ROWS, _THROUGH = 48, (0.3, 0.5, 0.7)
# A pixel of the scaled part has ink if this share of it has.
_WRITTEN = 0.5
# What one step sideways costs a seam, and a pixel of paper that is hidden between strokes: in pixels of ink.
_SIDEWAYS, _HIDDEN = 0.6, 0.2
# Cuts that are nowhere further from each other than this share of the characters' height are the same one.
_APART = 0.1
# Seams that cross more than this, in widths of a stroke, are none.
_THICKEST = 8.0
# A cut leaves ink of at least this height on both sides, as a share of the characters' height.
_CHARACTER = 0.45
# No part is cut at more places than this for each height of its width, and one.
_CUTS = 4.0
# What says that a seam is a border between characters, by the names of the features.
WEIGHTS = {
    "crossed": 2.02,
    "strokes": -1.48,
    "sideways": 13.82,
    "lesser": 4.03,
    "lower": 3.84,
    "overlap": -11.39,
    "free": 4.35,
}


class Seams(NamedTuple):
    """Seams through a part that was scaled down by `scale`: their columns from top to bottom, (rows, seams), their
    features, and how much each looks like a border between two characters."""

    columns: NDArray[np.int32]
    scale: int
    features: dict[str, NDArray[np.float64]]
    scores: NDArray[np.float64]


def cuts(lines: Lines, part: Part, first: int, rows: int = SEAM_ROWS) -> list[Part]:
    """A part cut along seams; it is relabelled from `first` on. Seams are looked for on so many rows, or up to twice as
    many."""
    mask = lines.labels[part.top : part.bottom, part.left : part.right] == part.label
    found = seams(mask, lines.height, lines.stroke, rows)
    likeliest = chosen(found, lines.height, part.width) if found else []
    if not found or not likeliest:
        return [part]
    crossed, scores = found.features["crossed"], found.scores
    paths = [(found.columns[:, one], float(crossed[one]), float(scores[one])) for one in likeliest]
    return _divided(lines, part, mask, paths, found.scale, first)


def seams(mask: NDArray[np.bool_], height: float, stroke: float, fewest: int = SEAM_ROWS) -> Seams | None:
    """All seams through a part's ink, where characters are usually so high and strokes so wide; None if it is too
    small."""
    scale = max(1, len(mask) // fewest)
    rows, width = len(mask) // scale, mask.shape[1] // scale
    if rows < 4 or width < 4:
        return None
    levels = mask[: rows * scale, : width * scale].view(np.uint8) * np.uint8(255)
    small = np.asarray(Image.fromarray(levels).reduce(scale), np.float32) * np.float32(1 / 255)
    # Between characters one can see from above and from below down to where they touch, but not into their loops.
    seen = (np.maximum.accumulate(small) == 0) | (np.maximum.accumulate(small[::-1])[::-1] == 0)
    cost = np.maximum(small, np.where(seen, np.float32(0), np.float32(_HIDDEN)))
    from_above, from_below = _steps(np.stack([cost, cost[::-1]], 1)).swapaxes(0, 1)
    columns = _paths(from_above, from_below[::-1], [int(rows * share) for share in _THROUGH])
    features = _measured(small, columns, height / scale, stroke / scale)
    scores = np.sum([WEIGHTS[name] * values for name, values in features.items()], 0)
    return Seams(columns.astype(np.int32), scale, features, scores)


def _measured(
    small: NDArray[np.float32], columns: NDArray[np.int64], height: float, stroke: float
) -> dict[str, NDArray[np.float64]]:
    """The features of seams, by the names of the weights."""
    rows, width = small.shape
    written = small >= _WRITTEN
    places = np.minimum(columns, width - 1)
    crossed = np.take_along_axis(written, places, 1)
    some = crossed.any(0)
    # Paper along the seam, from the top to the first stroke, and from the last one to the bottom.
    free = np.where(some, crossed.argmax(0) + crossed[::-1].argmax(0), 2 * rows)
    left = np.take_along_axis(np.pad(small.cumsum(1), ((0, 0), (1, 0))), places, 1).sum(0) / small.sum()
    any_ink = written.any(1)
    firsts = np.where(any_ink, written.argmax(1), width)[:, None]
    ends = np.where(any_ink, width - written[:, ::-1].argmax(1), 0)[:, None]
    on_left, on_right = firsts < columns, ends > columns
    rightmost = np.where(on_left, np.minimum(columns, ends), 0).max(0)
    leftmost = np.where(on_right, np.maximum(columns, firsts), width).min(0)
    return {
        "crossed": crossed.sum(0) / stroke,
        "strokes": (crossed[1:] & ~crossed[:-1]).sum(0) + crossed[0],
        "sideways": np.abs(np.diff(columns, axis=0)).sum(0) / height,
        "lesser": np.minimum(left, 1 - left),
        "lower": np.minimum(_reach(on_left), _reach(on_right)) / height,
        "overlap": np.maximum(rightmost - leftmost, 0) / height,
        "free": free / height,
    }


def _reach(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """From the first to the last of these rows, (rows, seams): (seams,)."""
    return np.where(rows.any(0), len(rows) - rows.argmax(0) - rows[::-1].argmax(0), 0)


def chosen(found: Seams, height: float, width: int) -> list[int]:
    """The likeliest seams through a part of this width, where characters are usually so high: from left to right. They
    are apart and do not cross each other."""
    most, apart = int(_CUTS * width / height) + 1, _APART * height / found.scale
    possible = (found.features["lower"] >= _CHARACTER) & (found.features["crossed"] <= _THICKEST)
    order = np.argsort(-found.scores, kind="stable")
    free = order[possible[order]]
    taken: list[int] = []
    while len(taken) < most and len(free):
        taken.append(int(free[0]))
        distances = found.columns[:, free] - found.columns[:, free[:1]]
        least, greatest = distances.min(0), distances.max(0)
        free = free[(np.maximum(greatest, -least) > apart) & ((greatest <= 0) | (least >= 0))]
    return sorted(taken, key=lambda one: int(found.columns[:, one].sum()))


def _steps(cost: NDArray[np.float32]) -> NDArray[np.int8]:
    """The step sideways that the cheapest path from the first row comes to each pixel with. Both and the cost:
    (rows, images, columns)."""
    least = np.pad(cost, ((0, 0), (0, 0), (1, 1)), constant_values=np.inf)
    straight, left, right = least[..., 1:-1], least[..., :-2], least[..., 2:]
    sideways = np.empty_like(cost)
    for row in range(1, len(cost)):
        np.minimum(left[row - 1], right[row - 1], out=sideways[row])
        sideways[row] += _SIDEWAYS
        straight[row] += np.minimum(straight[row - 1], sideways[row])
    steps = np.zeros(cost.shape, np.int8)
    steps[1:] = np.where(right[:-1] < left[:-1], 1, -1) * (sideways[1:] < straight[:-1])
    return steps


def _paths(above: NDArray[np.int8], below: NDArray[np.int8], through: Sequence[int]) -> NDArray[np.int64]:
    """The columns of the paths through all pixels of some rows, given from the top, by the steps of the paths from the
    first row and from the last: (rows, paths)."""
    rows, width = above.shape
    columns = np.tile(np.arange(width), (rows, len(through)))
    for row in range(through[-1], 0, -1):
        first = width * sum(start < row for start in through)  # the others begin further up
        own = columns[row, first:]
        np.add(own, above[row, own], out=columns[row - 1, first:])
    for row in range(through[0], rows - 1):
        end = width * sum(start <= row for start in through)
        own = columns[row, :end]
        np.add(own, below[row, own], out=columns[row + 1, :end])
    return columns


def _divided(
    lines: Lines,
    part: Part,
    mask: NDArray[np.bool_],
    paths: list[tuple[NDArray[np.int32], float, float]],
    scale: int,
    first: int,
) -> list[Part]:
    # On which sides of the cuts the scaled part's pixels are, half a pixel to the right; then those of the part itself.
    columns = np.arange(-1, part.width // scale + 1)
    small = np.ones((len(paths[0][0]), len(columns)), np.uint16)
    for path, _, _ in paths:
        small += columns >= path[:, None]
    wide = np.repeat(small, scale, 1)[:, scale - scale // 2 :][:, : part.width]
    place = wide[np.minimum(np.arange(part.height) // scale, len(small) - 1)]
    place *= mask
    found = measured(place)
    labels = np.zeros(len(paths) + 2, np.uint16)
    labels[[number for number, _, _ in found]] = range(first, first + len(found))
    np.copyto(lines.labels[part.top : part.bottom, part.left : part.right], labels[place], where=mask)
    pieces: list[Part] = []
    for number, pixels, (left, top, right, bottom) in found:
        cut = paths[number - 2][1:] if pieces else (part.cut, part.border)
        box = part.left + left, part.top + top, part.left + right, part.top + bottom
        pieces.append(Part(first + len(pieces), pixels, *box, part.trust, part.pale, *cut))
    return pieces
