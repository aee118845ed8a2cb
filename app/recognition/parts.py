"""The parts that writing is made of: connected ink, and its lines.

A character is made of one part or of several that follow one another along the line; app/recognition/reading.py finds
out of which. Where characters touch, seams.py cuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cc3d
import numpy as np
from numpy.typing import NDArray

from app.recognition.boxes import Box
from app.recognition.segmentation import Grey

Labels = NDArray[np.uint16]

# Ink is what is at least this strong, of 255, the strongest being 255.
INK = 64
# More parts than this, specks among them, are a picture or noise, and would take long to look at.
_SPECKS = 10_000
# Where there are too many parts and each has less room than so many pixels, they are grain.
_ROOM = 64
# Parts smaller than this share of the characters' height are specks; they belong to nothing.
_SPECK = 0.1
# Parts at least this tall or wide, in heights of the tallest, say how tall the characters are.
_TALL = 0.4
# Parts of this share of that height and more are put into lines first; the others go to the nearest line.
_LARGE = 0.55
# Neighbours are of one line if they overlap vertically by this share of the smaller one.
_SAME_LINE = 0.35
# A part at most so high as the one above or below it, and at most so far from it, both in heights of that one, is a
# detached stroke: the bar of a 5.
_MUCH_LOWER, _DETACHED = 0.75, 0.2


class CrowdedError(Exception):
    """More parts than so many characters have."""


class GrainError(CrowdedError):
    """So many parts on so little room that they are no characters."""


@dataclass(frozen=True)
class Part:
    """Connected ink, or what a cut leaves of it: its label, its pixels and its box, the end exclusive.

    `trust`, 0 to 1, is how likely it is writing rather than print, rules or shadow; `pale` says how much less it
    differs from its paper than most of the ink does. `cut` is how much ink was cut through between it and the part
    before it, in widths of a stroke, 0 for paper; `border` how much the cut looks like a border between characters
    (seams.py).
    """

    label: int
    pixels: int
    left: int
    top: int
    right: int
    bottom: int
    trust: float = 1.0
    pale: float = 0.0
    cut: float = 0.0
    border: float = 0.0

    @property
    def box(self) -> Box:
        """Left, top, right and bottom, the end exclusive."""
        return self.left, self.top, self.right, self.bottom

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


def box_around(parts: Sequence[Part]) -> Box:
    """Left, top, right and bottom of several parts, the end exclusive."""
    return (
        min(part.left for part in parts),
        min(part.top for part in parts),
        max(part.right for part in parts),
        max(part.bottom for part in parts),
    )


def united(parts: Sequence[Part]) -> Part:
    """One part of several, under the label of the first one."""
    left, top, right, bottom = box_around(parts)
    pixels, trust = sum(part.pixels for part in parts), min(part.trust for part in parts)
    return replace(parts[0], pixels=pixels, left=left, top=top, right=right, bottom=bottom, trust=trust)


def find_lines(ink: Grey, most: int) -> Lines:
    """The lines of writing in ink that is bright on 0. Raises CrowdedError for more than `most` parts, GrainError for
    the grain of an image."""
    mask = ink >= INK * (int(ink.max()) / 255)
    # Of booleans cc3d 4.1.1 gives some pixels of a component a label of their own.
    found, count = cc3d.connected_components(mask.view(np.uint8), connectivity=8, return_N=True)
    crowded = GrainError if count * _ROOM > mask.size else CrowdedError
    if count > _SPECKS:
        raise crowded
    labels: Labels = np.asarray(found, np.uint16)
    parts = [Part(label, pixels, *box) for label, pixels, box in measured(labels)]
    height = _usual_height(parts)
    parts = [part for part in parts if max(part.width, part.height) >= _SPECK * height]
    if len(parts) > most:
        raise crowded
    return Lines(_in_lines(parts, height), labels, height, _stroke(mask))


def measured(labels: Labels) -> list[tuple[int, int, Box]]:
    """Each label but 0, its number of pixels, and the box around them. cc3d.statistics measures more, and takes twice
    as long."""
    width = labels.shape[1]
    places = np.flatnonzero(labels > 0).astype(np.uint32)
    if not len(places):
        return []
    own = labels.ravel()[places]
    order = np.argsort(own, kind="stable")
    own, places = own[order], places[order]
    starts = np.flatnonzero(np.diff(own, prepend=0))
    ends = np.append(starts[1:], len(own))
    columns = places % np.uint32(width)
    lefts, rights = np.minimum.reduceat(columns, starts), np.maximum.reduceat(columns, starts) + 1
    tops, bottoms = places[starts] // width, places[ends - 1] // width + 1
    boxes = np.stack([lefts, tops, rights, bottoms], 1).tolist()
    return [
        (label, pixels, (left, top, right, bottom))
        for label, pixels, (left, top, right, bottom) in zip(
            own[starts].tolist(), (ends - starts).tolist(), boxes, strict=True
        )
    ]


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
    lines = [sorted(line, key=lambda one: one.middle) for line in _with_detached(lines)]
    return sorted(lines, key=lambda line: float(np.mean([part.top + part.bottom for part in line])))


def _with_detached(lines: list[list[Part]]) -> list[list[Part]]:
    """Lines without those that have only detached strokes, which go to the lines of their characters."""
    kept: list[list[Part]] = []
    for line in sorted(lines, key=lambda line: -max(part.height for part in line)):
        home = next((other for other in kept if all(_is_detached(part, other) for part in line)), None)
        if home is None:
            kept.append(line)
        else:
            home += line
    return kept


def _is_detached(part: Part, line: list[Part]) -> bool:
    """Whether a part is a detached stroke of a character of the line."""
    return any(
        min(part.right, one.right) > max(part.left, one.left)
        and max(part.top - one.bottom, one.top - part.bottom) <= _DETACHED * one.height
        and part.height <= _MUCH_LOWER * one.height
        for one in line
    )


def _overlap(one: Part, other: Part) -> float:
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    return common / min(one.height, other.height)


def _distance(line: list[Part], part: Part) -> float:
    """How far a small part is from the nearest large one of a line."""
    return min(
        max(0, one.left - part.right, part.left - one.right) + 2 * max(0, one.top - part.bottom, part.top - one.bottom)
        for one in line
    )
