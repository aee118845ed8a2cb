"""Other ways to find the ink of one character, for images whose first result the classifier is not sure of.

On a scan with lines or parts of neighbours at its edges, or a bold character cut out closely, no single rule is right;
the classifier sees which result is a character.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from app.recognition.components import main_character, without_edge_pieces
from app.recognition.enlargements import before_enlargement
from app.recognition.frames import SMALLEST, Grey, scanned, without_frame
from app.recognition.photographs import Region
from app.recognition.segmentation import separate_ink

# Scans are searched with at most so many pixels on their longer side.
_LONGEST = 256
# Weaker ink than this share of the strongest is the paper's noise.
_NOISE = 0.2
# The strongest ink differs from the paper by at least so many grey levels.
_CONTRAST = 80
# Scans are clean if so many pixels are within this distance of the paper's grey level; no photograph of paper is.
_CLEAN_TOLERANCE, _CLEAN_SHARE = 2, 0.28
# How much of a line must be ink, and how many sides a frame must have: as usual, and with gaps or sides missing.
_FRAMES = (0.85, 3), (0.5, 1)


def other_ink(image: Image.Image) -> Iterator[Region]:
    """The ink of a scan that `decode` gave: at the size it was enlarged from; what differs from its paper's colour,
    without a complete or an incomplete frame, and of each what is in the middle alone. Nothing for a tiny image, or one
    without paper of one colour that was not enlarged."""
    if min(image.size) < SMALLEST:
        return
    small = before_enlargement(image, np.asarray(image.convert("L")), on_paper=False)
    if small is not image:
        yield separate_ink(small).character()
    scale = min(1, _LONGEST / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize(size, Image.Resampling.BOX) if scale < 1 else image
    seen: list[Grey] = []
    for coverage, sides in _FRAMES:
        grey = np.asarray(without_frame(small, np.asarray(small.convert("L")), coverage, sides).convert("L"))
        scan = scanned(grey)
        if scan is None or np.mean(scan.difference <= _CLEAN_TOLERANCE) < _CLEAN_SHARE:
            continue
        strongest = int(scan.difference.max())
        if strongest < _CONTRAST:
            continue
        ink = np.where(scan.difference >= _NOISE * strongest, scan.difference, np.uint8(0))
        ink = (ink * (255 / strongest)).astype(np.uint8)
        for found in (ink, main_character(without_edge_pieces(ink))):
            if found.any() and not any(np.array_equal(found, other) for other in seen):
                seen.append(found)
                yield Region(found, (0, 0, 1, 1))
