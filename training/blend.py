"""Between the network before and the one after fine-tuning: as much of the new as costs nothing of the old.

The weights half way between a network and its fine-tuned copy know most of the new, and forget little of the old
(Wortsman et al., "Robust fine-tuning of zero-shot models", 2022). How far to go is chosen by images that were not
learned from.
"""

from __future__ import annotations

import copy

from torch import nn

from training import metrics
from training.images import ImageSet

# How far from the network before to the one after. The last is the fine-tuned network itself.
SHARES = (0.25, 0.5, 0.75, 1.0)
# The share of the watched images that may be lost.
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


def best_blend(before: nn.Module, after: nn.Module, learned: ImageSet, watched: ImageSet) -> tuple[nn.Module, float]:
    """The blend that reads most of the learned images right, of those that lose (next to) nothing of the watched ones.

    Of equals the one nearest to `before`; if all lose more, that is the answer too. Returns it, and its share.
    """
    allowed = _right(before, watched) - _TOLERATED * len(watched)
    best, most = (blend(before, after, SHARES[0]), SHARES[0]), -1
    for share in SHARES:
        network = blend(before, after, share)
        if _right(network, watched) >= allowed and (right := _right(network, learned)) > most:
            best, most = (network, share), right
    return best


def _right(network: nn.Module, images: ImageSet) -> int:
    return int((metrics.logits_of(network, images).argmax(1) == images.targets).sum())
