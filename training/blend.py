"""Interpolate between a network and its fine-tuned copy: learn as much as possible without losing accuracy.

Weights between those of a network and its fine-tuned copy keep most of what was learned and forget less (Wortsman et
al., "Robust fine-tuning of zero-shot models", 2022). The share is chosen on images that fine-tuning has not seen.
"""

from __future__ import annotations

import copy

from torch import nn

from training import metrics
from training.images import ImageSet

# How far from the network before to the one after. All the way lost 10 of MNIST's test images and 2 of 1,247 drawings
# (benchmarks/README.md), which the validation images did not show.
SHARES = (0.75, 0.5, 0.25)
# The share of the watched images that may be read worse: half of what `improve` lets a test set lose.
_TOLERATED = 0.0005


def blend(before: nn.Module, after: nn.Module, share: float) -> nn.Module:
    """A network with interpolated weights: `before` for a share of 0, `after` for 1. Both have one architecture."""
    network = copy.deepcopy(before)
    goal = after.state_dict()
    network.load_state_dict(
        {
            name: value.lerp(goal[name], share) if value.is_floating_point() else goal[name]
            for name, value in before.state_dict().items()
        }
    )
    return network.eval()


def furthest_blend(before: nn.Module, after: nn.Module, watched: ImageSet) -> tuple[nn.Module, float]:
    """The blend nearest to `after` that reads the watched images about as well as `before`.

    If there is none, the blend nearest to `before`. Returns the network and its share.
    """
    least = _right(before, watched) - _TOLERATED * len(watched)
    for share in SHARES:
        network = blend(before, after, share)
        if _right(network, watched) >= least:
            break
    return network, share


def best_blend(before: nn.Module, after: nn.Module, validation: ImageSet) -> tuple[nn.Module, float]:
    """The blend with the lowest calibrated loss on validation images, `before` and `after` included, and its share."""
    blends = {share: blend(before, after, share) for share in (1.0, *SHARES, 0.0)}

    def loss(share: float) -> float:
        return metrics.calibrated_loss(metrics.logits_of(blends[share], validation), validation.targets)

    share = min(blends, key=loss)
    return blends[share], share


def _right(network: nn.Module, images: ImageSet) -> int:
    return int((metrics.logits_of(network, images).argmax(1) == images.targets).sum())
