"""Fit the weights by which POST /read chooses its pieces (app/recognition/paths.py), on the validation writers.

    python -m benchmarks.reading_weights ../shared/data/strokes [--photographs]

Numbers are composed digit by digit, so it is known of each piece whether it is one digit with all of its ink and no
other. Right is a path of such pieces. The weights are those with which right paths are most probable among all paths
(maximum conditional likelihood, a penalty on their squares), found by L-BFGS. Paths that leave out a part as a whole
after it was cut are not among them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from app.recognition.classifier import Classifier
from app.recognition.parts import Part
from app.recognition.paths import BESIDE, Weights, beside, features, left_out
from app.recognition.photographs import Region
from app.recognition.preprocessing import NothingDrawnError
from app.recognition.reading import Sheet, look
from benchmarks import reading
from benchmarks.cheques import cheque, random_sign
from benchmarks.held_out import read_held_out, read_signs
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
_NEVER = -1e4


@dataclass
class Lattice:
    """All paths of a number: for each piece its first and last part, its features, and whether it is right; for each
    part the features of leaving it out, and whether that is right; the same of everything as one character."""

    parts: int
    pieces: list[tuple[int, int, list[float], bool]]
    nothing: list[tuple[list[float], bool]]
    alone: tuple[list[float], bool]


def lattice(number: Number, sheet: Sheet) -> Lattice | None:
    """The paths of a number that was looked at; None if there is only one."""
    everything = sheet.everything
    if sheet.labels is None or sheet.region is None or everything is None:
        return None
    digits = np.array([ink_of(sheet.region, number, index) for index in range(len(number.digits))])
    count = int(sheet.labels.max()) + 1
    pixels = np.bincount(sheet.labels.ravel(), minlength=count)
    of_digit = np.array([np.bincount(sheet.labels[digit], minlength=count) for digit in digits])
    share = of_digit / np.maximum(digits.sum((1, 2)), 1)[:, None]
    one = len(number.text) == 1 and everything.prediction.label == number.text
    found = Lattice(0, [], [], (_row(sheet.alone(everything)), one))
    for line in sheet.lines:
        for piece in line.pieces:
            own = [part.label for part in line.parts[piece.first : piece.last + 1]]
            covered = share[:, own].sum(1)
            digit = int(covered.argmax())
            right = covered[digit] > _COVERED and of_digit[digit, own].sum() > _OWN * pixels[own].sum()
            right = right and np.delete(covered, digit).max(initial=0) < _OTHER
            right = right and piece.prediction.label == number.text[digit]
            row = _row(features(piece, line.parts, sheet.height))
            found.pieces.append((found.parts + piece.first, found.parts + piece.last, row, bool(right)))
        for part in line.parts:
            found.nothing.append((_row(left_out(part, sheet.height)), bool(share[:, part.label].max() < _NOTHING)))
        found.pieces += _beside(line.parts, sheet.height, [one[1] for one in found.nothing[found.parts :]], found.parts)
        found.parts += len(line.parts)
    beside = [_row(left_out(part, sheet.height)) for part in sheet.beside(everything)]
    found.alone = (np.sum([found.alone[0], *beside], 0).tolist(), one)
    return found


def _beside(
    parts: Sequence[Part], height: float, left_out: Sequence[bool], before: int
) -> list[tuple[int, int, list[float], bool]]:
    """What can be left out at both ends of a line, as pieces of the lattice; there are so many parts before."""
    ends = [(0, last) for last in range(min(BESIDE, len(parts)))]
    ends += [(first, len(parts) - 1) for first in range(max(1, len(parts) - BESIDE), len(parts))]
    return [
        (before + first, before + last, _row(beside(parts[first : last + 1], height)), all(left_out[first : last + 1]))
        for first, last in ends
    ]


def ink_of(region: Region, number: Number, index: int) -> NDArray[np.bool_]:
    """Where one digit was written, in the pixels of the region that was looked at."""
    (left, top, right, bottom), (width, height) = region.box, number.size
    drawn = draw_placed(number.digits[index], number.pen, number.size)
    box = left * width, top * height, right * width, bottom * height
    rows, columns = region.ink.shape
    return 255 - np.asarray(drawn.resize((columns, rows), Image.Resampling.BOX, box)) > 100


def _row(found: dict[str, float]) -> list[float]:
    return [found.get(name, 0.0) for name in _NAMES]


def lattices(classifier: Classifier, strokes: Path, count: int, photographs: bool) -> Iterator[Lattice]:
    """Of so many numbers by validation writers: drawn ones, or cheques and photographs in turn."""
    held_out = read_held_out(strokes, "validation")
    own = by_writer([one for some in held_out.values() for one in some])
    signs = read_signs(strokes, "validation")
    for index in range(count):
        generator = np.random.default_rng((_SEED, index))
        writer = own[int(generator.integers(len(own)))]
        if photographs and index % 3 == 0:
            number, image = reading.photograph(writer, generator)
        elif photographs:
            number, image = cheque(writer, generator, random_sign(signs, generator) if index % 3 == 1 else "")
        else:
            length, size = 1 + int(generator.choice(6, p=_LENGTHS)), (reading.SQUARE, reading.WIDE)[index % 2]
            number = compose(writer, length, generator, size, touching=_TOUCHING)
            image = reading.png(draw_placed(number.strokes, PEN, size))
        with suppress(NothingDrawnError):  # nothing is found on some photographs
            found = lattice(number, look(image, classifier))
            if found:
                yield found


class Paths:
    """The paths of many numbers as tensors, for the scores of all of them at once."""

    def __init__(self, given: Sequence[Lattice]) -> None:
        count, most = len(given), max(one.parts for one in given)
        longest = max(last - first + 1 for one in given for first, last, _, _ in one.pieces)
        # What is left out at an end of a line may be of the same parts as a piece: two layers.
        self.pieces = torch.zeros(count, most, longest, 2, len(_NAMES))
        self.exists, self.right = (torch.zeros(count, most, longest, 2, dtype=torch.bool) for _ in range(2))
        self.nothing = torch.zeros(count, most, len(_NAMES))
        self.left_out = torch.zeros(count, most, dtype=torch.bool)
        self.alone = torch.tensor([one.alone[0] for one in given])
        self.one = torch.tensor([one.alone[1] for one in given])
        self.parts = torch.tensor([one.parts for one in given])
        for index, one in enumerate(given):
            for first, last, row, right in one.pieces:
                at = index, last, last - first, int(row[_NAMES.index("beside")])
                self.pieces[at] = torch.tensor(row)
                self.exists[at], self.right[at] = True, right
            for place, (row, right) in enumerate(one.nothing):
                self.nothing[index, place], self.left_out[index, place] = torch.tensor(row), right

    def likelihood(self, weights: Tensor) -> Tensor:
        """The logarithm of the probability of the right paths of each number: (numbers,); below -1000 if none is."""
        pieces, nothing, alone = self.pieces @ weights, self.nothing @ weights, self.alone @ weights
        all_paths = torch.logaddexp(self._sum(pieces, self.exists, nothing), alone)
        only = nothing.where(self.left_out, torch.tensor(_NEVER))
        right = torch.logaddexp(self._sum(pieces, self.right, only), alone.where(self.one, torch.tensor(_NEVER)))
        return right - all_paths

    def _sum(self, pieces: Tensor, allowed: Tensor, nothing: Tensor) -> Tensor:
        """The logarithm of the sum over all paths of e to their scores, by the forward algorithm."""
        scores = pieces.where(allowed, torch.tensor(_NEVER)).logsumexp(-1)
        sums = [torch.zeros(len(pieces))]
        for last in range(pieces.shape[1]):
            ways = [sums[last] + nothing[:, last]]
            ways += [sums[last - more] + scores[:, last, more] for more in range(min(pieces.shape[2], last + 1))]
            sums.append(torch.logsumexp(torch.stack(ways), 0))
        return torch.stack(sums, 1)[torch.arange(len(pieces)), self.parts]


def fit(paths: Paths) -> dict[str, float]:
    """The weights with which right paths are most probable; of numbers without any right path nothing is learned."""
    scale = torch.cat([paths.pieces[paths.exists], paths.nothing.flatten(0, 1)]).std(0)
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
    parser.add_argument("--photographs", action="store_true", help="fit those for photographs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = lattices(Classifier.load(options.model), options.strokes, options.count, options.photographs)
    for name, weight in fit(Paths(list(found))).items():
        print(f"    {name}: float = {weight:.2f}")


if __name__ == "__main__":
    main()
