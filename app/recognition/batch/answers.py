"""Image files → rows of answers. Whatever is wrong with one file becomes its row's reason."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from typing import Any

from app.recognition.boxes import Box
from app.recognition.classifier import Classifier, Prediction
from app.recognition.decoding import ImageError
from app.recognition.segmentation import Grey

# What the columns of a row are called, by what is read. `characters` is written where a row can have a list.
COLUMNS = ("file", "label", "confidence", "known", "error")
COLUMNS_OF_SEVERAL = ("file", "text", "confidence", "known", "characters", "error")
# Larger files are not read: some damaged ones would fill the memory.
MAX_BYTES = 256 * 2**20
_DIGITS = 6
# The reason of a file that ends the process that reads it.
KILLED = "The process that read it ended unexpectedly, possibly for lack of memory."

Row = dict[str, Any]


class Reader:
    """Reads image files by one model."""

    def __init__(self, classifier: Classifier, several: bool, open_file: Callable[[str], bytes] | None = None) -> None:
        """With `several`, each image has several characters. `open_file` gives a file's bytes, or raises OSError."""
        self._classifier = classifier
        self._several = several
        self._open = open_file or read_file

    def __call__(self, names: Sequence[str]) -> list[Row]:
        """A row for each name, in their order. Single characters share the passes of the network."""
        if self._several:
            return [self._row_of_several(name) for name in names]
        inputs: list[Grey] = []
        rows: list[Row] = []
        for name in names:
            try:
                inputs.append(self._classifier.preprocess(self._open(name)))
                rows.append({"file": name})
            except Exception as error:  # one file must not stop a million
                rows.append(failed(name, reason(error)))
        answers = iter(self._classifier.predict(inputs) if inputs else [])
        return [row if "error" in row else _answered(row["file"], next(answers)) for row in rows]

    def _row_of_several(self, name: str) -> Row:
        from app.recognition.reading import read  # not needed for single characters

        try:
            reading = read(self._open(name), self._classifier)
        except Exception as error:  # one file must not stop a million
            return failed(name, reason(error))
        characters = [_character(one.prediction, one.box) for one in reading.characters]
        return {
            "file": name,
            "text": reading.text,
            "confidence": round(reading.confidence, _DIGITS),
            "known": all(one["known"] for one in characters),
            "characters": characters,
            "error": None,
        }


def _character(answer: Prediction, box: Box) -> dict[str, Any]:
    confidence = round(answer.confidence, _DIGITS)
    return {"label": answer.label, "confidence": confidence, "known": answer.known, "box": list(box)}


def failed(name: str, why: str) -> Row:
    """The row of a file that could not be read."""
    return {"file": name, "error": why}


def reason(error: Exception) -> str:
    """Why a file could not be read, in one line."""
    if isinstance(error, ImageError):
        return str(error)
    if isinstance(error, OSError):
        return f"The file cannot be read: {error.strerror or error}."
    return f"Unexpected: {type(error).__name__}: {error}".splitlines()[0]


def read_file(name: str) -> bytes:
    """The bytes of a file. Raises OSError, also for what is no regular file: a named pipe would never end."""
    # A named pipe without a writer would not even open.
    with open(os.open(name, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is a folder or a device" if not stat.S_ISFIFO(status.st_mode) else "it is a named pipe")
        return within_limit(file.read(MAX_BYTES + 1))


def within_limit(data: bytes) -> bytes:
    """The same bytes. Raises OSError for too many."""
    if len(data) > MAX_BYTES:
        raise OSError(f"it is larger than {MAX_BYTES // 2**20} MB")
    return data


def _answered(name: str, answer: Prediction) -> Row:
    confidence = round(answer.confidence, _DIGITS)
    return {"file": name, "label": answer.label, "confidence": confidence, "known": answer.known, "error": None}
