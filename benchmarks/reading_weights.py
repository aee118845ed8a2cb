"""Fit the weights by which POST /read chooses its pieces (app/recognition/paths.py), on the validation writers.

    python -m benchmarks.reading_weights ../shared/data/strokes

Numbers are composed digit by digit, so it is known of each piece whether it is one digit with all of its ink and no
other. Right is a path of such pieces. The weights are those with which right paths are most probable among all paths
(maximum conditional likelihood, a penalty on their squares), found by L-BFGS.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from app.recognition.classifier import Classifier
from app.recognition.paths import Weights, features, left_out, omissions
from app.recognition.photographs import Region
from app.recognition.reading import Sheet, look
from benchmarks import reading
from benchmarks.held_out import read_held_out
from benchmarks.numbers import Number, by_writer, compose
from training.prepare.drawing import PEN, draw_placed

# Drawn numbers have so many digits, this often; more neighbours touch than usual, as there is most to learn from them.
_LENGTHS = (0.15, 0.25, 0.2, 0.15, 0.15, 0.1)
_TOUCHING = 0.2
# So much of a digit's ink must be in a piece that is right, and so much of the piece's ink be of that digit; and of no
# other digit more than the last share. A part with less of every digit's ink may be left out.
_COVERED, _OWN, _OTHER, _NOTHING = 0.8, 0.8, 0.35, 0.2
_PENALTY, _STEPS, _SEED = 0.2, 80, 12
_NAMES = [field.name for field in fields(Weights)]
_NEVER, _KINDS = -1e4, 3


class Step(NamedTuple):
    """A step of a path: its first and its last part, its features, and whether it is right. Steps of the same parts are
    of different kinds: a piece, parts left out, parts left out beside all others."""

    first: int
    last: int
    kind: int
    row: list[float]
    right: bool


@dataclass
class Lattice:
    """All paths of a number, through so many parts; and the features of everything as one character, and whether that
    is right."""

    parts: int
    steps: list[Step]
    alone: tuple[list[float], bool]


def lattice(number: Number, sheet: Sheet) -> Lattice | None:
    """The paths of a number that was looked at; None if there is only one."""
    everything = sheet.everything
    if sheet.found is None or sheet.region is None or everything is None:
        return None
    labels, height = sheet.found.labels, sheet.found.height
    digits = np.array([ink_of(sheet.region, number, index) for index in range(len(number.digits))])
    count = int(labels.max()) + 1
    pixels = np.bincount(labels.ravel(), minlength=count)
    of_digit = np.array([np.bincount(labels[digit], minlength=count) for digit in digits])
    share = of_digit / np.maximum(digits.sum((1, 2)), 1)[:, None]
    one = len(number.text) == 1 and everything.prediction.label == number.text
    outside = [_row(left_out(part, height)) for part in sheet.beside(everything)]
    found = Lattice(0, [], (np.sum([_row(sheet.alone(everything)), *outside], 0).tolist(), one))
    for line in sheet.lines:
        before = found.parts
        for piece in line.pieces:
            own = [part.label for part in line.parts[piece.first : piece.last + 1]]
            covered = share[:, own].sum(1)
            digit = int(covered.argmax())
            right = covered[digit] > _COVERED and of_digit[digit, own].sum() > _OWN * pixels[own].sum()
            right = right and np.delete(covered, digit).max(initial=0) < _OTHER
            right = right and piece.prediction.label == number.text[digit]
            row = _row(features(piece, line.parts, height))
            found.steps.append(Step(before + piece.first, before + piece.last, 0, row, bool(right)))
        nothing = [bool(share[:, part.label].max() < _NOTHING) for part in line.parts]
        for first, last, measured in omissions(line.parts, height):
            right, kind = all(nothing[first : last + 1]), 2 if "beside" in measured else 1
            found.steps.append(Step(before + first, before + last, kind, _row(measured), right))
        found.parts += len(line.parts)
    return found


def ink_of(region: Region, number: Number, index: int) -> NDArray[np.bool_]:
    """Where one digit was written, in the pixels of the region that was looked at."""
    (left, top, right, bottom), (width, height) = region.box, number.size
    drawn = draw_placed(number.digits[index], number.pen, number.size)
    box = left * width, top * height, right * width, bottom * height
    rows, columns = region.ink.shape
    return 255 - np.asarray(drawn.resize((columns, rows), Image.Resampling.BOX, box)) > 100


def _row(found: dict[str, float]) -> list[float]:
    return [found.get(name, 0.0) for name in _NAMES]


def lattices(classifier: Classifier, strokes: Path, count: int) -> Iterator[Lattice]:
    """Of so many drawn numbers by validation writers."""
    held_out = read_held_out(strokes, "validation")
    own = by_writer([one for some in held_out.values() for one in some])
    for index in range(count):
        generator = np.random.default_rng((_SEED, index))
        writer = own[int(generator.integers(len(own)))]
        length, size = 1 + int(generator.choice(6, p=_LENGTHS)), (reading.SQUARE, reading.WIDE)[index % 2]
        number = compose(writer, length, generator, size, touching=_TOUCHING)
        image = reading.png(draw_placed(number.strokes, PEN, size))
        found = lattice(number, look(image, classifier, thorough=True))
        if found:
            yield found


class Paths:
    """The paths of many numbers as tensors, for the scores of all of them at once."""

    def __init__(self, given: Sequence[Lattice]) -> None:
        count, most = len(given), max(one.parts for one in given)
        longest = max(step.last - step.first + 1 for one in given for step in one.steps)
        self.rows = torch.zeros(count, most, longest, _KINDS, len(_NAMES))
        self.exists, self.right = (torch.zeros(count, most, longest, _KINDS, dtype=torch.bool) for _ in range(2))
        self.alone = torch.tensor([one.alone[0] for one in given])
        self.one = torch.tensor([one.alone[1] for one in given])
        self.parts = torch.tensor([one.parts for one in given])
        for index, one in enumerate(given):
            for first, last, kind, row, right in one.steps:
                at = index, last, last - first, kind
                self.rows[at] = torch.tensor(row)
                self.exists[at], self.right[at] = True, right

    def likelihood(self, weights: Tensor) -> Tensor:
        """The logarithm of the probability of the right paths of each number: (numbers,); below -1000 if none is."""
        scores, alone = self.rows @ weights, self.alone @ weights
        all_paths = torch.logaddexp(self._sum(scores, self.exists), alone)
        right = torch.logaddexp(self._sum(scores, self.right), alone.where(self.one, torch.tensor(_NEVER)))
        return right - all_paths

    def _sum(self, scores: Tensor, allowed: Tensor) -> Tensor:
        """The logarithm of the sum over all paths of e to their scores, by the forward algorithm."""
        steps = scores.where(allowed, torch.tensor(_NEVER)).logsumexp(-1)
        sums = [torch.zeros(len(steps))]
        for last in range(steps.shape[1]):
            ways = [sums[last - more] + steps[:, last, more] for more in range(min(steps.shape[2], last + 1))]
            sums.append(torch.logsumexp(torch.stack(ways), 0))
        return torch.stack(sums, 1)[torch.arange(len(steps)), self.parts]


def fit(paths: Paths) -> dict[str, float]:
    """The weights with which right paths are most probable; of numbers without any right path nothing is learned."""
    scale = paths.rows[paths.exists].std(0)
    scale[scale == 0] = 1
    with torch.no_grad():
        learned = paths.likelihood(torch.zeros(len(_NAMES))) > _NEVER / 2
    print(f"{len(learned)} numbers, {int(learned.sum())} with a right path", flush=True)
    weights = torch.zeros(len(_NAMES), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = -paths.likelihood(weights / scale)[learned].mean()
        value = value + _PENALTY * weights.square().sum() / len(learned)
        value.backward()
        return value

    optimizer.step(loss)
    return dict(zip(_NAMES, (weights / scale).tolist(), strict=True))


def main() -> None:
    """Compose numbers, fit, and print the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="folder with the files of pen tracks")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    parser.add_argument("--count", type=int, default=1300, help="of numbers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = lattices(Classifier.load(options.model), options.strokes, options.count)
    for name, weight in fit(Paths(list(found))).items():
        print(f"    {name}: float = {weight:.2f}")


if __name__ == "__main__":
    main()
