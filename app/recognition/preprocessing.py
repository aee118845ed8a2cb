"""The one definition of what the network sees, called by the trainer and the server alike.

"ink" is for characters, drawn or scanned or photographed: ink becomes bright on 0, and what was drawn is cropped,
scaled to a box and centred by its mass, as MNIST did (LeCun, Cortes and Burges: a 20-pixel box in 28 x 28). So place,
size, pen, colour and polarity of the original stop mattering. "plain" is for pictures that fill their frame.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.recognition.decoding import ImageError
from app.recognition.photographs import Box
from app.recognition.segmentation import Grey, extent, frame, separate_ink

Method = Literal["ink", "plain"]


# MNIST's 20 of 28 pixels, for any input size.
_BOX = 20 / 28
# Ink weaker than this share of the strongest is left out of the crop, or a JPEG's ringing would widen it.
_CROP_LEVEL = 0.25
# Grey levels below this share of the strongest are noise and become paper.
_NOISE_LEVEL = 0.08
# Longer strips of paper are scaled down to so many pixels.
_LONGEST = 4096
# An image whose strongest ink differs from its paper by less, of 255, is blank.
_BLANK_CONTRAST = 16


class NothingDrawnError(ImageError):
    """There is no ink on the paper."""


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the network's input: the method, and the side of the square in pixels."""

    method: Method = "ink"
    size: int = 28

    def __call__(self, image: Image.Image, photographs: bool = True) -> Grey:
        """Prepare an image of any size that `decode` gave: uint8, (size, size), the subject bright on 0.

        Raises ("ink" only): NothingDrawnError if there is no ink on the paper; PhotographError for an image that looks
        like one, if they are not wanted.
        """
        if self.method == "plain":
            return _prepare_plain(image, self.size)
        return self.from_ink(separate_ink(image, photographs).character().ink)

    def from_ink(self, ink: Grey) -> Grey:
        """The last part of "ink": crop, scale and centre. Raises NothingDrawnError if there is none."""
        return self.placed_ink(ink)[0]

    def placed_ink(self, ink: Grey) -> tuple[Grey, Box]:
        """The same, and where its square lies on the ink: left, top, right and bottom as shares of the ink's width and
        height. It may go beyond. Raises NothingDrawnError if there is none."""
        short = _shortened(ink)
        drawn = _scale_to_box(short, round(self.size * _BOX))
        centred, left, top = _centre_by_mass(drawn.levels, self.size)
        x, y, side = drawn.x - left * drawn.scale, drawn.y - top * drawn.scale, self.size * drawn.scale
        height, width = short.shape
        return centred, (x / width, y / height, (x + side) / width, (y + side) / height)


def _shortened(ink: Grey) -> Grey:
    """Ink whose longer side is not too long: a strip of paper would be widened to a huge window of whole pixels."""
    longest = max(ink.shape)
    if longest <= _LONGEST:
        return ink
    height, width = (max(1, round(side * _LONGEST / longest)) for side in ink.shape)
    return np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BOX))


class _Scaled(NamedTuple):
    """Levels, float32 (height, width); the ink's pixels that go into one of theirs, and where they begin on it."""

    levels: NDArray[np.float32]
    scale: float
    x: float
    y: float


def _scale_to_box(ink: Grey, box: int) -> _Scaled:
    """Crop to the ink and scale its longer side to `box` pixels, strongest grey 255."""
    peaks_x, peaks_y = np.maximum.reduce(ink, 0), np.maximum.reduce(ink, 1)
    strongest = int(np.maximum.reduce(peaks_x))
    if strongest < _BLANK_CONTRAST:
        raise NothingDrawnError(
            "Nothing is drawn: the image is blank, or no ink was found in it. Draw a character first."
        )
    left, right = extent(peaks_x > strongest * _CROP_LEVEL)
    top, bottom = extent(peaks_y > strongest * _CROP_LEVEL)
    scale = max(right - left, bottom - top) / box
    width, height = math.ceil((right - left) / scale - 1e-6), math.ceil((bottom - top) / scale - 1e-6)
    # The window is widened to whole target pixels, so that both directions scale alike; it may leave the image.
    x, y = (left + right - width * scale) / 2, (top + bottom - height * scale) / 2
    x0, y0 = math.floor(x), math.floor(y)
    window = _window(ink, x0, y0, math.ceil(x + width * scale), math.ceil(y + height * scale))
    # Averages of whole areas; few pixels are enlarged smoothly, as squares look like nothing that was trained on.
    filtering = Image.Resampling.BOX if scale >= 1 else Image.Resampling.BICUBIC
    small = window.resize(
        (width, height), filtering, box=(x - x0, y - y0, x - x0 + width * scale, y - y0 + height * scale)
    )
    greys = np.frombuffer(small.tobytes(), np.uint8).reshape(height, width)
    levels: NDArray[np.float32] = np.maximum(greys - np.float32(strongest * _NOISE_LEVEL), 0)
    peak = np.maximum.reduce(levels, axis=None)
    if peak == 0:
        raise NothingDrawnError("Nothing is drawn but a few specks. Draw a character, with a broader pen.")
    levels *= 255 / peak
    return _Scaled(levels, scale, x, y)


def _window(ink: Grey, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """Part of the ink, and paper where it goes beyond."""
    height, width = ink.shape
    part = np.zeros((bottom - top, right - left), np.uint8)
    y, x = max(top, 0), max(left, 0)
    inside = ink[y : min(bottom, height), x : min(right, width)]
    part[y - top : y - top + inside.shape[0], x - left : x - left + inside.shape[1]] = inside
    return Image.frombuffer("L", part.shape[::-1], part, "raw", "L", 0, 1)


def _centre_by_mass(drawn: NDArray[np.float32], size: int) -> tuple[Grey, int, int]:
    """The drawing on a square, and how far from its left and top."""
    height, width = drawn.shape
    mass = np.add.reduce(drawn, axis=None)
    centre_y = float(np.add.reduce(drawn, 1) @ _pixel_centres(height) / mass)
    centre_x = float(np.add.reduce(drawn, 0) @ _pixel_centres(width) / mass)
    top = min(max(round(size / 2 - centre_y), 0), size - height)
    left = min(max(round(size / 2 - centre_x), 0), size - width)
    canvas = np.zeros((size, size), np.uint8)
    canvas[top : top + height, left : left + width] = (drawn + 0.5).astype(np.uint8)
    return canvas, left, top


@functools.cache
def _pixel_centres(count: int) -> NDArray[np.floating]:
    return np.arange(count) + 0.5


def _prepare_plain(image: Image.Image, size: int) -> Grey:
    grey = np.asarray(image if image.mode == "L" else image.convert("L"))
    edge = np.sort(frame(grey))  # NumPy's median takes five times as long
    if int(edge[(len(edge) - 1) // 2]) + int(edge[len(edge) // 2]) > 2 * 127:
        grey = 255 - grey
    if grey.shape == (size, size):
        return grey
    return np.asarray(Image.fromarray(grey).resize((size, size), Image.Resampling.BILINEAR))
