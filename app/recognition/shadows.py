"""Edges of shadows and sheets, which the network now and then takes for strokes: found by morphological closing.

A closing (Soille, *Morphological Image Analysis*, 2003, ch. 4) fills what is dark and narrower than its window, the
strokes, and keeps the exact edges of what is wider, the shadows. So ink is what it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

# The window, as a share of the longer side: wider than any stroke.
_WINDOW = 0.25
# Ink that a closing changes by less than this share of what it changes in most of it is an edge.
_EDGE = 0.3
# If so much of the ink would be edges, the strokes are wider than the window.
_TOO_MUCH = 0.3
_SURE = 128


def without_edges(ink: Grey, pixels: Grey) -> Grey:
    """The ink, (height, width), that is darker than the paper around it, or lighter, in `pixels` (height, width, 3)."""
    sure = ink >= _SURE
    if not sure.any():
        return ink
    window = round(_WINDOW * max(ink.shape)) | 1
    strongest, level = None, 0.0
    for channel in np.moveaxis(pixels, 2, 0):
        for side in (channel, 255 - channel):
            change = _closing(side, window) - side
            usual = float(np.median(change[sure]))
            if usual > level:
                strongest, level = change, usual
    if strongest is None:
        return ink
    edges = strongest < _EDGE * level
    if np.mean(edges[sure]) > _TOO_MUCH:
        return ink
    return np.where(edges, np.uint8(0), ink)


def _closing(pixels: Grey, window: int) -> Grey:
    return slide(slide(pixels, window, np.maximum), window, np.minimum)


def slide(pixels: Grey, window: int, pick: Callable[[Any, Any], Any]) -> Grey:
    """Maximum or minimum over a square window, doubling the width covered with each pass; edges repeat."""
    for _ in range(2):
        running, covered = np.pad(pixels, ((window // 2, window // 2), (0, 0)), mode="edge"), 1
        while covered < window:
            step = min(covered, window - covered)
            running = pick(running[: len(running) - step], running[step:])
            covered += step
        pixels = np.ascontiguousarray(running.T)
    return pixels
