"""Photographs composed of pen tracks or print on synthesised or photographed paper, and the ink that is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from training.ink.cameras import lit, photographed, scanned
from training.ink.frames import boxed
from training.ink.noise import Field, Scene
from training.ink.papers import random_features, surface
from training.ink.pens import random_pen, write
from training.prepare.drawing import draw, vary
from training.prepare.unipen import Character, Stroke

# Fonts that matplotlib brings with it: DejaVu, STIX (SIL Open Font Licence) and Computer Modern.
_FONTS = ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif",
          "DejaVuSansMono", "cmr10", "cmss10", "cmtt10")  # fmt: skip

# How many sheets are taken from photographs, if there are any.
_BACKGROUNDS = 0.12
# How many are scans, in even light.
_SCANS = 0.2
# How many are cut out so closely that the character touches the edges, with strokes of up to this share of the picture.
_CUT_OUTS, _BOLDEST = 0.1, 0.25
# How many are photographs of many pixels, scaled down: there strokes may be as thin as _THINNEST, in pixels, and are
# to be found as if they were _VISIBLE.
_FINE, _THINNEST, _VISIBLE = 0.25, 0.5, 1.2
# Around so many scans and cut-outs there is more paper, as the service adds it (app/recognition/photographs.py).
_MARGINS, _MARGIN = 0.5, 0.08
# Where one sees a sheet's edges, one writes on this share of the picture, in its middle.
_ROOM = 0.7


@dataclass(frozen=True)
class Photograph:
    """A picture, RGB, and how much of each pixel was written on, uint8 (height, width), thin strokes broadened."""

    picture: Image.Image
    ink: np.ndarray


def compose(
    characters: Sequence[Character],
    size: int,
    generator: np.random.Generator,
    backgrounds: Sequence[Image.Image] = (),
    printed: str = "",
    features: frozenset[str] | None = None,
    pen: str | None = None,
) -> Photograph:
    """Photograph characters on one sheet, `size` pixels square; none gives blank paper.

    The first is the largest and near the middle, the others stand beside it. `printed` is text to print instead.
    `backgrounds` are photographs of paper with nothing on it, which some sheets are taken from. `features` and `pen`
    (papers.py, pens.py) are random unless given.
    """
    cut = features is None and not printed and len(characters) == 1 and bool(generator.random() < _CUT_OUTS)
    fine = features is None and not printed and not cut and bool(characters) and bool(generator.random() < _FINE)
    features = frozenset[str]() if cut else random_features(generator) if features is None else features
    if backgrounds and not cut and generator.random() < _BACKGROUNDS:
        scene, features = _background(backgrounds, size, generator), frozenset()
    else:
        scene = surface(size, features, generator)
    pen = pen or ("chalk" if "board" in features else random_pen(generator))
    drawn = ink = np.zeros((size, size), np.float32)
    if printed:
        drawn = ink = _printed(printed, size, generator)
    elif cut:
        drawn = ink = _cut_out(characters[0], size, generator)
    elif characters:
        drawn, ink = _written(characters, size, _ROOM if "table" in features else 1.0, fine, generator)
    if generator.random() < 0.15:
        scene = _specked(scene, generator)
    if generator.random() < 0.1 and characters:
        scene = _shown_through(scene, characters[0], generator)
    if "box" in features:
        scene = boxed(scene, drawn, generator)
    scene = write(scene, drawn, pen, generator, thin=ink is not drawn) if drawn.any() else scene
    scan = generator.random() < _SCANS and not fine
    picture = scanned(scene, generator) if scan else photographed(lit(scene, generator), generator, fine)
    photograph = Photograph(picture, (ink * 255).astype(np.uint8))
    return _with_margins(photograph) if (scan or cut) and generator.random() < _MARGINS else photograph


def _with_margins(photograph: Photograph) -> Photograph:
    """The same, smaller, with paper around it, at the same size."""
    size = photograph.picture.width
    margin = round(_MARGIN * size)
    inner = (size - 2 * margin, size - 2 * margin)
    pixels = np.asarray(photograph.picture)
    paper = np.median(pixels[photograph.ink == 0], axis=0) if (photograph.ink == 0).any() else pixels[0, 0]
    picture = photograph.picture.resize(inner, Image.Resampling.BILINEAR)
    ink = Image.fromarray(photograph.ink).resize(inner, Image.Resampling.BILINEAR)
    framed = ImageOps.expand(picture, margin, tuple(int(level) for level in paper))
    return Photograph(framed, np.asarray(ImageOps.expand(ink, margin)))


def _written(
    characters: Sequence[Character], size: int, room: float, fine: bool, generator: np.random.Generator
) -> tuple[Field, Field]:
    """How much of each pixel the strokes cover; and the same with strokes that are no thinner than _VISIBLE."""
    first, *others = characters
    strokes, _, _ = vary(first.strokes, generator)
    extent, share = _fine_extent(generator) if fine else _usual_extent(generator)
    extent = min(extent, 0.5 if others else room)
    pen = max(_THINNEST if fine else _VISIBLE, size * extent * share)
    margin = (room - extent) / 2
    x, y = 0.5 + generator.normal(0, 0.4, 2).clip(-1, 1) * margin
    placed = [(strokes, extent, (x, y))]
    for place, other in enumerate(others, 1):
        beside = (x + place * extent * generator.uniform(0.9, 1.6), y + generator.normal(0, 0.1) * extent)
        strokes, _, _ = vary(other.strokes, generator)
        placed.append((strokes, extent * generator.uniform(0.6, 1.1), beside))
    cover = _covered(placed, pen, size)
    return cover, cover if pen >= _VISIBLE else _covered(placed, _VISIBLE, size)


def _usual_extent(generator: np.random.Generator) -> tuple[float, float]:
    """The size of a character as a share of the picture, and the breadth of its strokes as a share of that size."""
    extent = generator.uniform(0.18, 0.95) if generator.random() < 0.8 else generator.uniform(0.1, 0.3)
    return extent, float(np.exp(generator.uniform(np.log(0.02), np.log(0.16))))


def _fine_extent(generator: np.random.Generator) -> tuple[float, float]:
    """The same for a photograph of many pixels: small and thin more often."""
    extent, share = np.exp(generator.uniform(np.log((0.05, 0.015)), np.log((0.6, 0.12))))
    return float(extent), float(share)


def _covered(placed: Sequence[tuple[list[Stroke], float, tuple[float, float]]], pen: float, size: int) -> Field:
    """Strokes, each with its extent and its middle as shares of the picture, drawn with one pen: 0 to 1."""
    sheets = [np.asarray(draw(strokes, pen, extent, middle, size), np.float32) for strokes, extent, middle in placed]
    return np.asarray(1 - np.minimum.reduce(sheets) / 255)


def _cut_out(character: Character, size: int, generator: np.random.Generator) -> Field:
    """A character that reaches the picture's edges, or all but."""
    strokes, _, _ = vary(character.strokes, generator)
    pen = size * float(np.exp(generator.uniform(np.log(0.04), np.log(_BOLDEST))))
    extent = generator.uniform(0.95, 1.08) - pen / size
    cover: Field = 1 - np.asarray(draw(strokes, pen, extent, size=size), np.float32) / 255
    return cover


