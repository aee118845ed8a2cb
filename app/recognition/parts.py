"""The parts that writing is made of: connected ink, its lines, and cuts through what touches.

A character is made of one part or of several that follow one another along the line; app/recognition/reading.py finds
out of which.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import cc3d
import numpy as np
from numpy.typing import NDArray

from app.recognition.segmentation import Grey

Labels = NDArray[np.uint16]

# Ink is what is at least this strong, of 255, the strongest being 255.
INK = 64
# More parts than this, specks among them, are a picture or noise, and would take long to look at.
_SPECKS = 10_000
# Parts smaller than this share of the characters' height are specks; they belong to nothing.
_SPECK = 0.1
# Parts at least this tall or wide, in heights of the tallest, say how tall the characters are.
_TALL = 0.4
# The mean strength of ink that is no writing at all, and of what is some for sure; and how far to trust what touches
# the picture's edge.
_FAINT, _AT_EDGE = (0.35, 0.75), 0.15
# Parts of this share of that height and more are put into lines first; the others go to the nearest line.
_LARGE = 0.55
# Neighbours are of one line if they overlap vertically by this share of the smaller one.
_SAME_LINE = 0.35
# Seams (see `cuts`) are looked for on a part scaled down to about so many rows.
_SEAM_ROWS = 32
# A pixel of the scaled part has ink if this share of it has.
_WRITTEN = 0.5
# What one step sideways costs a seam, and a pixel of paper that is hidden between strokes: in pixels of ink.
_SIDEWAYS, _HIDDEN = 0.15, 0.35
# Cuts that are nearer to each other than this share of the characters' height are the same one.
_APART = 0.14
# Seams that cross more than this, in widths of a stroke, are none.
_THICKEST = 8.0
# A cut leaves ink of at least this height on both sides, as a share of the characters' height.
_CHARACTER = 0.45
# No part is cut at more places than this for each height of its width, and one.
_CUTS = 3.0


class CrowdedError(Exception):
    """More parts than so many characters have."""


@dataclass(frozen=True)
class Part:
    """Connected ink, or what a cut leaves of it: its label, its pixels and its box, the end exclusive.

    `trust`, 0 to 1, is how far it is writing and nothing that was left of the paper. `cut` is how much ink was cut
    through between it and the part before it, in widths of a stroke; 0 for paper.
    """

    label: int
    pixels: int
    left: int
    top: int
    right: int
    bottom: int
    trust: float = 1.0
    cut: float = 0.0

    @property
    def width(self) -> int:
        """In pixels, as all of these."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Halfway between left and right."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Lines:
    """Parts in lines from top to bottom, each from left to right; a label for each pixel, 0 for none (height, width);
    the usual height of a character, and the width of a stroke, in pixels."""

    lines: list[list[Part]]
    labels: Labels
    height: float
    stroke: float


def find_lines(ink: Grey, most: int, photographed: bool = False) -> Lines:
    """The lines of writing in ink that is bright on 0. Raises CrowdedError for more than `most` parts.

    If it was `photographed`, it may have rests of print, rules and frames: faint, or at the picture's edge.
    """
    mask = ink >= INK * (int(ink.max()) / 255)
    # Of booleans cc3d 4.1.1 gives some pixels of a component a label of their own.
    found, count = cc3d.connected_components(mask.view(np.uint8), connectivity=8, return_N=True)
    if count > _SPECKS:
        raise CrowdedError
    labels: Labels = np.asarray(found, np.uint16)
    statistics = cc3d.statistics(labels)
    boxes = cast("list[tuple[slice, slice]]", statistics["bounding_boxes"])
    counts = statistics["voxel_counts"].tolist()
    parts = [
        Part(label, counts[label], columns.start, rows.start, columns.stop, rows.stop)
        for label, (rows, columns) in enumerate(boxes[1:], 1)  # the first is the paper, if there is any
    ]
    height = _usual_height(parts)
    parts = [part for part in parts if max(part.width, part.height) >= _SPECK * height]
    if len(parts) > most:
        raise CrowdedError
    if photographed:
        strengths = np.bincount(labels.ravel(), ink.ravel(), count + 1)
        parts = [replace(part, trust=_trust(part, float(strengths[part.label]), ink.shape)) for part in parts]
    return Lines(_in_lines(parts, height), labels, height, _stroke(mask))


