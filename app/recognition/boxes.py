"""Boxes around characters: left, top, right and bottom, the end exclusive."""

from __future__ import annotations

from collections.abc import Sequence

from app.recognition.photographs import Region

Box = tuple[int, int, int, int]

# What is beside one character on a photograph is not in its box: less than so much of it.
_MOST = 0.5


def in_upload(box: Box, region: Region, size: tuple[int, int]) -> Box:
    """A box in a region's own pixels → in those of the upload, which has this width and height."""
    rows, columns = region.ink.shape
    left, top, right, bottom = region.box
    (width, height), x, y = size, (right - left) / columns, (bottom - top) / rows
    return (
        round((left + box[0] * x) * width),
        round((top + box[1] * y) * height),
        round((left + box[2] * x) * width),
        round((top + box[3] * y) * height),
    )


def covers(box: Box, boxes: Sequence[Box]) -> bool:
    """Whether most of each box is in the first one."""
    return all(
        max(0, min(right, box[2]) - max(left, box[0])) * max(0, min(bottom, box[3]) - max(top, box[1]))
        >= _MOST * (right - left) * (bottom - top)
        for left, top, right, bottom in boxes
    )
