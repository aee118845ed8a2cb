"""Ink in photographs, found by a small fully convolutional network (training/ink trains it on composed photographs).

It has learnt to leave out the rules and squares of paper, frames, folds, shadows, the sheet's edge and what lies behind
it, and to see strokes of any colour, faint pencil and chalk as well. It runs in ONNX Runtime, is loaded when the first
photograph comes, and uses one thread.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from app.recognition.components import main_character, usual_height, without_rules
from app.recognition.shadows import without_edges

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Grey = NDArray[np.uint8]
# Left, top, right, bottom, as shares of the picture's width and height.
Box = tuple[float, float, float, float]

_NETWORK = Path(__file__).with_name("ink.onnx")
# Pictures are shown to the network with so many pixels on their longer side.
_WHOLE = 192
# The character alone, with some paper around it, is then shown with so many. That is worth it where this enlarges it.
_CLOSE = 160
_AROUND = 2.0
_ENLARGED = 1.25
# Pictures of several characters are shown with about so many pixels on the sides of a square, strips with up to _WIDEST
# on their longer side. Characters lower than _LOW are shown again, twice as high if that is no more than so many pixels
# in all, with so much of their longer side as paper around.
_LINES, _WIDEST = 288, 640
_LOW, _MOST_PIXELS, _BORDER = 16, 2**18, 0.1
# Margins are this share of the pixels that the network is shown.
_MARGIN = 0.08
# Pictures with more than so many pixels for each of the network's are averaged in two steps.
_REDUCING_GAP = 3.0
# The network's sides are multiples of this.
_STRIDE = 16
# More likely than not.
_SURE = 128


class Region(NamedTuple):
    """The ink of a part of a picture, uint8 (height, width) at a scale of its own, and which part that is."""

    ink: Grey
    box: Box


def photographed_ink(image: Image.Image, longest: int = _WHOLE, margins: tuple[int, int, int] | None = None) -> Grey:
    """How surely each pixel was written on: uint8, (height, width), 255 for certain, 0 on paper and elsewhere.

    It covers the whole picture, whose longer side is scaled to `longest` pixels. With `margins`, the paper's colour,
    the network sees the picture with more paper around it: it takes what touches the edge for a table or a frame, and a
    character may be cut out so closely that it does.
    """
    margin = round(_MARGIN * longest) if margins else 0
    scale = (longest - 2 * margin) / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    # Pillow's filters average over all pixels that become one, and a first step by whole numbers saves time.
    colours = image if image.mode == "RGB" else image.convert("RGB")
    small = colours.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=_REDUCING_GAP)
    pixels = np.asarray(ImageOps.expand(small, margin, margins) if margins else small)
    padded = np.pad(pixels, ((0, -pixels.shape[0] % _STRIDE), (0, -pixels.shape[1] % _STRIDE), (0, 0)), mode="edge")
    images = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32) / 255
    (ink,) = _network().run(None, {"images": images})
    rows, columns = pixels.shape[:2]
    levels = without_edges(np.rint(ink[0, 0, :rows, :columns] * 255).astype(np.uint8), pixels)
    return levels[margin : margin + height, margin : margin + width]


def photographed_character(image: Image.Image, everything: Grey) -> Region:
    """The ink of the character that the picture is of, of all that `photographed_ink` found there.

    A small character is looked at again, from nearer. No character gives zeros.
    """
    found = main_character(everything)
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    if not len(rows):
        return Region(found, (0, 0, 1, 1))
    scale = max(image.size) / max(found.shape)
    side = _AROUND * scale * max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
    if max(image.size) / side > _ENLARGED:
        left, right = _span((columns[0] + columns[-1] + 1) / 2 * scale, side, image.width)
        top, bottom = _span((rows[0] + rows[-1] + 1) / 2 * scale, side, image.height)
        close = main_character(photographed_ink(image.crop((left, top, right, bottom)), _CLOSE))
        if close.any():
            return Region(close, (left / image.width, top / image.height, right / image.width, bottom / image.height))
    return Region(found, (0, 0, 1, 1))


def photographed_writing(image: Image.Image, margins: tuple[int, int, int] | None = None) -> Region:
    """The ink of all that was written on a picture: several characters, which are smaller in it than one is.

    If they are very small, a part is looked at from nearer. Nothing written gives zeros.
    """
    longest = round(_LINES * (max(image.size) / min(image.size)) ** 0.5)
    found = without_rules(photographed_ink(image, min(longest, _WIDEST), margins))
    sure = found >= _SURE
    rows, columns = np.flatnonzero(sure.any(1)), np.flatnonzero(sure.any(0))
    if not len(rows) or usual_height(found) >= _LOW:
        return Region(found, (0, 0, 1, 1))
    scale = max(image.size) / max(found.shape)
    high, wide = (rows[-1] - rows[0] + 1) * scale, (columns[-1] - columns[0] + 1) * scale
    around = _BORDER * max(high, wide)
    left, right = _span((columns[0] + columns[-1] + 1) / 2 * scale, wide + around, image.width)
    top, bottom = _span((rows[0] + rows[-1] + 1) / 2 * scale, high + around, image.height)
    enlarged = min(2 * _LOW / usual_height(found), scale * (_MOST_PIXELS / ((right - left) * (bottom - top))) ** 0.5)
    if enlarged < _ENLARGED:
        return Region(found, (0, 0, 1, 1))
    part = image.crop((left, top, right, bottom))
    close = photographed_ink(part, round(max(part.size) / scale * enlarged))
    return Region(close, (left / image.width, top / image.height, right / image.width, bottom / image.height))


def _span(middle: float, length: float, limit: int) -> tuple[int, int]:
    """Whole pixels from and to, of about this length and, where there is room for it, around this middle."""
    length = min(length, limit)
    start = min(max(middle - length / 2, 0), limit - length)
    return int(start), max(int(start) + 1, round(start + length))


@functools.cache
def _network() -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return InferenceSession(str(_NETWORK), options, providers=["CPUExecutionProvider"])
