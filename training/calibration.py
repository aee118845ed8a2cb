"""Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def fit_temperature(logits: Tensor, targets: Tensor) -> float:
    """The temperature that makes the softmax of logits (n, classes) most probable for targets (n,).

    With no wrong answer to learn from, confidence would grow without end; so it stays within 0.05 and 20.
    """
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    scaled = logits.double()
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(scaled / log_temperature.exp(), targets)
        value.backward()
        return value

    optimizer.step(loss)
    return float(log_temperature.detach().exp().clamp(0.05, 20))
