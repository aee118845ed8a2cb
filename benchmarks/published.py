"""Published scores beside our own: each architecture trained by its source's protocol.

    python -m benchmarks.published data/mnist [--only mlp] [--seeds 3]

The data is the MNIST tree that `python -m training prepare mnist` writes. The protocol is that of `python -m training
train data/mnist --arch mlp --published` (training/recipes.py): images are not normalised again, all 60,000 are trained
on, the last, smaller batch of an epoch too, and the model is that of the last epoch. Beside its error stand that of the
best epoch, which sources that looked at the test set while training report, and the mean of the last five.
`selu-lenet-bn` gets its source's enlarged data: each image, its four shifts and its mirror image, 360,000 in all. The
project's own network is trained by its own defaults.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from app.recognition.preprocessing import Preprocessing
from training import networks
from training.fit import Trainer
from training.images import ImageSet
from training.recipes import PUBLISHED, Recipe
from training.tree import read_tree

SOURCES = {
    "dl4j-lenet": "98 %; its published weights 98.46 %",
    "mlp": "error 1.91 % (1.74 % in the text)",
    "simple-cnn": "error 1.03 %",
    "large-cnn": "error 0.82 %",
    "selu-lenet": "99.07 %",
    "selu-lenet-bn": "99.5 %",
    "keras-cnn": "98.27 %, after the first epoch",
    "resnet": "none: the project's own",
}


@dataclass(frozen=True)
class Measured:
    """Errors on the test set in percent, one list of all epochs for each seed; mean processor time."""

    errors: list[list[float]]
    seconds: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the MNIST tree")
    parser.add_argument("--only", choices=SOURCES, action="append", help="leave the others out")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    columns = (
        "`--arch`",
        "parameters",
        "published",
        "last epoch, mean (range)",
        "best epoch",
        "mean of the last five",
        "after epoch 1",
        "processor seconds",
    )
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for name in options.only or SOURCES:
        measured = measure(name, options.data, options.seeds)
        parameters = sum(
            weights.numel() for weights in networks.build(name, 10, **networks.NEW_ARGUMENTS.get(name, {})).parameters()
        )
        print(
            f"| `{name}` | {parameters:,} | {SOURCES[name]} | {_spread([run[-1] for run in measured.errors])} "
            f"| {_spread([min(run) for run in measured.errors])} "
            f"| {_spread([statistics.mean(run[-5:]) for run in measured.errors])} "
            f"| {_spread([run[0] for run in measured.errors])} | {measured.seconds:.0f} |",
            flush=True,
        )


def measure(name: str, data: Path, seeds: int) -> Measured:
    """Train one architecture by its own protocol with each of so many seeds, and print each seed's errors when it is
    done."""
    recipe = PUBLISHED.get(name, Recipe())
    sets = read_tree(data, Preprocessing(recipe.preprocessing, recipe.size))
    train = sets["train"]
    recipe = recipe.settled(len(train))
    if name == "selu-lenet-bn":
        train, recipe = enlarged(train), replace(recipe, augment={})
    errors, seconds = [], []
    for seed in range(seeds):
        torch.manual_seed(seed)
        started = time.process_time()
        # Nothing is chosen by the test set: every epoch's error is reported.
        errors.append(
            errors_of(
                networks.build(name, 10, **networks.NEW_ARGUMENTS.get(name, {})),
                train,
                sets["test"],
                replace(recipe, seed=seed),
            )
        )
        seconds.append(time.process_time() - started)
        print(f"{name}, seed {seed}:", *(f"{error:.2f}" for error in errors[-1]), file=sys.stderr, flush=True)
    return Measured(errors, statistics.mean(seconds))


def errors_of(network: nn.Module, train: ImageSet, other: ImageSet, recipe: Recipe) -> list[float]:
    """Train a network. Returns its errors on another set after each epoch, in percent."""
    result = Trainer(network, train, other, recipe).fit()
    return [100 * (1 - epoch.validation.accuracy) for epoch in result.epochs if epoch.validation]


def enlarged(images: ImageSet) -> ImageSet:
    """Six images for each: itself, shifted by one pixel in each of four directions, and mirrored left to right.

    The trainer's own augmentation draws one of these anew for each epoch instead, and never holds them all.
    """
    originals = images.images[images.rows]
    padded = F.pad(originals, (1, 1, 1, 1))
    rows, columns = originals.shape[2:]
    shifted = [padded[:, :, y : y + rows, x : x + columns] for x, y in ((0, 1), (2, 1), (1, 0), (1, 2))]
    versions = [originals, *shifted, originals.flip(3)]
    return replace(
        images,
        images=torch.cat(versions),
        rows=torch.arange(len(versions) * len(originals)),
        targets=images.targets.repeat(len(versions)),
        paths=[path for _ in versions for path in images.paths],
    )


def _spread(errors: list[float]) -> str:
    return f"{statistics.mean(errors):.2f} % ({min(errors):.2f} to {max(errors):.2f})"


if __name__ == "__main__":
    main()
