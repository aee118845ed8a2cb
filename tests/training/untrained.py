"""Networks that have learned nothing, for tests of how they are computed."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from training.networks import build


def untrained(architecture: str, classes: int, **arguments: Any) -> nn.Module:
    """A network in evaluation mode, whose normalisation does something.

    Fresh ones are all alike, and a mistake in folding them would not show.
    """
    torch.manual_seed(0)
    network = build(architecture, classes, **arguments).eval()
    for layer in network.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.1)
            assert layer.running_mean is not None
            assert layer.running_var is not None
            nn.init.normal_(layer.running_mean, 0, 0.1)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
    return network
