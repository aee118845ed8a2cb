"""Choose the weights by which POST /read chooses its pieces on photographs and scans (app/recognition/paths.py).

    python -m benchmarks.scan_weights ../shared/data/strokes

Unlike those for drawings (benchmarks/reading_weights.py) they are chosen by what is read right, of amounts on cheques,
of amounts with a sign before them, and of photographs of numbers on ruled paper, by the validation writers: the most
probable weights leave out too many digits. From the present ones on, one weight after the other is changed as long as
more is right (coordinate search).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.recognition.boxes import Box, covers
from app.recognition.classifier import Classifier
from app.recognition.decoding import ImageError
from app.recognition.paths import PHOTOGRAPHED, Step, best_of, features, left_out, omissions
from app.recognition.reading import Sheet, look
from benchmarks.cheques import cheque, random_sign
from benchmarks.held_out import read_held_out, read_signs
from benchmarks.numbers import by_writer
from benchmarks.reading import Maker, edits, photograph, sheets

# How many numbers of each kind, and how much they count together.
_COUNTS, _IMPORTANCE = (400, 200, 150), (1.0, 0.5, 0.8)
_SEED = 101
# The first change of a weight, at least and as a share of it; what it is multiplied by after an improvement and after
# none; and the smallest one that is tried.
_FIRST, _SHARE, _LONGER, _SHORTER, _SMALLEST = 0.4, 0.35, 1.3, 0.6, 0.15
# An improvement is at least so much; and by so much every weight is drawn to where it was, in shares of it.
_BETTER, _PULL = 3e-5, 4e-4
_NAMES = list(asdict(PHOTOGRAPHED))
# How readily everything is taken for one character was chosen on single characters.
_FIXED = "alone"

Row = NDArray[np.float64]


class Line(NamedTuple):
    """A line of so many parts: its steps, without scores, and their features, (steps, weights)."""

    parts: int
    steps: list[Step]
    rows: Row


class Written(NamedTuple):
    """What was written, and all that it may be read as: `one` is everything as one character, its label, its box and
    its features; the boxes of pieces are in the image's pixels."""

    text: str
    lines: list[Line]
    one: tuple[str, Box, Row] | None

    def answer(self, weights: Row) -> str:
        """What is read by these weights, as `Sheet.reading` finds it."""
        score, read = 0.0, []
        for count, steps, rows in self.lines:
            own = (rows @ weights).tolist()
            path = best_of(count, [step._replace(score=one) for step, one in zip(steps, own, strict=True)])
            score += path.score
            read += [path.pieces] if path.pieces else []
        boxes = [piece.box for line in read for piece in line]
        several = len(boxes) > 1 and (
            self.one is None or float(self.one[2] @ weights) < score or not covers(self.one[1], boxes)
        )
        if several or self.one is None:
            return "\n".join("".join(piece.prediction.label for piece in line) for line in read)
        return self.one[0]


def written(text: str, sheet: Sheet) -> Written:
    """All that a sheet may be read as."""
    one = sheet.everything
    if sheet.found is None:
        return Written(text, [], (one.prediction.label, one.box, _row({})) if one else None)
    height, lines = sheet.found.height, []
    for line in sheet.lines:
        steps = [Step(piece.first, piece.last, 0.0, sheet.placed(piece)) for piece in line.pieces]
        rows = [_row(features(piece, line.parts, height)) for piece in line.pieces]
        for first, last, found in omissions(line.parts, height):
            steps.append(Step(first, last, 0.0))
            rows.append(_row(found))
        lines.append(Line(len(line.parts), steps, np.array(rows)))
    if one is None:
        return Written(text, lines, None)
    together = [_row(sheet.alone(one)), *(_row(left_out(part, height)) for part in sheet.beside(one))]
    return Written(text, lines, (one.prediction.label, one.box, np.sum(together, 0)))


def _row(found: dict[str, float]) -> Row:
    return np.array([found.get(name, 0.0) for name in _NAMES])


def composed(classifier: Classifier, strokes: Path) -> Iterator[list[Written]]:
    """The numbers of each kind."""
    own = by_writer([one for some in read_held_out(strokes, "validation").values() for one in some])
    signs = read_signs(strokes, "validation")
    makers: Sequence[Maker] = (
        cheque,
        lambda writer, generator: cheque(writer, generator, random_sign(signs, generator)),
        photograph,
    )
    for make, count in zip(makers, _COUNTS, strict=True):
        some = []
        for number, image in sheets(make, own, count, _SEED):
            sheet = None
            with suppress(ImageError):  # nothing is found on some photographs
                sheet = look(image, classifier, thorough=True)
            some.append(written(number.text, sheet) if sheet else Written(number.text, [], None))
        yield some


def right(some: Sequence[Written], weights: Row) -> tuple[float, float]:
    """The shares of whole numbers and of digits that are right."""
    mistakes = [edits(one.answer(weights), one.text) for one in some]
    return float(np.mean([not count for count in mistakes])), 1 - sum(mistakes) / sum(len(one.text) for one in some)


def value(weights: Row, start: Row, given: Sequence[Sequence[Written]]) -> float:
    """What is to be as high as possible."""
    shares = sum(
        importance * sum(right(some, weights)) / 2 for importance, some in zip(_IMPORTANCE, given, strict=True)
    )
    return shares - _PULL * float(np.abs((weights - start) / np.maximum(1, np.abs(start))).sum())


def chosen(start: Row, given: Sequence[Sequence[Written]]) -> Row:
    """The best weights that are found from these on."""
    reached = partial(value, start=start, given=given)
    weights, best = start.copy(), reached(start)
    changes = np.maximum(_FIRST, _SHARE * np.abs(start))
    while changes.max() > _SMALLEST:
        for place, name in enumerate(_NAMES):
            tried = [weights + sign * changes[place] * (np.arange(len(_NAMES)) == place) for sign in (1, -1)]
            better = next((one for one in tried if name != _FIXED and reached(one) > best + _BETTER), None)
            changes[place] *= _SHORTER if better is None else _LONGER
            if better is not None:
                weights, best = better, reached(better)
                print(f"{name} {weights[place]:.2f}: {best:.4f}", flush=True)
    return weights


def main() -> None:
    """Compose numbers, choose, and print the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="folder with the files of pen tracks")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    options = parser.parse_args()
    given = list(composed(Classifier.load(options.model), options.strokes))
    start = _row(asdict(PHOTOGRAPHED))
    weights = chosen(start, given)
    for name, shares in (("before", start), ("chosen", weights)):
        print(name, ", ".join("{:.1%} and {:.1%}".format(*right(some, shares)) for some in given))
    for name, weight in zip(_NAMES, weights, strict=True):
        print(f"    {name}={weight:.2f},")


if __name__ == "__main__":
    main()
