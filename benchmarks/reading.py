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
from PIL import Image

from app.recognition.classifier import Classifier
from app.recognition.decoding import ImageError
from app.recognition.reading import read
from benchmarks.cheques import cheque, jpeg
from benchmarks.held_out import read_held_out
from benchmarks.numbers import Number, by_writer, compose
from training.ink.cameras import lit, photographed
from training.ink.papers import surface
from training.ink.pens import random_pen, write
from training.prepare.drawing import PEN, draw, draw_placed
from training.prepare.unipen import Character

# A number as it is placed on the sheet, and the image file.
Sheet = tuple[Number, bytes]
Maker = Callable[[Sequence[Character], np.random.Generator], Sheet]

SQUARE, WIDE = (280, 280), (840, 280)
# A tenth of the numbers have neighbours that touch: half of these numbers' neighbours, on average.
_TOUCHING, _NEIGHBOURS = 0.1, 0.5
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
    return number, jpeg(photographed(lit(scene, generator), generator), 90)


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


def png(image: Image.Image) -> bytes:
    """As a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@dataclass(frozen=True)
class Figures:
    """Shares of whole numbers and of digits that are right, and milliseconds of CPU time: the median, what 99 of 100
    do not exceed, and of the slowest."""

    numbers: float
    digits: float
    median: float
    most: float
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
    times = np.percentile(milliseconds, (50, 99, 100)).tolist()
    return Figures(1 - len(mistakes) / len(given), 1 - wrong / digits, *times), mistakes


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
    print("| numbers | whole numbers right | digits right | CPU time, median | 99 of 100 | slowest |")
    print("|---|---|---|---|---|---|")
    for name, make in SHEETS.items():
        found, _ = figures(classifier, list(sheets(make, own, options.count)))
        print(
            f"| {name} | {found.numbers:.1%} | {found.digits:.1%} | {found.median:.1f} ms | {found.most:.1f} ms "
            f"| {found.slowest:.1f} ms |",
            flush=True,
        )
    print("\n| single characters | count | read as one, as predicted |\n|---|---|---|")
    for name, characters in held_out.items():
        right = [alone(classifier, png(draw(one.strokes))) for one in characters]
        print(f"| {name} | {len(right)} | {np.mean(right):.2%} |", flush=True)


if __name__ == "__main__":
    main()
