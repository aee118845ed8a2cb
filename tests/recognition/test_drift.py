from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.recognition.drift import CONFIDENCE_BINS, confidence_bin, population_stability_index
from training.metrics import confidence_shares

SHARES = st.lists(st.integers(1, 1000), min_size=5, max_size=5)


@given(st.floats(0.1, 1))
def test_trainer_and_service_count_confidence_in_the_same_bins(confidence: float):
    probabilities = torch.tensor([[confidence, 0.0]], dtype=torch.double)
    shares = [0.0] * CONFIDENCE_BINS
    shares[confidence_bin(confidence)] = 1.0
    assert confidence_shares(probabilities) == shares


@given(SHARES)
def test_the_same_distribution_has_not_drifted(counts: list[int]):
    shares = [count / sum(counts) for count in counts]
    assert population_stability_index(shares, counts) == pytest.approx(0, abs=1e-3)


@given(SHARES, SHARES)
def test_drift_is_never_negative(reference: list[int], counts: list[int]):
    assert population_stability_index([count / sum(reference) for count in reference], counts) >= 0


def test_a_moved_distribution_is_far_away():
    assert population_stability_index([0.9, 0.1], [10, 90]) > 1


def test_nothing_counted_is_no_drift():
    assert population_stability_index([0.5, 0.5], [0, 0]) == 0
