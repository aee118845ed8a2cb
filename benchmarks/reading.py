"""How well POST /read reads numbers: drawn on the page, scanned from cheques, photographed on ruled paper.

    python -m benchmarks.reading ../shared/data/strokes [--part validation]

Prints the table of benchmarks/README.md. Each number has two to six digits of one writer, composed of pen tracks
(benchmarks/numbers.py) of people and sites that nothing was trained on; by default of those that chose nothing either.
Cheques have three to six digits, on paper with a printed background. Right are whole numbers; and digits by the edit
distance, so that one left out, added or changed is one mistake. Then single characters: how many are read as one and as
`predict` reads them.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from app.recognition.classifier import Classifier
from app.recognition.decoding import ImageError
from app.recognition.reading import read
from benchmarks.held_out import read_held_out
from benchmarks.numbers import Number, by_writer, compose
from training.ink.cameras import lit, photographed
from training.ink.papers import surface
from training.ink.pens import random_pen, write
from training.prepare.drawing import PEN, draw, draw_placed
from training.prepare.unipen import Character, Stroke

# A number as it is placed on the sheet, and the image file.
Sheet = tuple[Number, bytes]
Maker = Callable[[Sequence[Character], np.random.Generator], Sheet]

SQUARE, WIDE = (280, 280), (840, 280)
# A tenth of the numbers have neighbours that touch: half of these numbers' neighbours, on average.
_TOUCHING, _NEIGHBOURS = 0.1, 0.5
_CHEQUE = (480, 110)
_TOUCHING_ON_CHEQUES = 0.25
_PHOTOGRAPH = 640


def drawn(own: Sequence[Character], generator: np.random.Generator, size: tuple[int, int] = SQUARE) -> Sheet:
    """A number of two to six digits on the page's paper, as a PNG file."""
    number = compose(own, int(generator.integers(2, 7)), generator, size, touching=_touching(generator))
    return number, png(draw_placed(number.strokes, PEN, size))


def touching(own: Sequence[Character], generator: np.random.Generator) -> Sheet:
    """Two digits that touch, on the page's paper."""
    number = compose(own, 2, generator, SQUARE, touching=1.0)
    return number, png(draw_placed(number.strokes, PEN, SQUARE))


def drawn_wide(own: Sequence[Character], generator: np.random.Generator) -> Sheet:
    """The same on the page's wide paper."""
    return drawn(own, generator, WIDE)


def cheque(own: Sequence[Character], generator: np.random.Generator) -> Sheet:
    """The amount of a cheque, three to six digits with a ballpoint on a printed background, cut out closely and scanned
    at about 200 dots per inch: a JPEG file, half of them grey.

    As on real ones there may be a currency sign or a `#` before the amount, points and commas in it, and dashes behind
    it, none of which belongs to the text; and rules of the form (https://www.orand.cl/pt/icfhr2014-hdsr/).
    """
    pen = generator.uniform(2.0, 4.5)
    touching = _NEIGHBOURS if generator.random() < _TOUCHING_ON_CHEQUES else 0.0
    number = compose(own, int(generator.integers(3, 7)), generator, _CHEQUE, pen, touching)
    points = np.concatenate([np.asarray(stroke) for stroke in number.strokes])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    high = bottom - top
    before, behind = generator.uniform(0.1, 1.2, 2) * high
    above, below = generator.uniform(0.03, 0.3, 2) * high
    size = round(right - left + before + behind), round(high + above + below)
    number = number.moved(before - left, above - top, size)
    marks = _marks(number, high, generator)
    cover = 1 - np.asarray(draw_placed([*number.strokes, *marks], pen, size), np.float32) / 255
    paper = _printed_paper(size, generator)
    ink = np.array([[30, 30, 35], [25, 35, 90], [60, 60, 70]][generator.integers(3)], np.float32)
    cover = cover[..., None] * np.float32(generator.uniform(0.75, 1))
    picture = Image.fromarray((paper + cover * (ink - paper)).clip(0, 255).astype(np.uint8))
    picture = picture.filter(ImageFilter.GaussianBlur(generator.uniform(0.3, 0.8)))
    grain = generator.normal(0, generator.uniform(0, 4), (*size[::-1], 1))
    picture = Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))
    if generator.random() < 0.5:
        picture = picture.convert("L")
    return number, _jpeg(picture, int(generator.integers(70, 96)))


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


