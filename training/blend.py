"""Between the network before and the one after fine-tuning: as much of the new as costs nothing of the old.

The weights on the way from a network to its fine-tuned copy know most of the new, and forget less of the old (Wortsman
et al., "Robust fine-tuning of zero-shot models", 2022). How far to go is chosen by images that were not learned from.
"""

from __future__ import annotations

import copy

from torch import nn

from training import metrics
from training.images import ImageSet

# How far from the network before to the one after. All the way lost 10 of MNIST's test images and 2 of 1,247 drawings
# (benchmarks/README.md), of which the watched images told nothing.
SHARES = (0.75, 0.5, 0.25)
# The share of the watched images that may be lost: half of what `improve` lets a test set lose.
_TOLERATED = 0.0005


def blend(before: nn.Module, after: nn.Module, share: float) -> nn.Module:
    """A network whose weights lie this share of the way from one network to another of the same architecture."""
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
    """The blend nearest to `after` that reads as many of the watched images right as `before`, or next to as many.

    If none does, the one nearest to `before`. Returns it, and its share.
    """
    least = _right(before, watched) - _TOLERATED * len(watched)
    for share in SHARES:
        network = blend(before, after, share)
        if _right(network, watched) >= least:
            break
    return network, share


def _right(network: nn.Module, images: ImageSet) -> int:
    return int((metrics.logits_of(network, images).argmax(1) == images.targets).sum())
