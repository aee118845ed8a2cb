"""Uploaded bytes → an upright, opaque image. Files that cannot be used are refused here."""

from __future__ import annotations

import contextlib
import io
import math
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from app.recognition.image_limits import is_intricate

# Pillow knows many more; each is a parser that strangers could reach, so only what browsers send is offered.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
OFFERED = "PNG, JPEG, WebP, GIF or BMP"
MAX_PIXELS = 50_000_000
# Longer sides than this are halved while decoding, where the format allows it (JPEG does): recognition needs far less.
_ENOUGH_PIXELS = 1024
# More pixels than this are made opaque and scaled down band by band, or a large image would take several times its
# decoded size in memory. No drawing has as many, nor has a JPEG decoded at reduced scale.
_MANY_PIXELS = 2048 * 2048
_BAND_ROWS = 256
# What is lighter than this cannot be seen on white paper.
_WHITE = 250

# What people send instead, recognised by its first bytes only, to name it in the answer.
_OTHER_FORMATS = (
    (0, b"II*\x00", "a TIFF"),
    (0, b"MM\x00*", "a TIFF"),
    (4, b"ftypavif", "an AVIF"),
    (4, b"ftyphei", "an HEIC"),
    (4, b"ftypmif1", "an HEIC"),
    (4, b"ftyp", "a video"),
    (0, b"%PDF", "a PDF"),
    (0, b"<svg", "an SVG"),
    (0, b"<?xml", "an SVG or other XML"),
    (0, b"8BPS", "a Photoshop"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (0, b"\xff\x0a", "a JPEG XL"),
    (4, b"JXL ", "a JPEG XL"),
    (4, b"jP  ", "a JPEG 2000"),
)


# What Pillow only warns of, large images and damaged metadata, is checked here, or does not matter.
warnings.filterwarnings("ignore", module=r"PIL\.")


class ImageError(ValueError):
    """An image that cannot be used. The message says why, and what to do about it."""


class UnreadableImageError(ImageError):
    """The bytes are not an image, or a damaged one."""


class UnsupportedFormatError(ImageError):
    """An image in a format that is not offered."""


class TooManyPixelsError(ImageError):
    """The header promises more pixels than are allowed."""


def decode(data: bytes, max_pixels: int = MAX_PIXELS, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Decode an image file in one of the formats (Pillow's names); of an animation, the first frame.

    EXIF orientation is applied. Transparent parts become white paper, unless everything visible is white, which can
    only have been drawn on something dark.

    Returns: an image of mode "L" or "RGB", or "RGBA" without any transparency, 8 bits a channel. A large image comes
    at a reduced scale.
    Raises: UnreadableImageError, UnsupportedFormatError, TooManyPixelsError (from the header, before decoding).
    """
    image = _open(data, formats)
    if image.width * image.height > max_pixels:
        raise TooManyPixelsError(
            f"The image has {image.width} x {image.height} pixels; at most {max_pixels / 1e6:g} million are accepted. "
            "Send a smaller one."
        )
    try:
        image.draft(None, (_ENOUGH_PIXELS, _ENOUGH_PIXELS))
        image.load()
        if image.width * image.height > _MANY_PIXELS:
            return _upright(_reduced(image))
        return _opaque(_upright(image))
    except Exception as error:  # Pillow's decoders raise exceptions of many kinds for damaged files
        raise UnreadableImageError(
            "The image is damaged or incomplete and cannot be decoded. Save it again and retry."
        ) from error


def upright_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of an image file that `decode` accepts, by its header, upright and not reduced."""
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    turned = False
    with contextlib.suppress(Exception):  # a damaged EXIF block does not make the picture unreadable
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5  # the last four are on their side
    return image.size[::-1] if turned else image.size


def _open(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    if is_intricate(data):
        raise UnreadableImageError("The image file has far more parts than an image needs. Save it again and retry.")
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError("The image has far too many pixels. Send a smaller one.") from error
    except UnidentifiedImageError:
        pass
    except Exception as error:
        raise UnreadableImageError("The image's header is damaged. Save it again and retry.") from error
    for offset, signature, name in _OTHER_FORMATS:
        if data.startswith(signature, offset):
            raise UnsupportedFormatError(f"This looks like {name} file. Send a {OFFERED} image.")
    raise UnreadableImageError(f"This is not an image that can be read. Send a {OFFERED} image.")


def _upright(image: Image.Image) -> Image.Image:
    try:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
    except Exception:  # a damaged EXIF block does not make the picture unreadable
        return image
    return ImageOps.exif_transpose(image) if turned else image


def _reduced(image: Image.Image) -> Image.Image:
    """An opaque image of fewer pixels, made without ever holding another one of the original's size."""
    factor = math.ceil(math.sqrt(image.width * image.height / _MANY_PIXELS))
    rows = max(1, _BAND_ROWS // factor) * factor
    transparent = image.has_transparency_data
    on_white, on_black, lightest = [], [], 0 if not transparent else 255
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        if not transparent:
            on_white.append(_opaque(band).reduce(factor))
            continue
        band = band.convert("RGBA")
        alpha = band.getchannel("A")
        white = _over("white", band, alpha)
        lightest = min(lightest, int(np.asarray(white).min()))
        on_white.append(white.reduce(factor))
        on_black.append(_over("black", band, alpha).reduce(factor))
    bands = on_black if lightest > _WHITE else on_white
    whole = Image.fromarray(np.concatenate([np.asarray(band) for band in bands]))
    with contextlib.suppress(Exception):  # a damaged EXIF block does not make the picture unreadable
        whole.getexif()[ExifTags.Base.Orientation] = image.getexif().get(ExifTags.Base.Orientation, 1)
    return whole


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L" if image.mode in ("1", "I", "F") else "RGB")
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image.convert("RGB")
    on_white = _over("white", image, alpha)
    return _over("black", image, alpha) if np.asarray(on_white).min() > _WHITE else on_white


def _over(paper: str, image: Image.Image, alpha: Image.Image) -> Image.Image:
    flat = Image.new("RGB", image.size, paper)
    flat.paste(image, mask=alpha)
    return flat
