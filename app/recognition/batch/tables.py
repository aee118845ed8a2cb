"""Rows → a CSV, JSON Lines or Parquet file, or CSV on standard output. Never more than some thousand rows in memory."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from app.recognition.batch.answers import COLUMNS, COLUMNS_OF_SEVERAL, Row

# Rows that are written to a Parquet file together, as one of its row groups.
_ROW_GROUP = 50_000


def write(rows: Iterator[Row], output: Path, several: bool) -> None:
    """Write rows to a file, in the format that its name's ending says; it is there once complete. Raises OSError."""
    temporary = output.with_name(f"{output.name}.partial")
    try:
        _WRITERS[output.suffix.lower()](rows, temporary, several)
        os.replace(temporary, output)
    finally:
        temporary.unlink(missing_ok=True)


class CsvTable:
    """Rows as CSV (RFC 4180), on a text file that writes newlines as they are. `characters` are left out."""

    def __init__(self, file: TextIO, several: bool) -> None:
        columns = [name for name in (COLUMNS_OF_SEVERAL if several else COLUMNS) if name != "characters"]
        self._file = file
        self._table = csv.DictWriter(file, columns, extrasaction="ignore")
        self._table.writeheader()

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows, and hand them on at once."""
        self._table.writerows({**row, "known": _TRUTH.get(row.get("known"))} for row in rows)
        self._file.flush()


def on_stream(stream: TextIO, several: bool) -> CsvTable:
    """CSV on standard output, with names as the file system has them."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline="")
    return CsvTable(stream, several)


_TRUTH = {True: "true", False: "false", None: ""}


def _csv(rows: Iterator[Row], path: Path, several: bool) -> None:
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        table = CsvTable(file, several)
        while piece := list(itertools.islice(rows, 1000)):
            table.write(piece)


def _jsonl(rows: Iterator[Row], path: Path, several: bool) -> None:
    columns = COLUMNS_OF_SEVERAL if several else COLUMNS
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for row in rows:
            file.write(json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False) + "\n")


def _parquet(rows: Iterator[Row], path: Path, several: bool) -> None:
    import pyarrow
    from pyarrow import parquet

    schema = _schema(several)
    with parquet.ParquetWriter(path, schema) as file:
        while piece := list(itertools.islice(rows, _ROW_GROUP)):
            # Parquet's texts are UTF-8; names that are not get \xNN.
            named = [{**row, "file": os.fsencode(row["file"]).decode(errors="backslashreplace")} for row in piece]
            file.write_table(pyarrow.Table.from_pylist(named, schema))


def _schema(several: bool) -> Any:
    import pyarrow

    kinds: dict[str, Any] = {
        "file": pyarrow.string(),
        "label": pyarrow.string(),
        "text": pyarrow.string(),
        "confidence": pyarrow.float64(),
        "known": pyarrow.bool_(),
        "error": pyarrow.string(),
    }
    kinds["characters"] = pyarrow.list_(
        pyarrow.struct(
            [(name, kinds[name]) for name in ("label", "confidence", "known")]
            + [("box", pyarrow.list_(pyarrow.int64()))]
        )
    )
    return pyarrow.schema([(name, kinds[name]) for name in (COLUMNS_OF_SEVERAL if several else COLUMNS)])


_WRITERS: dict[str, Callable[[Iterator[Row], Path, bool], None]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}
