"""Fit the weights by which POST /read chooses its pieces (app/recognition/paths.py), on the validation writers.

    python -m benchmarks.reading_weights ../shared/data/strokes

Numbers are drawn digit by digit, so it is known of each piece whether it is one digit with all of its ink and no other.
Logistic regression (Newton's method, with a small penalty on the weights) says how its features tell that.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from app.recognition.classifier import Classifier
from app.recognition.parts import Lines, find_lines
from app.recognition.paths import features
from app.recognition.reading import look
from app.recognition.segmentation import Grey
from benchmarks.held_out import read_held_out
from benchmarks.numbers import Number, by_writer, compose
from benchmarks.reading import SQUARE, WIDE
from training.prepare.drawing import PEN, draw_placed

# More neighbours touch than usual, as there is most to learn from them.
_TOUCHING = 0.15
# So much of a digit's ink must be in a piece that is right, and so much of the piece's ink be of that digit; and of no
# other digit more than the last share.
_COVERED, _OWN, _OTHER = 0.8, 0.8, 0.35
_PENALTY, _STEPS = 1.0, 20


def examples(number: Number, classifier: Classifier) -> Iterator[tuple[dict[str, float], bool]]:
    """The features of each piece of a drawn number, and whether it is right."""
    file = io.BytesIO()
    draw_placed(number.strokes, PEN, number.size).save(file, "PNG")
    found: list[Lines] = []

    def watched(ink: Grey, most: int, photographed: bool) -> Lines:
        found.append(find_lines(ink, most, photographed))
        return found[-1]

    with mock.patch("app.recognition.reading.find_lines", watched):
        sheet = look(file.getvalue(), classifier)
    if not sheet.region:
        return
    labels = found[0].labels
    left, top = (round(share * side) for share, side in zip(sheet.region.box[:2], number.size, strict=True))
    window = slice(top, top + labels.shape[0]), slice(left, left + labels.shape[1])
    digits = [255 - np.asarray(draw_placed(strokes, PEN, number.size))[window] > 100 for strokes in number.digits]
    count = int(labels.max()) + 1
    pixels = np.bincount(labels.ravel(), minlength=count)
    of_digit = np.array([np.bincount(labels[digit], minlength=count) for digit in digits])
    for line in sheet.lines:
        for piece in line.pieces:
            own = [part.label for part in line.parts[piece.first : piece.last + 1]]
            inside = of_digit[:, own].sum(1)
            covered = inside / [digit.sum() for digit in digits]
            digit = int(covered.argmax())
            right = covered[digit] > _COVERED and inside[digit] > _OWN * pixels[own].sum()
            alone = np.delete(covered, digit).max(initial=0) < _OTHER
            named = piece.prediction.label == number.text[digit]
            yield features(piece, line.parts, sheet.height), bool(right and alone and named)


def fit(given: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights of features (n, features) for what is right (n,): of log-odds."""
    scale = np.maximum(given.std(0), 1e-9)
    scale[given.std(0) == 0] = 1
    scaled = given / scale
    weights = np.zeros(given.shape[1])
    for _ in range(_STEPS):
        odds = 1 / (1 + np.exp(-scaled @ weights))
        gradient = scaled.T @ (odds - right) + _PENALTY * weights
        curvature = (scaled * (odds * (1 - odds))[:, None]).T @ scaled + _PENALTY * np.eye(len(weights))
        weights -= np.linalg.solve(curvature, gradient)
    return np.asarray(weights / scale)


def main() -> None:
    """Compose numbers, fit, and print the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="folder with the files of pen tracks")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    parser.add_argument("--count", type=int, default=600, help="of numbers")
    options = parser.parse_args()
    classifier = Classifier.load(options.model)
    held_out = read_held_out(options.strokes, "validation")
    own = by_writer([one for some in held_out.values() for one in some])
    found: list[tuple[dict[str, float], bool]] = []
    for index in range(options.count):
        generator = np.random.default_rng((12, index))
        writer, size = own[int(generator.integers(len(own)))], (SQUARE, WIDE)[index % 2]
        number = compose(writer, int(generator.integers(2, 7)), generator, size, touching=_TOUCHING)
        found += examples(number, classifier)
    names = [name for name in found[0][0] if name != "distrust"]  # of photographs
    given = np.array([[one[name] for name in names] for one, _ in found], np.float64)
    weights = fit(given, np.array([right for _, right in found], np.float64))
    for name, weight in zip(names, weights, strict=True):
        print(f"    {name}: float = {weight:.2f}")


if __name__ == "__main__":
    main()
