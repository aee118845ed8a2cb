"""What a correction shows: drawn again from its strokes, or the image that was sent."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from app.recognition.decoding import ImageError
from app.recognition.preprocessing import Preprocessing
from app.storage.records import Correction
from training.prepare.drawing import draw
from training.prepare.unipen import Stroke

_COMPARED = Preprocessing()
# The share of the ink that two images of one character have in common: at least 0.74 for 240 characters drawn with the
# page's pens on a third of the paper or more; below 0.7 for 98 % of pairs of different characters.
_ALIKE = 0.7


def picture(correction: Correction) -> Image.Image:
    """Drawn again from its strokes, if it has any that can be used, else the image as it was sent."""
    strokes = strokes_of(correction)
    return draw(strokes) if strokes else _sent(correction)


def strokes_of(correction: Correction) -> list[Stroke] | None:
    """Its strokes; None if it has none, or if they show something else than its image.

    People review the image. Whoever sends other strokes with it must not teach what nobody has looked at.
    """
    if not correction.strokes:
        return None
    strokes: list[Stroke] = [tuple((x, y) for x, y in stroke) for stroke in correction.strokes]
    try:
        sent, drawn = _COMPARED(_sent(correction)), _COMPARED(draw(strokes))
    except ImageError:
        return None
    return strokes if min(_covered(sent, drawn), _covered(drawn, sent)) >= _ALIKE else None


def _sent(correction: Correction) -> Image.Image:
    return Image.open(io.BytesIO(correction.image))


def _covered(ink: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The share of the ink that is at most a pixel away from ink of the other image."""
    near = np.asarray(Image.fromarray(other).filter(ImageFilter.MaxFilter(3)))
    return float(np.minimum(ink, near).sum() / max(ink.sum(), 1))
