"""Files that are small, and yet take minutes to read: a cheap look at a file's parts, before it is decoded.

A PNG of a million empty chunks or a JPEG of a million empty segments keeps Pillow's loops busy for seconds; and each
scan of a progressive JPEG, 75 bytes of it, is another pass over all pixels, so that ten megabytes could take hours.
"""

from __future__ import annotations

import struct

# Cameras write a few dozen segments, and metadata in pieces of 64 kB; programs that write PNG line by line, thousands.
MAX_SEGMENTS = 1000
MAX_CHUNKS = 20_000
# The usual script for progressive JPEG has 10 scans, and thumbnails are pictures of their own.
MAX_SCANS = 50
# A drawing is no more than this: PNG, about as large as the page's own canvas (280 x 280), of few parts. Of its chunks
# none takes long to read, as compressed texts and colour profiles may; Safari writes eXIf.
DRAWING_PIXELS = 100_000
_DRAWING_BYTES = 100_000
_DRAWING_CHUNKS = 100
_PLAIN_CHUNKS = frozenset(b"IHDR PLTE tRNS IDAT IEND sRGB gAMA cHRM pHYs sBIT bKGD tIME tEXt eXIf".split())


def is_intricate(data: bytes) -> bool:
    """Whether an image file has far more parts than any camera or program writes."""
    if data.startswith(b"\x89PNG"):
        return len(png_chunks(data)) >= MAX_CHUNKS
    if data.startswith(b"\xff\xd8"):
        # Within a scan's data the byte 255 is always followed by 0 or a restart marker (ITU T.81, B.1.1.5).
        return data.count(b"\xff\xda") > MAX_SCANS or _has_many_segments(data)
    return False


def is_drawing(data: bytes) -> bool:
    """Whether a file is so small and plain a PNG that it is decoded in a third of a millisecond or a few."""
    if len(data) > _DRAWING_BYTES or not 0 < png_pixels(data) <= DRAWING_PIXELS:
        return False
    chunks = png_chunks(data)
    return len(chunks) <= _DRAWING_CHUNKS and _PLAIN_CHUNKS.issuperset(chunks)


def png_pixels(data: bytes) -> int:
    """Width times height by a PNG file's header; 0 if it is no PNG file."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return 0
    width, height = struct.unpack_from(">II", data.ljust(24), 16)
    return int(width * height)


def png_chunks(data: bytes) -> list[bytes]:
    """The types of a PNG file's chunks, in order; no more of them than are worth reading."""
    kinds: list[bytes] = []
    place = 8
    while place < len(data) and len(kinds) < MAX_CHUNKS:
        kinds.append(data[place + 4 : place + 8])
        place += 12 + int.from_bytes(data[place : place + 4])
    return kinds


def _has_many_segments(data: bytes) -> bool:
    """Before the first scan. Bytes that should not be there count as well: Pillow looks at each."""
    place = 2
    for _ in range(MAX_SEGMENTS):
        marker = data[place : place + 2]
        if len(marker) < 2 or marker == b"\xff\xda":
            return False
        if marker[0] != 0xFF or marker[1] in (0x00, 0xFF):
            place += 1
        elif 0xD0 <= marker[1] <= 0xD9:  # markers without contents
            place += 2
        else:
            place += 2 + max(2, int.from_bytes(data[place + 2 : place + 4]))
    return True
