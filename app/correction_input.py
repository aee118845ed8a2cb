"""Check and clean what a client sends with a correction."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import Field, TypeAdapter, ValidationError

from app.recognition.decoding import decode
from app.storage.records import NONE_OF_THESE, Strokes

# Larger images are scaled down: recognition needs far less, and the database keeps every one.
_LONGEST_SIDE = 512
# More than fit on the paper: the longest of 50,000 characters of the UNIPEN collection has 1,700 points.
_MOST_POINTS = 10_000
_WRITER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VERSION = re.compile(r"[A-Za-z0-9._-]{0,64}")
# The paper is 280 units wide; a pen that leaves it is recorded a little farther.
_Coordinate = Annotated[float, Field(ge=-280, le=560, allow_inf_nan=False)]
_Stroke = Annotated[list[tuple[_Coordinate, _Coordinate]], Field(min_length=1, max_length=_MOST_POINTS)]
_STROKES: TypeAdapter[list[list[tuple[float, float]]]] = TypeAdapter(
    Annotated[list[_Stroke], Field(min_length=1, max_length=500)]
)


class CorrectionError(ValueError):
    """A field that cannot be used. The message says which, and what to send."""


def parse_label(text: str | None, classes: Sequence[str]) -> str | None:
    """Return the class, or None for "none of these". Raises CorrectionError for another label."""
    if text in classes:
        return text
    if text == NONE_OF_THESE:
        return None
    raise CorrectionError(
        f"label={(text or '')[:50]!r} is not a class of the model. Send one of those of /model, or {NONE_OF_THESE!r}."
    )


def parse_strokes(text: str | None) -> Strokes | None:
    """Parse strokes, a list of lists of [x, y], and round them to tenths. Raises CorrectionError for anything else."""
    if not text:
        return None
    try:
        strokes = _STROKES.validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise CorrectionError(
            f"strokes: {problem['msg']}. Send JSON, a list of strokes, each a list of [x, y] on the 280-unit paper."
        ) from error
    if sum(map(len, strokes)) > _MOST_POINTS:
        raise CorrectionError(f"strokes: more than {_MOST_POINTS} points. Send fewer points, or no strokes.")
    return [[[round(x, 1), round(y, 1)] for x, y in stroke] for stroke in strokes]


def parse_writer(text: str | None) -> str | None:
    """Return the opaque id that the page made up. Raises CorrectionError for what could be more than that."""
    if text and not _WRITER.fullmatch(text):
        raise CorrectionError("writer: send at most 64 letters, digits, - or _: a random id, never a name.")
    return text or None


def parse_version(text: str | None) -> str:
    """Return the version of the model that was wrong. Raises CorrectionError for what is no version."""
    if text and not _VERSION.fullmatch(text):
        raise CorrectionError("version: send the version that /model has.")
    return text or ""


def clean_image(data: bytes, max_pixels: int) -> bytes:
    """Decode an image file and write it as a new PNG file: upright, without metadata, and not larger than needed.

    A photograph's metadata can name the place where it was taken. Raises ImageError for what is no image.
    """
    image = decode(data, max_pixels).convert("RGB")
    pixels = np.asarray(image)
    if (pixels == pixels[..., :1]).all():
        image = image.convert("L")
    if max(image.size) > _LONGEST_SIDE:
        image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = io.BytesIO()
    Image.fromarray(np.asarray(image)).save(file, "PNG", optimize=True)
    return file.getvalue()
