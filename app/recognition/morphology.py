"""The few neighbourhood operations that photographs need, in NumPy: SciPy would cost the server 100 MB on disk.

Windows are squares of odd side in pixels, centred; at the image's edge the outermost pixels repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def box_mean(pixels: Array, window: int) -> NDArray[np.float32]:
    """Mean over the window, float32 of the same shape. One pass an axis, whatever the window (summed-area table)."""
    means = pixels
    for axis in (0, 1):
        sums = np.cumsum(_padded(means, window, axis), axis=axis, dtype=np.float64)
        before = np.concatenate([np.zeros_like(_part(sums, axis, 0, 1)), sums], axis)
        length = pixels.shape[axis]
        means = (_part(before, axis, window, window + length) - _part(before, axis, 0, length)) / window
    return means.astype(np.float32)


def dilate(pixels: Array, window: int) -> Array:
    """Maximum over the window."""
    return _slide(pixels, window, np.maximum)


def closing(pixels: Array, window: int) -> Array:
    """Fill dark details narrower than the window; wider ones keep their exact edges."""
    return _slide(dilate(pixels, window), window, np.minimum)


def components(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Label 8-connected regions: the same positive number throughout a region, 0 outside."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        # Every pixel takes the largest label around it, until all of a region agree.
        spread = dilate(labels, 3) * mask
        if np.array_equal(spread, labels):
            return labels
        labels = spread


def _slide(pixels: Array, window: int, pick: Callable[[Array, Array], Array]) -> Array:
    """Maximum or minimum over the window, doubling the width covered with each pass."""
    for axis in (0, 1):
        running, covered = _padded(pixels, window, axis), 1
        while covered < window:
            step = min(covered, window - covered)
            length = running.shape[axis]
            running = pick(_part(running, axis, 0, length - step), _part(running, axis, step, length))
            covered += step
        pixels = running
    return pixels


def _padded(pixels: Array, window: int, axis: int) -> Array:
    widths = [(0, 0), (0, 0)]
    widths[axis] = (window // 2, window // 2)
    return np.pad(pixels, widths, mode="edge")


def _part(pixels: Array, axis: int, start: int, stop: int) -> Array:
    return pixels[start:stop] if axis == 0 else pixels[:, start:stop]
