"""The paper's colour: how even it is, and what differs from it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from app.recognition.frames import Grey

# Paper is clean, as programs and scanners make it and no photograph does, if this share of the image is of one colour.
_CLEAN_SHARE = 0.7
_CLEAN_TOLERANCE = 2
# Paper is even, and more of it can be added around the image, if this share of the image is of one colour.
_EVEN_SHARE = 0.25
# The light on paper is uneven if the medians of so many blocks a side differ by so many grey levels (the highest and
# the lowest of them left out); more, and it is broad strokes that make them differ.
_BLOCKS, _UNEVEN, _STROKES = 8, 8, 40
_LOWEST, _HIGHEST = 0.25, 0.85
# Of larger images the paper is measured on every n-th pixel, about so many on the shorter side: that saves 30 ms of a
# photograph of 12 megapixels.
_MEASURED = 256


def distance(grey: Grey, paper: int) -> Grey:
    """|grey - paper|, without leaving bytes; most papers are white."""
    return ~grey if paper == 255 else np.maximum(grey, np.uint8(paper)) - np.minimum(grey, np.uint8(paper))


def is_clean(difference: Grey) -> bool:
    """Whether most of the paper is of one colour."""
    return bool(np.mean(difference <= _CLEAN_TOLERANCE) >= _CLEAN_SHARE)


def is_unevenly_lit(grey: Grey) -> bool:
    """Whether light paper gets darker from one side to another: (height, width), at least 8 pixels each."""
    rows = np.array_split(sample_of(grey, _MEASURED // 4), _BLOCKS)
    medians = [np.median(block) for row in rows for block in np.array_split(row, _BLOCKS, axis=1)]
    low, high = np.quantile(medians, [_LOWEST, _HIGHEST])
    return bool(_UNEVEN <= high - low <= _STROKES)


def even_paper(image: Image.Image) -> tuple[int, int, int] | None:
    """The paper's red, green and blue, if it is of one colour."""
    some = _some(image)
    pixels, sample = np.asarray(some), np.asarray(some.convert("L"))
    counts = np.bincount(sample.ravel(), minlength=256)
    for paper in (128 + int(counts[128:].argmax()), int(counts.argmax())):  # strokes may cover more than light paper
        even = distance(sample, paper) <= _CLEAN_TOLERANCE
        if np.mean(even) >= _EVEN_SHARE:
            red, green, blue = np.median(pixels[even], axis=0)
            return int(red), int(green), int(blue)
    return None


def median_colour(image: Image.Image) -> tuple[int, int, int]:
    """The median red, green and blue: most of an image is paper."""
    pixels = np.asarray(_some(image))
    red, green, blue = np.median(pixels.reshape(-1, 3), axis=0)
    return int(red), int(green), int(blue)


def _some(image: Image.Image) -> Image.Image:
    """Every n-th pixel of a large image, RGB."""
    step = max(1, min(image.size) // _MEASURED)
    return image.resize((image.width // step, image.height // step), Image.Resampling.NEAREST).convert("RGB")


def sample_of(pixels: Grey, about: int = _MEASURED) -> Grey:
    """Every n-th row and column of a (height, width, ...) array, all of a small one."""
    step = max(1, min(pixels.shape[:2]) // about)
    return pixels[::step, ::step]