def _trust(part: Part, strength: float, shape: tuple[int, ...]) -> float:
    """`strength` is the sum of the ink."""
    faint, sure = _FAINT
    trust = min(1.0, max(0.0, (strength / part.pixels / 255 - faint) / (sure - faint)))
    at_edge = min(part.left, part.top) == 0 or part.right == shape[1] or part.bottom == shape[0]
    return trust * (_AT_EDGE if at_edge else 1.0)


def _usual_height(parts: list[Part]) -> float:
    tallest = max((part.height for part in parts), default=0)
    sizes = [part.height for part in parts if part.height >= _TALL * tallest]
    return float(np.median(sizes)) if sizes else 1.0


def _stroke(mask: NDArray[np.bool_]) -> float:
    """The width of a stroke: the ink's area over half its outline."""
    inner = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    area = int(np.count_nonzero(mask))
    outline = area - int(np.count_nonzero(inner))
    return max(1.0, 2 * area / max(1, outline))


def _in_lines(parts: list[Part], height: float) -> list[list[Part]]:
    """Large parts from left to right, each put to the line whose last one it overlaps most; then the small ones."""
    lines: list[list[Part]] = []
    large = [part for part in parts if part.height >= _LARGE * height]
    for part in sorted(large, key=lambda one: one.middle):
        best = max(lines, key=lambda line: _overlap(line[-1], part), default=None)
        if best is None or _overlap(best[-1], part) < _SAME_LINE:
            lines.append([part])
        else:
            best.append(part)
    if not lines:
        return [sorted(parts, key=lambda one: one.middle)] if parts else []
    for part in parts:
        if part.height < _LARGE * height:
            min(lines, key=lambda line: _distance(line, part)).append(part)
    lines = [sorted(line, key=lambda one: one.middle) for line in lines]
    return sorted(lines, key=lambda line: float(np.mean([part.top + part.bottom for part in line])))


def _overlap(one: Part, other: Part) -> float:
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    return common / min(one.height, other.height)


def _distance(line: list[Part], part: Part) -> float:
    """How far a small part is from the nearest large one of a line."""
    return min(
        max(0, one.left - part.right, part.left - one.right) + 2 * max(0, one.top - part.bottom, part.top - one.bottom)
        for one in line
    )


def cuts(lines: Lines, part: Part, first: int) -> list[Part]:
    """A part cut along seams: paths from top to bottom that cross little ink. It is relabelled from `first` on.

    The seams are found by dynamic programming, as in seam carving (Avidan and Shamir, 2007), but the most that are
    taken are those that cross least, as characters touch in few places.
    """
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
    down, from_above = _seams(cost)
    up, from_below = _seams(cost[::-1])
    middle = rows // 2
    through = down[middle] + up[rows - 1 - middle] - cost[middle]
    seams = np.concatenate([_paths(from_above, middle)[::-1], _paths(from_below, rows - 1 - middle)[1:]])
    crossed = np.where(_divides(small >= _WRITTEN, seams, _CHARACTER * lines.height / scale), through, np.inf)
    crossed *= scale / lines.stroke
    apart, most = round(_APART * lines.height / scale), int(_CUTS * part.width / lines.height) + 1
    chosen: list[int] = []
    for column in np.argsort(crossed, kind="stable").tolist():
        if len(chosen) == most or crossed[column] > _THICKEST:
            break
        if all(abs(column - other) > apart for other in chosen):
            chosen.append(column)
    if not chosen:
        return [part]
    paths = [(seams[:, column], float(crossed[column])) for column in sorted(chosen)]
    return _divided(lines, part, mask, paths, scale, first)


def _seams(ink: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """The least ink on a path from the first row to each pixel, and the step sideways that it comes with."""
    cost, steps = ink.copy(), np.zeros(ink.shape, np.int8)
    padded = np.full(ink.shape[1] + 2, np.inf, np.float32)
    for row in range(1, len(ink)):
        padded[1:-1] = cost[row - 1]
        ways = np.stack([padded[1:-1], padded[:-2] + _SIDEWAYS, padded[2:] + _SIDEWAYS])
        best = ways.argmin(0)
        cost[row] += ways[best, np.arange(ink.shape[1])]
        steps[row] = np.array([0, -1, 1], np.int8)[best]
    return cost, steps


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
