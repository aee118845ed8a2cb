"""Other ways to find the ink of one character, for images whose first result the classifier is not sure of.

On a scan with lines or parts of neighbours at its edges, or a bold character cut out closely, no single rule is right;
the classifier sees which result is a character.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from app.recognition.components import main_character, without_edge_pieces, without_lines
from app.recognition.frames import Grey, scanned, without_frame
from app.recognition.paper import even_paper, median_colour
from app.recognition.photographs import Region, photographed_character, photographed_ink
from app.recognition.segmentation import Ink

# Photographs are looked at again with so many pixels on their longer side, if they have about as many: the strokes of
# small and thin characters vanish on fewer.
_FINE = 384
_ENLARGED = 0.75
# Images with fewer pixels on their shorter side have none but their first ink: they show too little.
SMALLEST = 20
# Scans are searched with at most so many pixels on their longer side.
_LONGEST = 256
# Weaker ink than this share of the strongest is the paper's noise.
_NOISE = 0.2
# The strongest ink differs from the paper by at least so many grey levels.
_CONTRAST = 80
# Scans are clean if so many pixels are within this distance of the paper's grey level; no photograph of paper is.
_CLEAN_TOLERANCE, _CLEAN_SHARE = 2, 0.28
# Ink is a frame's, or a neighbour's, if so much of it lies within this share of the picture from one edge.
_AT_EDGE, _MOST = 0.18, 0.75
# How much of a line must be ink, and how many sides a frame must have: as usual, and with gaps or sides missing.
_FRAMES = (0.85, 3), (0.5, 1)


def other_ink(image: Image.Image, ink: Ink) -> Iterator[Region]:
    """Other ink of an image that `decode` gave, and on which this `ink` was found. Nothing for a tiny image."""
    if min(image.size) < SMALLEST:
        return
    yield from _photographed(image, ink)
    yield from _scanned(image)


def _photographed(image: Image.Image, ink: Ink) -> Iterator[Region]:
    """What the ink network finds on what was taken for a drawing; or on a photograph looked at more closely, and with
    margins though its paper is uneven: then strokes that touch its edges are found, but so are holes and fingers."""
    photograph = ink.photograph
    if photograph is None:
        yield photographed_character(image, photographed_ink(image, margins=even_paper(image)))
        return
    if max(image.size) >= _ENLARGED * _FINE:
        yield photographed_character(photograph, photographed_ink(photograph, _FINE))
    if ink.paper is None:
        found = photographed_ink(photograph, margins=median_colour(photograph))
        yield photographed_character(photograph, without_edge_pieces(found))


def _scanned(image: Image.Image) -> Iterator[Region]:
    """What differs from the colour of a scan's paper, without a complete or an incomplete frame, and of each what is in
    the middle alone. Nothing without paper of one colour."""
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
        middle = main_character(without_edge_pieces(without_lines(ink)))
        if not middle.any():
            continue  # all of it is a frame's, or neighbours'
        for found in (ink, middle):
            if not _is_along_one_edge(found) and not any(np.array_equal(found, other) for other in seen):
                seen.append(found)
                yield Region(found, (0, 0, 1, 1))


def _is_along_one_edge(ink: Grey) -> bool:
    for lines in (ink.sum(1, dtype=np.int64), ink.sum(0, dtype=np.int64)):
        depth = max(1, round(_AT_EDGE * len(lines)))
        if max(lines[:depth].sum(), lines[-depth:].sum()) >= _MOST * lines.sum():
            return True
    return False
