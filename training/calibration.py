"""Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# In units of the logits' spread. Beyond these all classes are equally probable, or one is certain.
_LIMITS = (0.01, 20.0)


def fit_temperature(logits: Tensor, targets: Tensor) -> float:
    """The temperature with the lowest cross-entropy of logits (n, classes) for targets (n,).

    The target class has a probability of (n + 1) / (n + 2), the other classes share the rest (after Platt,
    "Probabilistic Outputs for Support Vector Machines", 1999, section 2.2). With a probability of 1, a small set
    without a wrong answer would lead to a temperature near 0.
    """
    count, classes = logits.shape
    certain = (count + 1) / (count + 2)
    shares = torch.full((count, classes), (1 - certain) / max(1, classes - 1), dtype=torch.double)
    shares[torch.arange(count), targets] = certain
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    # In units of their spread: those of a head that was fitted to a few images can be in the hundreds.
    spread = logits.double().std(correction=0).clamp(min=1e-9)
    scaled = logits.double() / spread
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(scaled / log_temperature.exp(), shares)
        value.backward()
        return value

    optimizer.step(loss)
    return float(log_temperature.detach().exp().clamp(*_LIMITS) * spread)
