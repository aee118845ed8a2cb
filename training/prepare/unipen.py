"""Read UNIPEN files: handwriting as pen tracks.

The format (Guyon et al., "UNIPEN project of on-line data exchange and recognizer benchmarks", ICPR 1994), as far as it
matters here: `.PEN_DOWN`, one `x y` a line, `.PEN_UP`; `.SEGMENT <level> <first>[-<last>] ? "<label>"` says which
pen-down components, counted from 0 through the file, make up one character, and its label. The writer is in a
`.COMMENT`, in a different form in each collection.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.errors import TrainingError

Stroke = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Character:
    """One labelled character: strokes of (x, y) points, x to the right and y downwards, in the device's own units."""

    label: str
    strokes: tuple[Stroke, ...]
    source: str
    writer: str


_SEGMENT = re.compile(r'\S+\s+(?P<components>\d+(?:[-,]\d+)*)\s+\S+\s+"(?P<label>.+)"')
# A comment before segments: the site, and the file, which is of one writer.
_WRITER_BEFORE = re.compile(r"source (?P<source>\S+) file (?P<writer>\S+)")
# A comment after a segment: label, writer, serial number (Pen-Based Recognition of Handwritten Digits).
_WRITER_AFTER = re.compile(r"\S+\s+(?P<writer>\d+)\s+\d+")


def read_unipen(path: Path) -> list[Character]:
    """All labelled characters of a UNIPEN file, gzipped or not, in file order; those without a point are left out.

    Without such comments the source is the file's name and the writer "".
    Raises TrainingError for a file that is not there or is no UNIPEN file.
    """
    segments: list[dict[str, str]] = []
    components: list[Stroke] = []
    try:
        _parse(_lines(path), segments, components)
        characters = [_character(segment, components, path.name.split(".")[0]) for segment in segments]
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror or error}). Name a UNIPEN file.") from error
    except (ValueError, EOFError) as error:
        raise TrainingError(f"{path}: not a UNIPEN file, or a damaged one ({error}). Copy it again.") from error
    if not characters:
        raise TrainingError(f"{path}: no labelled characters in it. Name a UNIPEN file that has .SEGMENT lines.")
    return [character for character in characters if character.strokes]


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rt") if zipped else path.open() as text:
        yield from text


def _parse(lines: Iterator[str], segments: list[dict[str, str]], components: list[Stroke]) -> None:
    announced: dict[str, str] = {}
    points: list[tuple[float, float]] | None = None
    for number, line in enumerate(lines, 1):
        keyword, *rest = line.strip().split(maxsplit=1)[:2] or [""]
        text = rest[0] if rest else ""
        if keyword == ".PEN_DOWN":
            points = []
        elif keyword == ".PEN_UP" and points is not None:
            components.append(tuple(points))
            points = None
        elif keyword == ".SEGMENT":
            if segment := _SEGMENT.match(text):
                segments.append({**announced, **segment.groupdict()})
        elif keyword == ".COMMENT":
            if before := _WRITER_BEFORE.match(text):
                announced = before.groupdict()
            elif segments and (after := _WRITER_AFTER.fullmatch(text.strip())):
                segments[-1].update(after.groupdict())
        elif points is not None and keyword and not keyword.startswith("."):
            try:
                points.append((float(keyword), -float(text.split()[0])))  # the pen's y points up
            except (ValueError, IndexError):
                raise ValueError(f"line {number} is no point: {line.strip()[:40]!r}") from None


def _character(segment: dict[str, str], components: list[Stroke], source: str) -> Character:
    strokes: list[Stroke] = []
    for part in segment["components"].split(","):
        first, last = int(part.split("-")[0]), int(part.split("-")[-1])
        if last >= len(components):
            raise ValueError(f"a segment names pen-down component {last}, but there are only {len(components)}")
        strokes += [stroke for stroke in components[first : last + 1] if stroke]
    return Character(segment["label"], tuple(strokes), segment.get("source", source), segment.get("writer", ""))
