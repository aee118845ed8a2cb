"""Tell ink from paper: an image of marks on a surface → ink bright on 0.

Drawings and scans have one paper colour, and the distance from it is the ink. Photographs do not: light falls off,
a hand throws a shadow. There the paper is what a morphological closing leaves (Soille, *Morphological Image Analysis*,
2003, ch. 4: it fills what is narrower than its window, the strokes, and keeps the edges of what is wider, the shadows),
and ink is measured as the share of the paper's light that it swallows, so that a stroke in the shadow counts as much as
one in the light.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from app.recognition.morphology import box_mean, closing, components, dilate

Grey = NDArray[np.uint8]

# The frame is one colour of paper if this share of it lies within this many grey levels of its median. The share
# leaves room for strokes that run off the edge, the tolerance for JPEG noise. Smaller images are always drawings:
# a shadow has no room in them beside a character.
_FLAT_SHARE = 0.6
_FLAT_TOLERANCE = 4
_SMALLEST_PHOTO = 64
# Below this contrast in grey, colours are compared channel by channel: red on green can be equally bright.
_COLOUR_CONTRAST = 64
# Photographs are analysed at this size: a digit a tenth as large still has twice the pixels that the network sees.
_PHOTO_SIZE = 480
# The closing's window, as a share of the longer side: wider than a stroke, narrower than most shadows.
_WINDOW = 0.16
# Ink in a photograph must swallow this share of the light, and stand out from the paper's grain by this many standard
# deviations; what is fainter than this share of the strongest is a shadow's edge.
_FAINTEST = 0.10
_GRAIN = 4.0
_EDGE = 0.2
# Darker paper than this, of 255, is measured as if it were this bright, or its grain would look like ink.
_DARKEST_PAPER = 64
# Blots smaller than this share of the largest are specks; blots inside the frame are the drawing if the largest of them
# has this share of the largest of all.
_SPECK = 0.05
_INNER = 0.3


class PhotographError(Exception):
    """An image that looks like a photograph, which takes a hundred times as long, where only drawings were wanted."""


def separate_ink(image: Image.Image, photographs: bool = True) -> Grey:
    """Ink of an image that `decode` gave: uint8, (height, width), 0 on the paper, brighter where there is more ink.

    The size is that of the image, or smaller for a photograph; no ink at all gives zeros.
    Raises: PhotographError, if they are not wanted.
    """
    grey = np.asarray(image.convert("L"))
    levels = np.sort(frame(grey))
    paper = int(levels[len(levels) // 2])
    first, last = np.searchsorted(levels, [paper - _FLAT_TOLERANCE, paper + _FLAT_TOLERANCE + 1])
    if last - first < _FLAT_SHARE * len(levels) and min(image.size) >= _SMALLEST_PHOTO:
        if not photographs:
            raise PhotographError
        return _photographed_ink(image if image.mode == "L" else image.convert("RGB"))
    difference = distance(grey, paper)
    if image.mode != "L" and difference.max() < _COLOUR_CONTRAST:
        return _colour_difference(image.convert("RGB"))
    return difference


def distance(grey: Grey, paper: int) -> Grey:
    """|grey - paper|, without leaving bytes; most papers are white."""
    return ~grey if paper == 255 else np.maximum(grey, np.uint8(paper)) - np.minimum(grey, np.uint8(paper))


def extent(marks: NDArray[np.uint8] | NDArray[np.bool_]) -> tuple[int, int]:
    """Where the first thing but 0 is, and the place after the last, in (n,) bytes; the latter is 0 if there is none."""
    line = marks.tobytes()
    return len(line) - len(line.lstrip(b"\0")), len(line.rstrip(b"\0"))


def frame(pixels: NDArray[Any]) -> NDArray[Any]:
    """The outermost pixels of a (height, width, ...) array, (n, ...)."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _colour_difference(image: Image.Image) -> Grey:
    paper = tuple(int(level) for level in np.median(frame(np.asarray(image)), axis=0))
    red, green, blue = ImageChops.difference(image, Image.new("RGB", image.size, paper)).split()
    return np.asarray(ImageChops.lighter(ImageChops.lighter(red, green), blue))


def _photographed_ink(image: Image.Image) -> Grey:
    shrink = max(image.size) / _PHOTO_SIZE
    if shrink > 1:
        width, height = (max(1, round(side / shrink)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BOX)
    window = round(_WINDOW * max(image.size)) | 1
    channels = [np.asarray(channel) for channel in image.split()]
    pixels = max(channels, key=lambda channel: float(_detail(channel, window).std()))
    # Strokes are few and strong: the side on which the detail has its long tail is the ink's.
    if (_detail(pixels, window) ** 3).mean() > 0:
        pixels = 255 - pixels
    pixels = box_mean(pixels, 3).astype(np.uint8)
    paper = closing(pixels, window).astype(np.float32)
    ink = (paper - pixels) / np.maximum(paper, _DARKEST_PAPER)
    grain = 1.4826 * float(np.median(np.abs(ink - np.median(ink))))  # the standard deviation, strokes left out
    peak = float(np.quantile(ink, 0.995))
    floor = max(_GRAIN * grain, _EDGE * peak)
    if peak < max(2 * floor, _FAINTEST):
        return np.zeros_like(pixels)
    drawing = _without_specks((np.clip((ink - floor) / (peak - floor), 0, 1) * 255).astype(np.uint8), window)
    # If all that was strong has gone, only grain is left.
    return drawing if drawing.max() >= 128 else np.zeros_like(drawing)


def _detail(pixels: Grey, window: int) -> NDArray[np.float32]:
    """What a blur of this window removes."""
    return pixels - box_mean(pixels, window)


def _without_specks(ink: Grey, margin: int) -> Grey:
    """Keep the drawing: its large blots, and not those that touch the frame if there are others.

    What touches the frame and stays within `margin` pixels of it is never a drawing: at the frame, closing cannot tell
    the end of a shadow from a stroke.
    """
    cell = max(1, max(ink.shape) // 96)
    height, width = (side // cell * cell for side in ink.shape)
    mass = ink[:height, :width].reshape(height // cell, cell, width // cell, cell).sum((1, 3), dtype=np.int64)
    blots = components(mass > 20 * cell)
    masses = np.bincount(blots.ravel(), mass.ravel())
    touching = np.unique(frame(blots))
    margin = margin // cell
    masses[np.setdiff1d(touching, blots[margin:-margin, margin:-margin])] = 0
    masses[0] = 0
    inner = masses.copy()
    inner[touching] = 0
    if inner.max() > _INNER * masses.max():
        masses = inner
    kept = dilate((masses > _SPECK * masses.max())[blots].astype(np.uint8), 3)
    mask = np.zeros_like(ink)
    mask[:height, :width] = kept.repeat(cell, 0).repeat(cell, 1)
    return ink * mask
