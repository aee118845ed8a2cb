"""Answers so far, kept beside the output until that is complete, so that a run that was stopped can go on.

`answers.csv.unfinished` has JSON Lines, whatever the output's format: first what the answers depend on, then a row for
each file, in the order of the input.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from app.recognition.batch.answers import Row
from app.recognition.batch.errors import BatchError


class Journal:
    """The unfinished answers of one output. Only one process at a time can have it."""

    def __init__(self, output: Path, made_by: dict[str, Any]) -> None:
        """`made_by` is what the answers depend on beside the files: the model, and what is read. Raises BatchError if
        there are unfinished answers that were made otherwise, or are being made; OSError if it cannot be written."""
        self.path = output.with_name(f"{output.name}.unfinished")
        self._file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        try:
            self._lock()
            self._require_same(made_by)
        except BaseException:
            self._file.close()
            raise
        self._begin = self._file.tell()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def skip_read(self, names: Iterator[str]) -> tuple[int, int]:
        """Take those names from the input that have rows already: how many, and how many of these are failures.

        Raises BatchError if they are others than those of the rows.
        """
        count = failures = 0
        end = self._begin
        self._file.seek(end)
        for line in self._file:
            row = _row(line)
            if row is None:  # the last line was cut off when the process was killed
                break
            count += 1
            failures += bool(row["error"])
            name = next(names, None)
            if name != row["file"]:
                now = "there is no such file now" if name is None else f"now it is {name!r}"
                raise BatchError(
                    f"{self.path}: has answers for other files: the {count:,}. was {row['file']!r}, {now}. "
                    "Name the same files again, or remove it to start again."
                )
            end += len(line)
        self._file.truncate(end)
        self._file.seek(end)
        return count, failures

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows. When this returns, the end of this process does not lose them."""
        self._file.write(b"".join(map(_line, rows)))
        self._file.flush()

    def rows(self) -> Iterator[Row]:
        """All rows, from the first on."""
        self._file.seek(self._begin)
        for line in self._file:
            yield json.loads(line)

    def remove(self) -> None:
        """The output is complete."""
        self.path.unlink()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BatchError(
                f"{self.path}: another process writes it. Wait for it, or choose another --output."
            ) from error

    def _require_same(self, made_by: dict[str, Any]) -> None:
        first = self._file.readline()
        if not first.endswith(b"\n"):  # a new file, or one whose maker was killed at once
            self._file.seek(0)
            self._file.truncate()
            self._file.write(_line(made_by))
            return
        before = _row(first)
        if not isinstance(before, dict) or before.keys() != made_by.keys():
            raise BatchError(f"{self.path}: is no file of unfinished answers. Remove it, or choose another --output.")
        for what, value in made_by.items():
            if before[what] != value:
                raise BatchError(
                    f"{self.path}: has answers with {what} {before[what]}, not {value}. "
                    "Go on as it was begun, or remove it to start again."
                )


def _line(values: dict[str, Any]) -> bytes:
    # Names that are no valid UTF-8 have lone surrogates in Python, which JSON can write only as \udcXX.
    return (json.dumps(values, ensure_ascii=False) + "\n").encode(errors="backslashreplace")


def _row(line: bytes) -> Any:
    """The contents of a line, or None if it is incomplete."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
