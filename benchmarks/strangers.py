"""Who is called known: digits of unseen people should be, their letters and symbols, shapes and scribbles should not.

    python -m benchmarks.strangers ../shared/data/strokes

Prints a table. The people are those of the site that neither training nor any choice has seen; letters and symbols that
look like a digit are left out (training.prepare.no_class says which, and why). The path is the server's: bytes of an
image file in, an answer out.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from app.recognition.classifier import Classifier
from app.recognition.decoding import ImageError
from benchmarks.held_out import read_held_out
from training.prepare import shapes
from training.prepare.compositions import crossed_out, side_by_side
from training.prepare.drawing import draw, vary
from training.prepare.no_class import ALPHABETS
from training.prepare.unipen import Stroke, read_unipen

_BATCH = 100
_SITE = "apa"
# Of each kind that a generator draws.
_COUNT = 300
_CONFIDENT = 0.9


@dataclass(frozen=True)
class Row:
    """Of `count` images: how many are called known, are so with a high confidence, or are refused as blank; and the
    labels of which most are called known."""

    name: str
    count: int
    known: int
    confident: int
    refused: int
    most: str


def measure(classifier: Classifier, name: str, images: Iterable[tuple[str, Image.Image]]) -> Row:
    """Classify labelled images. What is refused, because nothing is found on it, counts as not known."""
    labels, answers = [], []
    refused = 0
    for batch in _batches(images):
        prepared = []
        for label, image in batch:
            try:
                prepared.append(classifier.preprocess(_png(image)))
            except ImageError:
                refused += 1
                continue
            labels.append(label)
        answers += classifier.predict(prepared) if prepared else []
    known = [label for label, answer in zip(labels, answers, strict=True) if answer.known]
    confident = sum(answer.known and answer.confidence >= _CONFIDENT for answer in answers)
    return Row(name, len(labels) + refused, len(known), confident, refused, _most(labels, known))


def _most(labels: Sequence[str], known: Sequence[str], shown: int = 6) -> str:
    total, found = Counter(labels), Counter(known)
    order = sorted(found, key=lambda label: found[label] / total[label], reverse=True)[:shown]
    return ", ".join(f"{label} {found[label] / total[label]:.0%}" for label in order)


def _batches(images: Iterable[tuple[str, Image.Image]]) -> Iterator[list[tuple[str, Image.Image]]]:
    batch: list[tuple[str, Image.Image]] = []
    for image in images:
        batch.append(image)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def rows(classifier: Classifier, strokes: Path, every: int) -> Iterator[Row]:
    """The rows of the table, digits first."""
    for name, characters in read_held_out(strokes).items():
        some = characters[::every]
        yield measure(classifier, f"digits, {name}", ((one.label, draw(one.strokes)) for one in some))
    like_digits = ALPHABETS["digits"].look_alikes
    for name in ("letters", "symbols"):
        found = read_unipen(strokes / f"unipen-{name}.unp.gz")
        strange = [one for one in found if one.source == _SITE and one.label not in like_digits][::every]
        yield measure(classifier, name, ((one.label, draw(one.strokes)) for one in strange))
    digits = [one.strokes for one in read_held_out(strokes)["sites"]]
    generator = np.random.default_rng(1)
    count = max(1, _COUNT // every)
    for name, kinds in (("shapes that training draws", shapes.SHAPES), ("other shapes", shapes.UNSEEN_SHAPES)):
        yield measure(classifier, name, _shapes(kinds, count, generator))
    several = [[digits[index] for index in generator.integers(len(digits), size=3)] for _ in range(count)]
    drawn = (("", _drawn(side_by_side(some, generator), generator)) for some in several)
    yield measure(classifier, "three digits side by side", drawn)
    crossed = (digits[index] for index in generator.integers(len(digits), size=count))
    drawn = (("", _drawn(crossed_out(some, generator), generator)) for some in crossed)
    yield measure(classifier, "digits crossed out", drawn)
    yield measure(classifier, "blank paper with grain", (("", _paper(generator)) for _ in range(count)))


def _shapes(
    kinds: Sequence[shapes.Shape], count: int, generator: np.random.Generator
) -> Iterator[tuple[str, Image.Image]]:
    for index in range(count):
        shape = kinds[index % len(kinds)]
        yield shape.__name__, _drawn(shape(generator), generator)


def _drawn(strokes: Sequence[Stroke], generator: np.random.Generator) -> Image.Image:
    varied, pen, extent = vary(strokes, generator)
    return draw(varied, pen, extent)


def _paper(generator: np.random.Generator) -> Image.Image:
    """An empty sheet as a camera sees it: grain, and light that falls off to one side."""
    y, x = np.mgrid[0:280, 0:280] / 280
    fall = generator.uniform(0, 60) * (x * generator.uniform(-1, 1) + y * generator.uniform(-1, 1))
    grey = generator.uniform(170, 240) + fall + generator.normal(0, generator.uniform(1, 8), (280, 280))
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="the folder with the UNIPEN files")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th character")
    options = parser.parse_args()
    classifier = Classifier.load(options.model)
    print("| what | images | known | known with 0.9 and more | refused as blank | most often known |")
    print("|---|---|---|---|---|---|")
    for row in rows(classifier, options.strokes, options.every):
        print(
            f"| {row.name} | {row.count:,} | {row.known / row.count:.1%} | {row.confident / row.count:.1%} | "
            f"{row.refused / row.count:.1%} | {row.most} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
