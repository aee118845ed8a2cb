"""How a model's answers are distributed: stored for its test sets in model.pt, watched in service, and compared."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

# Bounds of the bins into which confidence is counted: finer where good models' answers are.
CONFIDENCE_BOUNDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
CONFIDENCE_BINS = len(CONFIDENCE_BOUNDS) + 1
# An empty bin's share is taken to be this, or the index would be infinite for a single answer.
_SMALLEST_SHARE = 0.001


def confidence_bin(confidence: float) -> int:
    """The bin, from 0, that a confidence is counted in."""
    return bisect_right(CONFIDENCE_BOUNDS, confidence)


def population_stability_index(reference: Sequence[float], counts: Sequence[float]) -> float:
    """How far counts have drifted from reference shares, bin by bin; 0 for no counts at all.

    The sum of (p - q) ln(p / q), the symmetrised Kullback-Leibler divergence (Siddiqi, *Credit Risk Scorecards*, 2006,
    whose rule of thumb is: below 0.1 none, above 0.25 considerable).
    """
    total = sum(counts)
    if not total:
        return 0.0
    pairs = zip(reference, counts, strict=True)
    shares = [(max(p, _SMALLEST_SHARE), max(count / total, _SMALLEST_SHARE)) for p, count in pairs]
    return sum((p - q) * math.log(p / q) for p, q in shares)
