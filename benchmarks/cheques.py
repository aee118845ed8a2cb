"""Amounts of cheques, composed of pen tracks as real ones look: what is printed and written around the digits too."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.numbers import Number, compose
from training.prepare.drawing import draw_placed
from training.prepare.unipen import Character, Stroke

# The sheet on which an amount is composed, before it is cut out.
_SHEET = (480, 110)
# In a quarter of the amounts neighbours touch: half of their neighbours, on average.
_TOUCHING, _NEIGHBOURS = 0.25, 0.5


def cheque(
    own: Sequence[Character], generator: np.random.Generator, sign: str | Sequence[Stroke] = ""
) -> tuple[Number, bytes]:
    """The amount of a cheque, three to six digits with a ballpoint on a printed background, cut out closely and scanned
    at about 200 dots per inch: a JPEG file, half of them grey.

    As on real ones there may be a currency sign or a `#` before the amount, points and commas in it, and dashes behind
    it, none of which belongs to the text; and rules of the form (https://www.orand.cl/pt/icfhr2014-hdsr/). With a
    `sign` it stands before every amount: printed if it is text, written with the same pen if it is strokes.
    """
    pen = generator.uniform(2.0, 4.5)
    touching = _NEIGHBOURS if generator.random() < _TOUCHING else 0.0
    number = compose(own, int(generator.integers(3, 7)), generator, _SHEET, pen, touching)
    points = np.concatenate([np.asarray(stroke) for stroke in number.strokes])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    high = bottom - top
    before, behind = generator.uniform(0.1, 1.2, 2) * high
    above, below = generator.uniform(0.03, 0.3, 2) * high
    side = gap = 0.0
    if sign:
        side, gap = generator.uniform(0.5, 1.1) * high, generator.uniform(0.1, 0.5) * high
        before += side + gap
    size = round(right - left + before + behind), round(high + above + below)
    number = number.moved(before - left, above - top, size)
    marks = _marks(number, high, generator)
    paper = _printed_paper(size, generator)
    place = before - gap, above + (high + generator.uniform(-0.1, 0.1) * high) / 2
    if isinstance(sign, str):
        paper = _printed(paper, sign, place, side, generator) if sign else paper
    else:
        marks += _fitted(sign, place, side)
    cover = 1 - np.asarray(draw_placed([*number.strokes, *marks], pen, size), np.float32) / 255
    ink = np.array([[30, 30, 35], [25, 35, 90], [60, 60, 70]][generator.integers(3)], np.float32)
    cover = cover[..., None] * np.float32(generator.uniform(0.75, 1))
    picture = Image.fromarray((paper + cover * (ink - paper)).clip(0, 255).astype(np.uint8))
    picture = picture.filter(ImageFilter.GaussianBlur(generator.uniform(0.3, 0.8)))
    grain = generator.normal(0, generator.uniform(0, 4), (*size[::-1], 1))
    picture = Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))
    if generator.random() < 0.5:
        picture = picture.convert("L")
    return number, jpeg(picture, int(generator.integers(70, 96)))


def random_sign(
    written: Mapping[str, Sequence[Sequence[Stroke]]], generator: np.random.Generator
) -> str | Sequence[Stroke]:
    """A `$` or `#`, printed or as somebody wrote it."""
    sign = "$#"[int(generator.integers(2))]
    own = written[sign]
    return sign if generator.random() < 0.5 else own[int(generator.integers(len(own)))]


def _marks(number: Number, high: float, generator: np.random.Generator) -> list[Stroke]:
    """What is written around the digits: dashes behind them, a `#` before them, points or commas between them."""
    boxes = [np.concatenate([np.asarray(stroke) for stroke in digit]) for digit in number.digits]
    marks: list[Stroke] = []
    first, last = boxes[0], boxes[-1]
    if generator.random() < 0.4:
        start, y = last[:, 0].max() + 0.15 * high, float(np.mean([last[:, 1].min(), last[:, 1].max()]))
        length = min(generator.uniform(0.2, 0.8) * high, number.size[0] - 2 - start)
        if length > 0.1 * high:
            rows = [y] if generator.random() < 0.6 else [y - 0.1 * high, y + 0.1 * high]
            marks += [((start, row), (start + length, row + generator.normal(0, 0.04) * high)) for row in rows]
    side, x = 0.45 * high, float(first[:, 0].min()) - 0.6 * high
    if generator.random() < 0.15 and x > 0:
        y = float(np.mean([first[:, 1].min(), first[:, 1].max()])) - side / 2
        marks += [((x + share * side, y), (x + (share - 0.1) * side, y + side)) for share in (0.35, 0.75)]
        marks += [((x, y + share * side), (x + side, y + share * side)) for share in (0.3, 0.7)]
    if generator.random() < 0.3 and len(boxes) > 3:
        one, other = boxes[-4], boxes[-3]
        x, y = (one[:, 0].max() + other[:, 0].min()) / 2, other[:, 1].max()
        marks.append(((x, y), (x - 0.04 * high, y + generator.uniform(0.02, 0.15) * high)))
    return marks


def _fitted(strokes: Sequence[Stroke], place: tuple[float, float], side: float) -> list[Stroke]:
    """Strokes scaled to this height, and placed by the middle of their right side."""
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    low, high = points.min(0), points.max(0)
    scale, corner = side / max(high[1] - low[1], high[0] - low[0], 1e-6), np.array([high[0], (low[1] + high[1]) / 2])
    placed = [((np.asarray(stroke) - corner) * scale + place).tolist() for stroke in strokes]
    return [tuple((x, y) for x, y in stroke) for stroke in placed]


def _printed(
    paper: NDArray[np.float32],
    sign: str,
    place: tuple[float, float],
    side: float,
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    """The paper with a printed sign of this height, placed by the middle of its right side."""
    sheet = Image.fromarray(paper.clip(0, 255).astype(np.uint8))
    colour = tuple(int(level) for level in paper.mean((0, 1)) * generator.uniform(0.1, 0.75))
    font = ImageFont.load_default(1.3 * side)
    ImageDraw.Draw(sheet).text(place, sign, colour, font, anchor="rm")
    return np.asarray(sheet, np.float32)


def _printed_paper(size: tuple[int, int], generator: np.random.Generator) -> NDArray[np.float32]:
    """A cheque's paper: a tint, waves of fine lines, small print, in some cases rules, a frame or a currency sign.

    (height, width, 3), 0 to 255.
    """
    width, height = size
    base = generator.uniform(195, 245) * generator.uniform(0.9, 1.0, 3)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = np.zeros((height, width), np.float32)
    for _ in range(int(generator.integers(1, 4))):
        pitch, swing, period = generator.uniform(4, 12), generator.uniform(2, 12), generator.uniform(30, 150)
        phase = rows + swing * np.sin(2 * np.pi * columns / period + generator.uniform(0, 6))
        waves = np.maximum(waves, np.clip(np.cos(2 * np.pi * phase / pitch) * 3 - 2, 0, 1))
    paper = base - waves[..., None] * generator.uniform(5, 45, 3)
    sheet = Image.fromarray(paper.clip(0, 255).astype(np.uint8))
    brush = ImageDraw.Draw(sheet)
    print_colour = tuple(int(level) for level in base - generator.uniform(20, 130))
    for _ in range(int(generator.integers(0, 4))):
        place = generator.uniform(0, width), generator.choice([-6, height - 6]) + generator.uniform(0, 4)
        brush.text(place, "PAY TO THE ORDER OF"[: int(generator.integers(4, 19))], print_colour)
    kind, thick = generator.random(), int(generator.integers(1, 3))
    if kind < 0.25:
        brush.rectangle((2, 2, width - 3, height - 3), outline=print_colour, width=thick)
    elif kind < 0.55:
        y = height * generator.uniform(0.85, 0.98)
        brush.line((0, y, width, y + generator.normal(0, 1)), print_colour, thick)
    elif kind < 0.65:
        x = width * generator.choice([generator.uniform(0, 0.03), generator.uniform(0.97, 1)])
        brush.line((x, 0, x, height), print_colour, thick)
    if generator.random() < 0.3:
        brush.text((2, 0.3 * height), "$", print_colour, ImageFont.load_default(0.5 * height))
    return np.asarray(sheet, np.float32)


def jpeg(image: Image.Image, quality: int) -> bytes:
    """As a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
