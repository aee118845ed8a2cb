"""A network in 8-bit numbers reads like the network itself, and is what ONNX Runtime computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.recognition import runtime
from app.recognition.classifier import Classifier
from app.recognition.model_card import CheckpointError
from tests.conftest import MODEL, encode
from tests.training.untrained import untrained
from training import checkpoint
from training.checkpoint import Checkpoint
from training.export import onnx
from training.networks import EIGHT_BIT
from training.quantised import quantised, ranges_of

CLASSES = ("a", "b", "c")
IMAGES = np.random.default_rng(0).integers(0, 256, (64, 28, 28), np.uint8)
BATCH = torch.from_numpy(IMAGES).unsqueeze(1).float() / 255


def model_with_ranges(architecture: str) -> Checkpoint:
    network = untrained(architecture, len(CLASSES))
    return Checkpoint(architecture, CLASSES, network.state_dict(), ranges=ranges_of(network, [BATCH[:32], BATCH[32:]]))


@pytest.mark.parametrize("architecture", EIGHT_BIT)
def test_rounding_changes_the_logits_a_little(architecture: str):
    model = model_with_ranges(architecture)
    with torch.inference_mode():
        exact, rounded = model.network()(BATCH), model.quantised()(BATCH)
    difference = (exact - rounded).abs().max()
    assert 0 < difference < 0.1 * exact.std()


@pytest.mark.parametrize("architecture", EIGHT_BIT)
def test_onnx_runtime_computes_what_is_rounded(architecture: str, tmp_path: Path):
    model = model_with_ranges(architecture)
    # So narrow that the logits become others.
    image, *others = model.ranges
    model = replace(model, ranges=(image, *((0.3 * low, 0.3 * high) for low, high in others)))
    checkpoint.save(model, tmp_path / "model.pt")
    _, network = runtime.load(tmp_path / "model.pt", "onnxruntime")
    computed = np.concatenate([network(IMAGES[:1]), network(IMAGES[1:])])
    with torch.inference_mode():
        exact, rounded = model.network()(BATCH).numpy(), model.quantised()(BATCH).numpy()
    assert np.abs(computed - rounded).mean() < 0.02 * np.abs(exact - rounded).mean()


def test_weights_leave_room_for_sums_of_two_products_in_16_bits():
    network = untrained("resnet", len(CLASSES))
    values = quantised(network, ranges_of(network, [BATCH])).state_dict()
    steps = {name.removesuffix("step"): step for name, step in values.items() if name.endswith(".step")}
    assert len(steps) == 9
    for layer, step in steps.items():
        levels = (values[f"{layer}layer.weight"].flatten(1) / step.unsqueeze(1)).round().abs()
        assert 0.4 * 2**15 < 2 * 255 * levels.max() < 2**15


def test_ranges_include_nothing_and_all():
    network = untrained("resnet", len(CLASSES))
    (low, high), *others = ranges_of(network, [torch.full_like(BATCH, 0.5)])
    assert (low, high) == (0.0, 1.0)  # what images may be, not what these are
    assert all(low <= 0 <= high for low, high in others)
    assert any(low < 0 for low, _ in others)  # before a residual is added


def test_a_range_of_nothing_can_be_rounded():
    network = untrained("resnet", len(CLASSES))
    ranges = [(0.0, 0.0) for _ in ranges_of(network, [BATCH])]
    assert torch.isfinite(quantised(network, ranges)(BATCH)).all()


def test_without_ranges_nothing_is_rounded():
    model = replace(model_with_ranges("resnet"), ranges=())
    assert b"QuantizeLinear" not in onnx(model)
    assert b"QuantizeLinear" in onnx(model_with_ranges("resnet"))


def test_wrong_ranges_are_refused(tmp_path: Path):
    model = model_with_ranges("resnet")
    checkpoint.save(replace(model, ranges=model.ranges[1:]), tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="13 ranges for 14 activations"):
        checkpoint.load(tmp_path / "model.pt")


def test_models_with_and_without_ranges_differ_in_version():
    model = model_with_ranges("resnet")
    assert model.version != replace(model, ranges=()).version


def test_the_committed_model_answers_nearly_alike(drawings):
    files = [encode(image) for _, image in drawings[:200]]
    by = [Classifier.load(MODEL, name) for name in ("pytorch", "onnxruntime")]
    exact, rounded = ([classifier.predict([classifier.prepare(file)])[0] for file in files] for classifier in by)
    assert [answer.label for answer in exact] == [answer.label for answer in rounded]
    differences = [abs(one.confidence - other.confidence) for one, other in zip(exact, rounded, strict=True)]
    assert 0 < np.mean(differences) < 0.005
