"""The parts that writing is made of: connected ink.

A character is made of one part or of several that follow one another along the line; app/recognition/reading.py finds
out of which. lines.py puts parts into lines; where characters touch, seams.py cuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.recognition.boxes import Box

Labels = NDArray[np.uint16]


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
