"""Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def fit_temperature(logits: Tensor, targets: Tensor) -> float:
    """The temperature that makes the softmax of logits (n, classes) most probable for targets (n,).

    The targets are taken as certain only as far as n answers can show: as (n + 1) / (n + 2), the rest shared by the
    other classes (after Platt, "Probabilistic Outputs for Support Vector Machines", 1999, section 2.2). Otherwise a
    small set without a wrong answer would ask for confidence without end.
    """
    count, classes = logits.shape
    certain = (count + 1) / (count + 2)
    shares = torch.full((count, classes), (1 - certain) / max(1, classes - 1), dtype=torch.double)
    shares[torch.arange(count), targets] = certain
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    scaled = logits.double()
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(scaled / log_temperature.exp(), shares)
        value.backward()
        return value

    optimizer.step(loss)
    return float(log_temperature.detach().exp().clamp(0.05, 20))