def _printed(text: str, size: int, generator: np.random.Generator) -> Field:
    height = size * generator.uniform(0.3, 1.1) / max(1, len(text)) ** 0.7
    sheet = Image.new("L", (size, size))
    place = tuple(size * (0.5 + generator.normal(0, 0.06, 2)))
    ImageDraw.Draw(sheet).text(place, text, 255, _font(_FONTS[generator.integers(len(_FONTS))], round(height)), "mm")
    turned = sheet.rotate(generator.normal(0, 3), Image.Resampling.BICUBIC)
    return np.asarray(turned, np.float32) / 255


@cache
def _font(name: str, height: int) -> ImageFont.FreeTypeFont:
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"), height)


def _background(backgrounds: Sequence[Image.Image], size: int, generator: np.random.Generator) -> Scene:
    paper = backgrounds[int(generator.integers(len(backgrounds)))].rotate(90 * int(generator.integers(4)))
    if generator.random() < 0.5:
        paper = paper.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(paper.convert("RGB").resize((size, size), Image.Resampling.BICUBIC), np.float32)


def _specked(scene: Scene, generator: np.random.Generator) -> Scene:
    """Dust, crumbs and dots: smaller than a pen's stroke is long."""
    size = scene.shape[0]
    sheet = Image.new("L", (size * 2, size * 2))
    brush = ImageDraw.Draw(sheet)
    for _ in range(generator.integers(1, 12)):
        x, y = generator.uniform(0, 2 * size, 2)
        a, b = generator.uniform(0.002, 0.012, 2) * 2 * size
        brush.ellipse((x - a, y - b, x + a, y + b), fill=int(generator.integers(60, 256)))
    cover = np.asarray(sheet.reduce(2), np.float32)[..., None] / 255
    return scene * (1 - cover * np.float32(generator.uniform(0.2, 0.95)))


def _shown_through(scene: Scene, character: Character, generator: np.random.Generator) -> Scene:
    """What is written on the sheet's other side: mirrored, weak and blurred."""
    size = scene.shape[0]
    behind = draw(
        character.strokes, size * 0.05, generator.uniform(0.2, 0.8), tuple(generator.uniform(0.2, 0.8, 2)), size
    )
    weak = ImageOps.mirror(behind).filter(ImageFilter.GaussianBlur(size / 100))
    return scene * (1 - np.float32(generator.uniform(0.01, 0.05)) * (1 - np.asarray(weak, np.float32) / 255))[..., None]
