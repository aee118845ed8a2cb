from __future__ import annotations

import math

import pytest
import torch

from training import metrics
from training.calibration import fit_temperature


def test_per_class_figures_follow_from_the_confusion_matrix():
    targets = torch.tensor([0, 0, 0, 1, 1, 2])
    predicted = torch.tensor([0, 0, 1, 1, 1, 1])
    matrix = metrics.confusion(predicted, targets, 3)
    assert matrix.tolist() == [[2, 1, 0], [0, 2, 0], [0, 1, 0]]
    first, second, third = metrics.per_class(matrix, ("a", "b", "c"))
    assert (first.count, first.precision) == (3, 1)
    assert (first.recall, first.f1) == pytest.approx((2 / 3, 0.8))
    assert (second.precision, second.recall) == (0.5, 1)
    assert (third.precision, third.recall, third.f1) == (0, 0, 0)


def test_auc_is_one_for_a_perfect_order_and_a_half_for_none():
    targets = torch.tensor([0, 0, 1, 1])
    perfect = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    assert metrics.macro_auc(perfect, targets) == 1
    assert metrics.macro_auc(torch.full((4, 2), 0.5), targets) == 0.5
    assert metrics.macro_auc(perfect, torch.zeros(4, dtype=torch.long)) is None


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = torch.tensor([[0.8, 0.2]] * 10)
    targets = torch.tensor([0] * 8 + [1] * 2)
    assert metrics.expected_calibration_error(probabilities, targets) == pytest.approx(0, abs=1e-6)
    assert metrics.expected_calibration_error(probabilities, torch.zeros(10, dtype=torch.long)) == pytest.approx(0.2)


def test_temperature_finds_the_factor_by_which_logits_are_overconfident():
    generator = torch.Generator().manual_seed(0)
    honest = torch.randn(20_000, 4, generator=generator) * 2
    targets = torch.multinomial(honest.softmax(1), 1, generator=generator).squeeze(1)
    assert fit_temperature(honest * 3, targets) == pytest.approx(3, rel=0.05)
    assert fit_temperature(honest / 2, targets) == pytest.approx(0.5, rel=0.05)


def test_temperature_stays_finite_when_every_answer_is_right():
    assert 0 < fit_temperature(torch.eye(3), torch.arange(3)) < math.inf
