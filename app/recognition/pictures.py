"""Small grey pictures as PNG files."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.recognition.segmentation import Grey

# Of zlib, its fastest: feature maps are made many times a second, and are not kept.
_FAST = 1


def png(pixels: Grey, compression: int = 6) -> bytes:
    """A grey picture, (height, width), as a PNG file; `compression` is zlib's level."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=compression)
    return file.getvalue()


def value_range(values: NDArray[np.float32]) -> tuple[float, float]:
    """The range that black to white show: from 0, or, of values of both signs, as far below 0 as above it."""
    highest, lowest = float(values.max()), float(values.min())
    if lowest >= 0:
        return 0.0, highest
    reach = max(highest, -lowest)
    return -reach, reach


def column(maps: NDArray[np.float32], low: float, high: float) -> bytes:
    """Maps, (n, height, width), or values, (n,), one below the other as a PNG file: `low` is black, `high` white."""
    levels = (maps - np.float32(low)) * np.float32(255 / (high - low or 1))
    rounded = (levels + np.float32(0.5)).clip(0, 255).astype(np.uint8)
    return png(rounded.reshape(-1, maps.shape[-1] if maps.ndim == 3 else 1), _FAST)
