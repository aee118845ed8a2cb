"""What a network needs to be computed in 8-bit numbers, if it reads as well in them."""

from __future__ import annotations

import torch

from training import metrics
from training.checkpoint import Checkpoint
from training.images import ImageSet
from training.networks import EIGHT_BIT
from training.quantised import Ranges, quantised, ranges_of

# Images that the ranges are taken from, evenly spaced over all; and how many of them at a time.
_IMAGES = 4096
_BATCH = 512
# What 8-bit numbers may cost: this share of the validation images, or so many where they are few.
_TOLERATED = 0.002
_TOLERATED_IMAGES = 2


def fit_ranges(model: Checkpoint, train: ImageSet, validation: ImageSet | None) -> Ranges:
    """The ranges of the activations on training images; none if the network would be no faster, or read worse."""
    if model.architecture not in EIGHT_BIT:
        return ()
    network = model.network()
    chosen = train.subset(torch.linspace(0, len(train) - 1, min(_IMAGES, len(train))).long())
    ranges = ranges_of(network, (images.float() / 255 for images, _ in chosen.batches(_BATCH)))
    if validation is None:
        return ranges
    exact, rounded = (
        metrics.accuracy(metrics.logits_of(version, validation).argmax(1), validation.targets)
        for version in (network, quantised(network, ranges))
    )
    if rounded > exact - max(_TOLERATED, (_TOLERATED_IMAGES + 0.5) / len(validation)):
        return ranges
    print(f"8-bit numbers would read {rounded:.2%} of the validation images instead of {exact:.2%}: not used")
    return ()
