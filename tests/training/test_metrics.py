from __future__ import annotations

import math

import pytest
import torch

from training import metrics
from training.calibration import fit_temperature
from training.images import ImageSet


def test_figures_of_each_class():
    targets = torch.tensor([0, 0, 0, 1, 1, 2])
    predicted = torch.tensor([0, 0, 1, 1, 1, 1])
    assert metrics.confusion(predicted, targets, 3).tolist() == [[2, 1, 0], [0, 2, 0], [0, 1, 0]]
    first, second, third = metrics.per_class(predicted, targets, ("a", "b", "c"))
    assert (first.count, first.precision) == (3, 1)
    assert (first.recall, first.f1) == pytest.approx((2 / 3, 0.8))
    assert (second.precision, second.recall) == (0.5, 1)
    assert (third.precision, third.recall, third.f1) == (0, 0, 0)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (100, 100, 0.963, 1.0)]
)
def test_intervals_are_wilsons(right: int, count: int, low: float, high: float):
    # By R's prop.test(right, count, correct = FALSE).
    assert metrics.interval(right / count, count) == pytest.approx((low, high), abs=1e-4)


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


@pytest.mark.parametrize("scale", [0.01, 300.0])
def test_temperature_follows_logits_of_any_size(scale: float):
    # A head that a few images were fitted to, as with --init, can give logits of several hundred.
    logits, targets = torch.randn(200, 5, generator=torch.Generator().manual_seed(0)), torch.arange(200) % 5
    logits[torch.arange(200), targets] += 2
    assert fit_temperature(scale * logits, targets) == pytest.approx(scale * fit_temperature(logits, targets), rel=1e-3)


@pytest.mark.parametrize("count", [3, 30, 300])
def test_temperature_promises_no_more_than_so_many_right_answers_show(count: int):
    targets = torch.arange(count) % 3
    logits = 5 * torch.eye(3)[targets]
    confidence = (logits.double() / fit_temperature(logits, targets)).softmax(1).max(1).values.mean()
    assert confidence == pytest.approx((count + 1) / (count + 2), abs=0.001)


def test_class_weights_count_in_the_loss_that_chooses_the_best_epoch():
    layer = torch.nn.Linear(4, 2)
    network = torch.nn.Sequential(torch.nn.Flatten(), layer)
    images = ImageSet(
        torch.full((4, 1, 2, 2), 255, dtype=torch.uint8), torch.arange(4), torch.tensor([0, 0, 0, 1]), [], ("a", "b")
    )
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(torch.tensor([2.0, 0.0]))
    # As far apart as the logits are after calibration, which knows of no weights.
    apart = 2 / fit_temperature(torch.tensor([[2.0, 0.0]] * 4), images.targets)
    likely, unlikely = math.log1p(math.exp(-apart)), math.log1p(math.exp(apart))
    assert metrics.score(network, images).loss == pytest.approx((3 * likely + unlikely) / 4, rel=1e-4)
    weighted = metrics.score(network, images, torch.tensor([1.0, 3.0]))
    assert weighted.loss == pytest.approx((3 * likely + 3 * unlikely) / 6, rel=1e-4)
