from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageDraw

from app.recognition.decoding import (
    ImageError,
    TooManyPixelsError,
    UnreadableImageError,
    UnsupportedFormatError,
    decode,
)
from app.recognition.image_limits import MAX_SCANS, is_intricate
from tests.conftest import encode

MARK = Image.new("RGB", (60, 40), "white")
ImageDraw.Draw(MARK).rectangle((5, 5, 15, 30), fill="black")


def grey(data: bytes) -> np.ndarray:
    return np.asarray(decode(data).convert("L")).astype(int)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_offered_formats_are_read(kind: str):
    assert np.abs(grey(encode(MARK, kind)) - np.asarray(MARK.convert("L"))).mean() < 4


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_modes_of_png_are_read(mode: str):
    image = (
        MARK.convert("L").point(lambda level: level * 257, "I").convert("I;16")
        if mode == "I;16"
        else MARK.convert(mode)
    )
    assert np.abs(grey(encode(image)) - np.asarray(MARK.convert("L"))).max() <= 1


def test_cmyk_jpeg_is_read():
    assert np.abs(grey(encode(MARK.convert("CMYK"), "JPEG", quality=95)) - np.asarray(MARK.convert("L"))).mean() < 4


def test_exif_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    turned = grey(encode(MARK, "JPEG", exif=exif.tobytes(), quality=95))
    assert turned.shape == (60, 40)
    assert np.abs(turned - np.asarray(MARK.convert("L").rotate(-90, expand=True))).mean() < 4


@pytest.mark.parametrize("progressive", [False, True])
def test_what_follows_the_end_of_a_jpeg_does_not_matter(progressive: bool):
    alone = encode(MARK, "JPEG", progressive=progressive)
    motion_photo = alone + b"\x00\x00\x00\x18ftypmp42" + b"\xff\xda" * 100_000
    np.testing.assert_array_equal(grey(motion_photo), grey(alone))


def test_thumbnails_inside_of_a_jpeg_are_no_scans_of_it():
    thumbnail = encode(MARK, "JPEG") + b"\xff\xda" * 100
    assert grey(encode(MARK, "JPEG", extra=b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail)).any()


@pytest.mark.parametrize("count", [49, 51])
def test_the_scans_of_a_jpeg_are_counted_to_its_end(count: int):
    data = encode(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    scans = data.count(b"\xff\xda")
    last = data[data.rfind(b"\xff\xda") : -2]
    data = data[:-2] + last * (count - scans) + data[-2:] + b"\xff\xda" * 1000
    assert is_intricate(data) == (count > MAX_SCANS)


def test_damaged_exif_is_ignored():
    assert grey(encode(MARK, "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")).shape == (40, 60)


def test_transparent_paper_is_white():
    canvas = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).rectangle((5, 5, 15, 30), fill=(0, 0, 0, 255))
    np.testing.assert_array_equal(grey(encode(canvas)), np.asarray(MARK.convert("L")))


def test_white_ink_on_a_transparent_canvas_is_not_lost():
    canvas = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).rectangle((5, 5, 15, 30), fill=(255, 255, 255, 255))
    np.testing.assert_array_equal(grey(encode(canvas)), 255 - np.asarray(MARK.convert("L")))


def test_palette_with_a_transparent_colour_is_read():
    image = MARK.convert("P")
    paper = image.getpixel((50, 35))
    np.testing.assert_array_equal(grey(encode(image, "GIF", transparency=paper)), np.asarray(MARK.convert("L")))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_is_read(kind: str):
    frames = [MARK, Image.new("RGB", MARK.size, "black")]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    assert np.abs(grey(data) - np.asarray(MARK.convert("L"))).mean() < 4


def test_large_jpeg_is_decoded_at_reduced_scale():
    assert max(decode(encode(Image.new("L", (4000, 3000)), "JPEG")).size) <= 2000


def test_pixels_are_counted_before_decoding():
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    with pytest.raises(TooManyPixelsError):
        decode(b"\x89PNG\r\n\x1a\n" + chunk + b"\x00\x00\x00\x00IDAT\x00\x00\x00\x00")


def test_limit_of_pixels_is_the_callers():
    with pytest.raises(TooManyPixelsError, match="60 x 40"):
        decode(encode(MARK), max_pixels=60 * 40 - 1)
    assert decode(encode(MARK), max_pixels=60 * 40).size == (60, 40)


@pytest.mark.parametrize("kind", ["TIFF", "ICO", "PDF", "AVIF"])
def test_other_formats_are_named(kind: str):
    with pytest.raises(UnsupportedFormatError, match=r"Send a PNG, JPEG"):
        decode(encode(MARK, kind))


@pytest.mark.parametrize("data", [b"", b"hello", b"\x00" * 100], ids=["empty", "text", "zeros"])
def test_what_is_no_image_is_refused(data: bytes):
    with pytest.raises(UnreadableImageError):
        decode(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_truncated_files_are_refused(kind: str):
    data = encode(Image.effect_noise((60, 60), 80).convert("RGB"), kind)
    with pytest.raises(UnreadableImageError):
        decode(data[: len(data) // 2])


def test_mislabelled_file_is_read_by_its_contents():
    # The name and type that a client gives are never looked at, so there is nothing to mislabel but the bytes.
    assert decode(encode(MARK, "JPEG")).size == (60, 40)


@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    keep=st.floats(0.1, 1),
)
def test_damaged_files_never_raise_anything_else(kind: str, edits: list[tuple[int, int]], keep: float):
    data = bytearray(encode(MARK, kind))
    for place, value in edits:
        data[place % len(data)] = value
    try:
        image = decode(bytes(data[: max(1, int(len(data) * keep))]))
    except ImageError:
        return
    assert image.mode in ("L", "RGB")


# One side of an image just too large to be made opaque and scaled down in one piece.
_SIDE = 2100


@pytest.fixture(scope="module")
def large() -> Image.Image:
    """A dark L in the upper left quarter of transparent paper."""
    image = Image.new("RGBA", (_SIDE, _SIDE), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(200, 100), (200, 900), (700, 900)], fill=(20, 30, 40, 255), width=60)
    return image


def test_large_transparent_image_is_made_opaque_and_smaller_band_by_band(large: Image.Image):
    decoded = decode(encode(large, compress_level=1))
    flat = Image.new("RGB", large.size, "white")
    flat.paste(large, mask=large)
    assert decoded.mode == "RGB"
    assert decoded.size == (_SIDE // 2, _SIDE // 2)
    assert np.abs(np.asarray(decoded).astype(int) - np.asarray(flat.reduce(2))).max() <= 1


def test_large_white_drawing_on_transparent_paper_is_put_on_black(large: Image.Image):
    white = Image.merge("RGBA", [Image.new("L", large.size, 255)] * 3 + [large.getchannel("A")])
    decoded = np.asarray(decode(encode(white, compress_level=1)))
    assert decoded[300, 100].tolist() == [255] * 3
    assert decoded[900, 900].tolist() == [0] * 3


def test_large_image_keeps_its_exif_orientation(large: Image.Image):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned clockwise by a quarter
    upright, turned = (decode(encode(large, compress_level=1, exif=given)) for given in (Image.Exif(), exif))
    assert np.array_equal(np.asarray(turned), np.rot90(np.asarray(upright), -1))
