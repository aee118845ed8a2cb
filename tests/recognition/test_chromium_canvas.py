"""The shortcut for the page's own drawings must give what the decoders that know all of PNG give, or stand aside."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from app.recognition.chromium_canvas import canvas_ink
from app.recognition.decoding import decode
from app.recognition.preprocessing import NothingDrawnError, Preprocessing
from tests.conftest import encode


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def as_chromium_writes(image: Image.Image, extra: bytes = b"") -> bytes:
    """A PNG file in which every line says how it differs from the one above."""
    pixels = np.asarray(image.convert("RGBA"))
    lines = pixels.reshape(image.height, -1)
    differences = lines.copy()
    differences[1:] -= lines[:-1]
    filtered = zlib.compress(np.pad(differences, ((0, 0), (1, 0)), constant_values=2).tobytes())
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 6, 0, 0, 0)
    parts = [filtered[start : start + 4096] for start in range(0, len(filtered), 4096)]
    data = b"".join(chunk(b"IDAT", part) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + data + chunk(b"IEND", b"")


def stroke(points, paper: int = 255, pen: int = 0, width: int = 10, size: tuple[int, int] = (100, 70)) -> Image.Image:
    """Grey on grey, with soft edges."""
    large = Image.new("L", (2 * size[0], 2 * size[1]), paper)
    ImageDraw.Draw(large).line([(2 * x, 2 * y) for x, y in points], fill=pen, width=2 * width)
    return large.resize(size, Image.Resampling.BOX)


INSIDE = [(20, 20), (60, 50)]


@given(
    paper=st.integers(0, 255),
    pen=st.integers(0, 255),
    points=st.lists(st.tuples(st.integers(-5, 105), st.integers(-5, 75)), min_size=2, max_size=4),
    width=st.integers(1, 12),
)
def test_the_shortcut_changes_nothing(paper: int, pen: int, points, width: int):
    data = as_chromium_writes(stroke(points, paper, pen, width))
    ink = canvas_ink(data)
    if ink is None:
        return
    preprocessing = Preprocessing()
    try:
        expected = preprocessing(decode(data))
    except NothingDrawnError:
        with pytest.raises(NothingDrawnError):
            preprocessing.from_ink(ink)
        return
    assert np.array_equal(preprocessing.from_ink(ink), expected)


@pytest.mark.parametrize(("paper", "pen"), [(255, 0), (0, 255), (200, 30)])
def test_a_drawing_inside_its_canvas_is_cut_out(paper: int, pen: int):
    image = Image.new("L", (280, 280), paper)
    image.paste(pen, (100, 120, 130, 160))
    ink = canvas_ink(as_chromium_writes(image))
    assert ink is not None
    assert ink.shape == (42, 32)
    assert (ink[1:-1, 1:-1] == abs(paper - pen)).all()
    assert ink.sum() == 30 * 40 * abs(paper - pen)


def test_the_file_is_a_real_png():
    image = stroke(INSIDE)
    opened = Image.open(io.BytesIO(as_chromium_writes(image)))
    assert np.array_equal(np.asarray(opened.convert("L")), np.asarray(image))


def coloured() -> Image.Image:
    image = stroke(INSIDE).convert("RGB")
    image.paste((10, 20, 10), (70, 10, 80, 20))
    return image


def transparent() -> Image.Image:
    image = stroke(INSIDE).convert("RGBA")
    image.paste((0, 0, 0, 100), (70, 10, 80, 20))
    return image


def with_byte_changed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


GOOD = as_chromium_writes(stroke(INSIDE))


@pytest.mark.parametrize(
    "data",
    {
        "coloured": as_chromium_writes(coloured()),
        "partly transparent": as_chromium_writes(transparent()),
        "blank": as_chromium_writes(Image.new("L", (50, 50), 255)),
        "over the left edge": as_chromium_writes(stroke([(-5, 30), (50, 40)])),
        "over the right edge": as_chromium_writes(stroke([(50, 30), (105, 40)])),
        "over the upper edge": as_chromium_writes(stroke([(50, -5), (50, 40)])),
        "over the lower edge": as_chromium_writes(stroke([(50, 30), (50, 75)])),
        "other filters": encode(stroke(INSIDE).convert("RGBA")),
        "no alpha": encode(stroke(INSIDE)),
        "a profile": as_chromium_writes(stroke(INSIDE), chunk(b"gAMA", struct.pack(">I", 45455))),
        "damaged": with_byte_changed(GOOD, len(GOOD) // 2),
        "truncated": GOOD[:-20],
        "longer than its header says": GOOD[:20] + struct.pack(">I", 69) + GOOD[24:],
        "shorter than its header says": GOOD[:20] + struct.pack(">I", 71) + GOOD[24:],
        "no pixels": GOOD[:20] + struct.pack(">I", 0) + GOOD[24:],
        "another chunk where the header should be": GOOD[:8] + b"\0\0\0\0junk" + GOOD[16:],
        "a strip that is scaled down": as_chromium_writes(stroke([(5, 100), (10, 4000)], size=(20, 4097))),
        "a header alone": GOOD[:33],
        "empty": b"",
    }.items(),
    ids=lambda item: item[0],
)
def test_anything_else_is_left_to_others(data: tuple[str, bytes]):
    assert canvas_ink(data[1]) is None


def test_more_pixels_than_allowed_are_left_to_be_refused():
    assert canvas_ink(GOOD, max_pixels=7000) is not None
    assert canvas_ink(GOOD, max_pixels=6999) is None
