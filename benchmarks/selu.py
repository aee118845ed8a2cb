"""What the source of `selu-lenet` leaves open, tried on a part of the training images.

    python -m benchmarks.selu data/mnist

The source does not say what follows the convolutions, how the images are scaled, and how large a batch is. Each reading
is trained once on 54,000 of the training images and evaluated on the other 6,000 after each epoch. So the test images
have no part in the choice.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Generator, nn

from app.recognition.preprocessing import Preprocessing
from benchmarks.published import errors_of
from training.networks import build
from training.recipes import PUBLISHED
from training.tree import read_tree

_HELD_BACK = 6000
_LAST = 5


@dataclass(frozen=True)
class Reading:
    """One way to read the text: the activation of the convolutions, standardised images or values from 0 to 1."""

    activation: str
    standardised: bool = False
    batch_size: int = 128

    def network(self) -> nn.Sequential:
        """The network with fresh weights."""
        network = build("selu-lenet", 10, convolutions=self.activation)
        # Without weights of its own it only standardises: by the batch in training, by averages afterwards.
        return nn.Sequential(*[nn.BatchNorm2d(1, affine=False)] * self.standardised, network)

    def __str__(self) -> str:
        scaling = "standardised" if self.standardised else "0 to 1"
        activation = "none" if self.activation == "Identity" else self.activation
        return f"{activation} | {scaling} | {self.batch_size}"


READINGS = (
    Reading("SELU"),
    Reading("SELU", standardised=True),
    Reading("ReLU"),
    Reading("ReLU", standardised=True),
    Reading("Identity"),
    Reading("ReLU", batch_size=256),
    Reading("ReLU", batch_size=512),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the MNIST tree")
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args()
    recipe = replace(PUBLISHED["selu-lenet"], epochs=options.epochs)
    images = read_tree(options.data, Preprocessing(recipe.preprocessing, recipe.size))["train"]
    order = torch.randperm(len(images), generator=Generator().manual_seed(2026))
    held_back, train = (
        images.subset(part.sort().values) for part in order.split([_HELD_BACK, len(images) - _HELD_BACK])
    )
    print(
        "| convolutions | images | batch | last epoch | best epoch | mean of the last five |\n|---|---|---|---|---|---|"
    )
    for reading in READINGS:
        torch.manual_seed(recipe.seed)
        errors = errors_of(reading.network(), train, held_back, replace(recipe, batch_size=reading.batch_size))
        mean = statistics.mean(errors[-_LAST:])
        print(f"| {reading} | {errors[-1]:.2f} % | {min(errors):.2f} % | {mean:.2f} % |", flush=True)


if __name__ == "__main__":
    main()