def photograph(own: Sequence[Character], generator: np.random.Generator) -> Sheet:
    """A photograph of a number of two to six digits on ruled paper: a JPEG file."""
    size = (_PHOTOGRAPH, _PHOTOGRAPH)
    pen = generator.uniform(4, 9)
    part = round(0.9 * size[0]), round(0.5 * size[1])
    number = compose(own, int(generator.integers(2, 7)), generator, part, pen, _touching(generator))
    number = number.moved(0.05 * size[0], generator.uniform(0.1, 0.4) * size[1], size)
    cover = 1 - np.asarray(draw_placed(number.strokes, pen, size), np.float32) / 255
    scene = surface(_PHOTOGRAPH, frozenset({"ruled"}), generator)
    scene = write(scene, cover, random_pen(generator), generator)
    return number, _jpeg(photographed(lit(scene, generator), generator), 90)


SHEETS: dict[str, Maker] = {
    "drawn on the square paper": drawn,
    "drawn on the wide paper": drawn_wide,
    "two digits that touch": touching,
    "amounts on cheques": cheque,
    "photographs on ruled paper": photograph,
}


def sheets(make: Maker, own: Sequence[Sequence[Character]], count: int, seed: int = 0) -> Iterator[Sheet]:
    """So many numbers, each by one of these writers."""
    for index in range(count):
        generator = np.random.default_rng((seed, index))
        yield make(own[int(generator.integers(len(own)))], generator)


def _touching(generator: np.random.Generator) -> float:
    return _NEIGHBOURS if generator.random() < _TOUCHING else 0.0


def _printed_paper(size: tuple[int, int], generator: np.random.Generator) -> NDArray[np.float32]:
    """A cheque's paper: a tint, waves of fine lines, small print, perhaps rules, a frame or a currency sign. (height,
    width, 3), 0 to 255."""
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


def png(image: Image.Image) -> bytes:
    """As a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


@dataclass(frozen=True)
class Figures:
    """Shares of whole numbers and of digits that are right, and milliseconds of one core: the median, and of the
    slowest."""

    numbers: float
    digits: float
    median: float
    slowest: float


def figures(classifier: Classifier, given: Sequence[Sheet]) -> tuple[Figures, list[tuple[str, str]]]:
    """The figures of some numbers, and the mistakes: what was written, and what was read."""
    seconds, mistakes, wrong = [], [], 0
    for number, image in given:
        text = number.text
        started = time.thread_time()
        try:
            answer = read(image, classifier).text
        except ImageError:
            answer = ""
        seconds.append(time.thread_time() - started)
        if answer != text:
            mistakes.append((text, answer))
            wrong += edits(text, answer)
    digits = sum(len(number.text) for number, _ in given)
    milliseconds = np.array(seconds) * 1e3
    return (
        Figures(1 - len(mistakes) / len(given), 1 - wrong / digits, float(np.median(milliseconds)), milliseconds.max()),
        mistakes,
    )


def edits(one: str, other: str) -> int:
    """The edit distance (Levenshtein, 1966)."""
    row = list(range(len(other) + 1))
    for number, left in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, right in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (left != right))
    return row[-1]


def alone(classifier: Classifier, image: bytes) -> bool:
    """Whether a single character is read as one, with the label that `predict` gives."""
    prediction = classifier.predict([classifier.preprocess(image)])[0]
    return read(image, classifier).text == prediction.label


def main() -> None:
    """Read numbers and single characters, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="folder with the files of pen tracks")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    parser.add_argument("--part", choices=("validation", "test"), default="test")
    parser.add_argument("--count", type=int, default=500, help="of numbers of each kind")
    options = parser.parse_args()
    classifier = Classifier.load(options.model)
    classifier.warm_up()
    held_out = read_held_out(options.strokes, options.part)
    own = by_writer([one for some in held_out.values() for one in some])
    print(
        "| numbers | whole numbers right | digits right | time of one core, median | slowest |\n|---|---|---|---|---|"
    )
    for name, make in SHEETS.items():
        found, _ = figures(classifier, list(sheets(make, own, options.count)))
        print(
            f"| {name} | {found.numbers:.1%} | {found.digits:.1%} | {found.median:.1f} ms | {found.slowest:.0f} ms |",
            flush=True,
        )
    print("\n| single characters | count | read as one, as predicted |\n|---|---|---|")
    for name, characters in held_out.items():
        right = [alone(classifier, png(draw(one.strokes))) for one in characters]
        print(f"| {name} | {len(right)} | {np.mean(right):.2%} |", flush=True)


if __name__ == "__main__":
    main()
