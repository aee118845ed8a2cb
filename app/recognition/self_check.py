"""Check a new model on a few built-in drawings before it is served."""

from __future__ import annotations

import io
import math

from PIL import Image

from app.recognition.classifier import Classifier

# Strokes on a sheet of 280 units: what any alphabet is made of. Their classes differ from model to model.
_DRAWINGS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((140, 40), (140, 240)),
    ((40, 140), (240, 140)),
    ((60, 60), (220, 60), (120, 230)),
    ((140, 50), (220, 140), (140, 230), (60, 140), (140, 50)),
    ((80, 50), (80, 150), (200, 150), (200, 50), (200, 240)),
)
_PEN = 14


class UnfitModelError(Exception):
    """A model whose answers cannot be right. The message says what is wrong."""


def require_fit(classifier: Classifier) -> None:
    """Classify the built-in drawings, each in its own way from file to answer.

    Raises UnfitModelError if an answer is no probabilities, or if all drawings get the same answer, as those of a
    network do whose weights were damaged.
    """
    answers = [
        classifier.predict([classifier.preprocess(_file(points))])[0].probabilities.values() for points in _DRAWINGS
    ]
    for answer in answers:
        if not all(math.isfinite(value) for value in answer) or not math.isclose(sum(answer), 1, abs_tol=1e-6):
            raise UnfitModelError("its answer to a built-in drawing has numbers that are not probabilities")
    if len(classifier.model.classes) > 1 and len({tuple(answer) for answer in answers}) == 1:
        raise UnfitModelError("it gives the same answer to all built-in drawings")


def _file(points: tuple[tuple[int, int], ...]) -> bytes:
    from PIL import ImageDraw  # not at the start: it loads what draws text, 2 MB that most servers never use

    sheet = Image.new("RGBA", (280, 280), "white")
    ImageDraw.Draw(sheet).line(points, "black", _PEN, joint="curve")
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
