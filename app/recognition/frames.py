"""Frames along the edges of scans: lines around a character that was cut out of a form or a table.

A frame at the very edge would be taken for the paper, and one further in for strokes, so such lines are replaced by
what is beside them. Only scans on paper of one colour are searched; on photographs the ink network leaves frames out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]

# Grey levels within this distance of the most frequent one are paper; the image is a scan if so many pixels are.
_PAPER_TOLERANCE = 8
_PAPER_SHARE = 0.25
# On smaller images strokes that touch the edges look like frames; larger ones are photographs, and take long.
SMALLEST, _LARGEST = 24, 1024
# Ink differs from the paper by this share of the largest difference, and by so many grey levels.
_INK_SHARE = 0.25
_INK_CONTRAST = 24
# Lines are searched for in this share of the image, from each side, and measured without this share at their ends:
# a frame's lines end at its corners.
_DEPTH = 0.2
_ENDS = 0.15
# Lines of larger images are searched for in two adjacent rows, as they may be slightly tilted.
_TILTED = 48
# A frame has so many sides, each ink on this share of its length; strokes that touch the edges do not.
_SIDES = 3
_COVERAGE = 0.85
# Where its lines meet there is at least this share of their ink; and so much of each end of a line is ink, up to the
# line that crosses it there or the image's edge.
_CORNER = 0.6
# Pixels inside of a line with more than this share of its ink are its blurred edge: with less they are uneven paper.
_BLURRED = 0.25
# A frame on clean paper is ink on this share of each of its sides, which may be tilted by this share of its size, and
# on no more than this share of all that it encloses.
_SIDE, _TILT, _FILLED = 0.9, 0.05, 0.5
# In these columns, as shares of the width, its lines begin and end at the same height.
_SOME = 0.35, 0.5, 0.65
# A line is at most this many pixels thicker than the frame's median one: what is thicker has a stroke beside it.
_THICKER = 1


class Scan(NamedTuple):
    """An image on paper of one colour: that paper's grey level, the difference from it, uint8 (height, width), and
    where the paper is, bool (height, width)."""

    level: int
    difference: Grey
    paper: NDArray[np.bool_]


class _Line(NamedTuple):
    """Rows or columns that a line covers, counted from its side of the image, the end exclusive; and which of them has
    most ink, and how much that is on average."""

    start: int
    end: int
    darkest: int
    ink: float


def scanned(grey: Grey) -> Scan | None:
    """The image as a scan, with its most frequent grey level as the paper; None if it has no such paper."""
    counts = np.bincount(grey.ravel(), minlength=256)
    peak = int(np.convolve(counts, np.ones(2 * _PAPER_TOLERANCE + 1), "same").argmax())
    first = max(0, peak - _PAPER_TOLERANCE)
    level = first + int(counts[first : peak + _PAPER_TOLERANCE + 1].argmax())
    difference = np.abs(grey.astype(np.int16) - level).astype(np.uint8)
    paper = difference <= _PAPER_TOLERANCE
    return Scan(level, difference, paper) if paper.mean() >= _PAPER_SHARE else None


def without_frame(image: Image.Image, grey: Grey, coverage: float = _COVERAGE, sides: int = _SIDES) -> Image.Image:
    """The image, which is `grey` in grey levels, without the frame; the image itself if there is none.

    A line is ink on this share of its length (`coverage`), and a frame has so many `sides`.
    """
    scan = scanned(grey) if min(grey.shape) >= SMALLEST and max(grey.shape) <= _LARGEST else None
    if scan is None:
        return image
    level = max(_INK_CONTRAST, _INK_SHARE * int(scan.difference.max()))
    lines = _lines(scan.difference, level, coverage)
    thicknesses = [line.end - line.start for line in lines if line]
    if len(thicknesses) < sides or (sides > 1 and not _meet(lines, scan.difference)):
        return image
    thickest = int(np.median(thicknesses)) + _THICKER
    pixels = np.array(image if image.mode == "L" else image.convert("RGB"))
    paper = np.median(pixels[scan.paper], axis=0).astype(np.uint8)
    columns, written = pixels.swapaxes(0, 1), scan.difference > 2 * level
    views = ((pixels, written), (pixels[::-1], written[::-1]), (columns, written.T), (columns[::-1], written.T[::-1]))
    for line, (view, ink) in zip(lines, views, strict=True):
        if line:
            _remove(view, ink, line.start, min(line.end, line.start + thickest), paper)
    return Image.fromarray(pixels)


def is_framed(difference: Grey) -> bool:
    """Whether ink, by its difference from clean paper, ends in a line on all four sides: in a frame around the middle,
    or in a character that has one, as 日."""
    height, width = difference.shape
    some = difference[:, [int(share * width) for share in _SOME]] > _INK_CONTRAST
    for ends in (some.argmax(0).tolist(), some[::-1].argmax(0).tolist()):
        if max(ends) - min(ends) > _TILT * height:
            return False  # as most drawings
    down, across = (np.maximum.reduce(difference, axis) > _INK_CONTRAST for axis in (1, 0))
    top, bottom = int(down.argmax()), len(down) - int(down[::-1].argmax())
    left, right = int(across.argmax()), len(across) - int(across[::-1].argmax())
    part = difference[top:bottom, left:right]
    for rows in (part, part[::-1], part.T, part.T[::-1]):
        marks = np.maximum.reduce(rows[: max(1, round(_TILT * len(rows)))], 0) > _INK_CONTRAST
        if np.count_nonzero(marks) < _SIDE * len(marks):
            return False
    return bool(np.mean(part > _INK_CONTRAST) <= _FILLED)


def _lines(difference: Grey, level: float, coverage: float) -> list[_Line | None]:
    """The lines at the top, bottom, left and right, each as seen from its side."""
    turned = difference.T
    views = difference, difference[::-1], turned, turned[::-1]
    found = [_line(rows, level, coverage) for rows in views]
    lines = []
    for line, rows, crossing in zip(found, views, (found[2:], found[2:], found[:2], found[:2]), strict=True):
        first, last = (one.darkest if one else 0 for one in crossing)
        whole = line and _goes_through(line, rows, first, rows.shape[1] - last, level)
        lines.append(line if whole else None)
    return lines


def _line(rows: Grey, level: float, coverage: float) -> _Line | None:
    """The first line across from the top, with its blurred edges."""
    count, length = rows.shape
    ends = round(_ENDS * length)
    middle = rows[: max(1, round(_DEPTH * count)) + 1, ends : length - ends]
    if not middle.size:
        return None
    marked = middle > level
    if count >= _TILTED:
        marked = marked[:-1] | marked[1:]
    covered = np.mean(marked, 1) >= coverage
    if not covered.any():
        return None
    start = int(covered.argmax())
    end = start + int(np.append(covered[start:], False).argmin())
    means = middle[start:end].mean(1)
    darkest, ink = start + int(means.argmax()), float(means.max())
    usual = np.median(rows[: end + 3, ends : length - ends], 1)
    while start and usual[start - 1] > _PAPER_TOLERANCE:
        start -= 1
    while end < len(usual) and usual[end] > max(_PAPER_TOLERANCE, _BLURRED * ink):
        end += 1
    return _Line(start, end, darkest, ink)


def _goes_through(line: _Line, rows: Grey, first: int, end: int, level: float) -> bool:
    """Whether the line is ink at both ends, too, from the column `first` to `end`: a stroke beside a frame is not."""
    ends = round(_ENDS * rows.shape[1])
    marked = rows[max(0, line.start - 1) : line.end + 1].max(0) > level
    parts = marked[first:ends], marked[len(marked) - ends : end]
    return all(part.mean() >= _CORNER for part in parts if part.size)


def _meet(lines: list[_Line | None], difference: Grey) -> bool:
    """Whether lines from the top, bottom, left and right meet in corners: round strokes at the edges do not."""
    top, bottom, left, right = lines
    for across, rows in ((top, difference), (bottom, difference[::-1])):
        for down, corner in ((left, rows), (right, rows[:, ::-1])):
            if across and down and corner[across.darkest, down.darkest] < _CORNER * min(across.ink, down.ink):
                return False
    return True


def _remove(pixels: NDArray[np.uint8], ink: NDArray[np.bool_], start: int, end: int, paper: NDArray[np.uint8]) -> None:
    """Replace these rows by what is beside them: strokes that cross the line go on."""
    if end >= len(pixels):
        return
    inside = np.where(_spread(ink[end], pixels), pixels[end], paper)
    if start == 0:
        pixels[:end] = inside
        return
    outside = np.where(_spread(ink[start - 1], pixels), pixels[start - 1], paper)
    shares = np.linspace(0, 1, end - start + 2)[1:-1].reshape(-1, *[1] * (pixels.ndim - 1))
    pixels[start:end] = (outside + (inside.astype(float) - outside) * shares).astype(np.uint8)


def _spread(marks: NDArray[np.bool_], pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Marks of pixels for all of their channels."""
    return marks if pixels.ndim == 2 else marks[:, None]
