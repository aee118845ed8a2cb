"""What was taken for ink, as a picture to lay over the upload: one sees why it was read as it was."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageChops

from app.recognition.photographs import Region
from app.recognition.segmentation import Grey

# More than the network that finds the ink sees of a whole photograph.
_LONGEST = 480
# Ink that was found but not read, for example of another character, is fainter by this factor.
_NOT_READ = 3


def overlay(size: tuple[int, int], everything: Grey, character: Region) -> bytes:
    """PNG file, black with alpha: opaque where the ink of the character is, fainter where other ink was found.

    It covers the whole upright image of this size (width, height), scaled down to at most 480 pixels on its longer
    side. The arguments are those that `separate_ink` gives.
    """
    scale = min(1, _LONGEST / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    strongest = max(1, int(character.ink.max()))
    left, top, right, bottom = (
        round(share * side) for share, side in zip(character.box, (width, height) * 2, strict=True)
    )
    part = _scaled(character.ink, (max(1, right - left), max(1, bottom - top)), strongest)
    read = Image.new("L", (width, height))
    read.paste(part, (left, top))
    others = _scaled(everything // _NOT_READ, (width, height), strongest)
    file = io.BytesIO()
    Image.merge("LA", (Image.new("L", (width, height)), ImageChops.lighter(read, others))).save(file, "PNG")
    return file.getvalue()


def _scaled(ink: Grey, size: tuple[int, int], strongest: int) -> Image.Image:
    """The ink as an image of this size, with what is as strong as this at 255."""
    levels = np.minimum(ink * (255 / strongest), 255).astype(np.uint8)
    return Image.fromarray(levels).resize(size, Image.Resampling.BILINEAR)
