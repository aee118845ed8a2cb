"""Small scans that were enlarged smoothly: they are read at the size that they had.

The strokes of, say, 16 pixels enlarged to 64 are as blurred as shadows and as broad as bars: they look like no drawing,
and the ink network misses them. At their own size they are a drawing of few pixels, as those of MNIST are.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from app.recognition.frames import Grey, scanned

# Sizes that images are enlarged from: pixels on the longer side. They were enlarged by more than this factor ...
_SIZES = (8, 16, 20, 24, 28)
_FACTOR = 1.5
_FILTERS = Image.Resampling.BICUBIC, Image.Resampling.NEAREST
# ... and to no more than this: larger images are photographs.
_LARGEST = 512
# The ink differs from the paper by so many grey levels, and so much of the paper by at most so many: it is as clean as
# scans are, while smooth shadows on empty paper are not.
_CONTRAST = 128
_CLEAN_TOLERANCE, _CLEAN_SHARE = 2, 0.25
# Scaled down and up again they differ by at most this share of their contrast (root mean square). Nine of ten
# enlargements of 8 and 16 pixels do; other scans differ by 0.04 or more, photographs of pencil in a shadow by 0.023.
_DIFFERENCE = 0.025
# Measured on so many pixels at most, on the longer side.
_MEASURED = 128


def before_enlargement(image: Image.Image, grey: Grey) -> Image.Image:
    """The image, which is `grey` in grey levels, at the size it was enlarged from; the image itself if it has finer
    detail, too little contrast, or no clean paper."""
    longest = max(image.size)
    if longest > _LARGEST:
        return image
    contrast, scan = float(np.ptp(grey)), scanned(grey)
    if contrast < _CONTRAST or scan is None or np.mean(scan.difference <= _CLEAN_TOLERANCE) < _CLEAN_SHARE:
        return image
    whole = Image.fromarray(grey)
    whole.thumbnail((_MEASURED, _MEASURED), Image.Resampling.BOX)
    levels = np.asarray(whole, np.float32)
    for size in _SIZES:
        if _FACTOR * size > longest:
            break
        width, height = (max(1, round(side * size / longest)) for side in image.size)
        reduced = whole.resize((width, height), Image.Resampling.BOX)
        for filtering in _FILTERS:
            difference = np.asarray(reduced.resize(whole.size, filtering), np.float32) - levels
            if np.sqrt(np.mean(difference**2)) <= _DIFFERENCE * contrast:
                return image.resize((width, height), Image.Resampling.BOX)
    return image
