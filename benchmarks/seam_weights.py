"""Fit the weights by which POST /read chooses where to cut (app/recognition/seams.py), on the training writers.

    python -m benchmarks.seam_weights ../shared/data/strokes

Numbers are composed digit by digit, and most neighbours touch, so it is known of each seam how much of a digit it
leaves on the wrong side. The weights are those with which the seams along a border between two digits are most probable
among all seams of the part (softmax), found by L-BFGS. Nothing here depends on the model. Printed as well: how many
borders of numbers by validation writers are among the cuts that are made.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.recognition import seams
from app.recognition.decoding import decode
from app.recognition.lines import find_lines
from app.recognition.seams import WEIGHTS, Seams
from app.recognition.segmentation import separate_ink
from benchmarks import held_out, reading
from benchmarks.numbers import Number, by_writer, compose
from benchmarks.reading_weights import ink_of
from training.prepare.drawing import PEN, draw_placed

Mask = NDArray[np.bool_]
_LENGTHS, _TOUCHING, _SEED = (2, 2, 3, 4, 5), 0.6, 77
# So much of a digit's ink must be in a part, and a border leaves no more than so much of it on the wrong side; 0.15 is
# what the pieces of benchmarks/reading_weights.py allow.
_WITHIN, _WRONG, _FOUND = 0.6, 0.12, 0.15
# Seams that leave less ink than this on one side, in heights, are not compared.
_LOWEST, _PENALTY, _STEPS = 0.3, 1e-3, 150


@dataclass
class Case:
    """The seams of a part with several digits: their features, (seams, features), and for each border between two
    digits the share of a digit that each seam leaves on the wrong side, (borders, seams)."""

    found: Seams
    features: NDArray[np.float64]
    wrong: NDArray[np.float64]
    height: float
    width: int


def cases(strokes: Path, part: held_out.Part, count: int) -> Iterator[Case]:
    """Of so many numbers by the writers of a part."""
    own = by_writer([one for some in held_out.read_held_out(strokes, part).values() for one in some])
    for index in range(count):
        generator = np.random.default_rng((_SEED, index))
        writer = own[int(generator.integers(len(own)))]
        size = (reading.SQUARE, reading.WIDE)[index % 2]
        pen = PEN if generator.random() < 0.7 else float(generator.uniform(4, 14))
        number = compose(writer, int(generator.choice(_LENGTHS)), generator, size, pen, _TOUCHING)
        yield from cases_of(number)


def cases_of(number: Number) -> Iterator[Case]:
    """Of each part of a number that has several digits."""
    image = reading.png(draw_placed(number.strokes, number.pen, number.size))
    region = separate_ink(decode(image), several=True).writing()
    lines = find_lines(region.ink, 2 * len(region.ink))
    digits = [ink_of(region, number, index) for index in range(len(number.digits))]
    for part in (part for line in lines.lines for part in line):
        rows, columns = slice(part.top, part.bottom), slice(part.left, part.right)
        mask = lines.labels[rows, columns] == part.label
        own = [digit[rows, columns] & mask for digit in digits]
        within = [ink for ink, digit in zip(own, digits, strict=True) if ink.sum() > _WITHIN * digit.sum()]
        found = seams.seams(mask, lines.height, lines.stroke) if len(within) > 1 else None
        if found:
            yield _case(found, within, lines.height, part.width)


def _case(found: Seams, digits: list[Mask], height: float, width: int) -> Case:
    wrong = []
    for border in range(1, len(digits)):
        left, right = np.any(digits[:border], 0), np.any(digits[border:], 0)
        whole = _wrong(found, left & ~right, right & ~left)
        nearest = _wrong(found, digits[border - 1] & ~right, digits[border] & ~left)
        wrong.append(np.maximum(whole, nearest))
    features = np.array([found.features[name] for name in WEIGHTS]).T
    return Case(found, features, np.array(wrong), height, width)


def _wrong(found: Seams, left: Mask, right: Mask) -> NDArray[np.float64]:
    """The share of the ink on the left, or of that on the right, that is on the other side of each seam."""
    borders = np.repeat(found.columns * found.scale + found.scale // 2, found.scale, 0)
    borders = np.concatenate([borders, np.repeat(borders[-1:], len(left) - len(borders), 0)])
    places = np.minimum(borders, left.shape[1])
    before = [
        np.take_along_axis(np.pad(ink.cumsum(1), ((0, 0), (1, 0))), places, 1).sum(0) / max(1, int(ink.sum()))
        for ink in (left, right)
    ]
    return np.asarray(np.maximum(1 - before[0], before[1]))


def fit(given: list[Case]) -> dict[str, float]:
    """The weights with which the seams along borders are most probable."""
    possible = [case.found.features["lower"] >= _LOWEST for case in given]
    rows = [case.features[one] for case, one in zip(given, possible, strict=True)]
    right = [
        (index, wrong[one] < _WRONG)
        for index, (case, one) in enumerate(zip(given, possible, strict=True))
        for wrong in case.wrong
        if (wrong[one] < _WRONG).any()
    ]
    scale = torch.tensor(np.concatenate(rows).std(0), dtype=torch.float32)
    padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(row, dtype=torch.float32) for row in rows], True) / scale
    exists = torch.nn.utils.rnn.pad_sequence([torch.ones(len(row), dtype=torch.bool) for row in rows], True)
    of = torch.tensor([index for index, _ in right])
    along = torch.zeros(len(right), padded.shape[1], dtype=torch.bool)
    for place, (_, one) in enumerate(right):
        along[place, : len(one)] = torch.tensor(one)
    weights = torch.zeros(len(WEIGHTS), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        scores = padded @ weights
        every = torch.logsumexp(scores.where(exists, torch.tensor(-1e9)), 1)[of]
        borders = torch.logsumexp(scores[of].where(along, torch.tensor(-1e9)), 1)
        value = (every - borders).mean() + _PENALTY * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return dict(zip(WEIGHTS, (weights / scale).tolist(), strict=True))


def recall(given: list[Case]) -> float:
    """How many of the borders between digits are among the cuts that are made."""
    found = [
        bool((case.wrong[border, seams.chosen(case.found, case.height, case.width)] < _FOUND).any())
        for case in given
        for border in range(len(case.wrong))
    ]
    return float(np.mean(found))


def main() -> None:
    """Compose numbers, fit, and print the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="folder with the files of pen tracks")
    parser.add_argument("--count", type=int, default=800, help="of numbers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, weight in fit(list(cases(options.strokes, "train", options.count))).items():
        print(f'    "{name}": {weight:.2f},')
    print(f"{recall(list(cases(options.strokes, 'validation', options.count // 2))):.1%} of borders found (validation)")


if __name__ == "__main__":
    main()
