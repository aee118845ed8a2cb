"""Find small files that would take minutes to decode, by a quick look at their parts.

Pillow needs seconds for a PNG file of a million empty chunks or a JPEG file of a million empty segments. Each scan of a
progressive JPEG file is another pass over all pixels, and can be as short as 75 bytes: ten megabytes could take hours.
"""

from __future__ import annotations

import re
import struct

# Cameras write a few dozen segments, and split metadata into pieces of 64 kB. Programs that write PNG line by line make
# thousands of chunks.
MAX_SEGMENTS = 1000
MAX_CHUNKS = 20_000
# Progressive JPEG usually has 10 scans.
MAX_SCANS = 50
_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
# In a scan's data the byte 255 is always followed by 0 or a restart marker (ITU T.81, B.1.1.5). Others end it.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# A file within these limits is a drawing: a PNG file about as large as the page's own canvas (280 x 280), with few
# chunks, none of which takes long to read, as compressed text or a colour profile can. Safari writes eXIf.
DRAWING_PIXELS = 100_000
# The page's wide paper, of 840 x 280, is one too, but only for reading several characters, which takes as long.
WIDE_DRAWING_PIXELS = 3 * DRAWING_PIXELS
_DRAWING_BYTES = 100_000
_DRAWING_CHUNKS = 100
_PLAIN_CHUNKS = frozenset(b"IHDR PLTE tRNS IDAT IEND sRGB gAMA cHRM pHYs sBIT bKGD tIME tEXt eXIf".split())


def is_intricate(data: bytes) -> bool:
    """Whether an image file has far more chunks, segments or scans than any camera or program writes."""
    if data.startswith(b"\x89PNG"):
        return len(png_chunks(data)) >= MAX_CHUNKS
    if data.startswith(b"\xff\xd8"):
        return _has_many_segments(data)
    return False


def is_drawing(data: bytes, most_pixels: int = DRAWING_PIXELS) -> bool:
    """Whether a file is a PNG file so small and simple that it is decoded within a few milliseconds."""
    if len(data) > _DRAWING_BYTES or not 0 < png_pixels(data) <= most_pixels:
        return False
    chunks = png_chunks(data)
    return len(chunks) <= _DRAWING_CHUNKS and _PLAIN_CHUNKS.issuperset(chunks)


def png_pixels(data: bytes) -> int:
    """Width times height in the header of a PNG file; 0 for any other file."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return 0
    width, height = struct.unpack_from(">II", data.ljust(24), 16)
    return int(width * height)


def png_chunks(data: bytes) -> list[bytes]:
    """The types of a PNG file's chunks, in order; at most MAX_CHUNKS of them."""
    kinds: list[bytes] = []
    place = 8
    while place < len(data) and len(kinds) < MAX_CHUNKS:
        kinds.append(data[place + 4 : place + 8])
        place += 12 + int.from_bytes(data[place : place + 4])
    return kinds


def _has_many_segments(data: bytes) -> bool:
    """Whether a JPEG file has more segments or scans than allowed, up to its end-of-image marker.

    What follows that marker does not count: phones append a video there. Bytes that should not be there do count before
    the first scan, because Pillow looks at each.
    """
    may_have_many_scans = data.count(_SCAN) > MAX_SCANS
    place, scans = 2, 0
    for _ in range(MAX_SEGMENTS):
        marker = data[place : place + 2]
        if len(marker) < 2 or marker == _END_OF_IMAGE:
            return False
        if marker[0] != 0xFF or marker[1] in (0x00, 0xFF):
            place += 1
        elif 0xD0 <= marker[1] <= 0xD8:  # markers without contents
            place += 2
        else:
            place += 2 + max(2, int.from_bytes(data[place + 2 : place + 4]))
        if marker == _SCAN:
            scans += 1
            if scans > MAX_SCANS:
                return True
            following = _MARKER.search(data, place) if may_have_many_scans else None
            if following is None:
                return False
            place = following.start()
    return True
