from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from app.recognition import model_file
from app.recognition.model_file import Network
from app.recognition.preprocessing import Preprocessing
from tests.training.untrained import untrained
from training import checkpoint, quantisation
from training.images import read_images
from training.networks import EIGHT_BIT
from training.onnx_export import to_onnx
from training.quantisation import quantise, served_network
from training.tree import list_images


@pytest.fixture(scope="module")
def images(tree: Path):
    return read_images(list_images(tree / "train"), Preprocessing())


def test_a_trained_model_is_served_quantised_and_reads_as_well(trained: Path):
    card, _ = model_file.load(trained)
    assert card.quantised
    figures = card.metrics["test"]
    assert abs(figures["accuracy_8_bit"] - figures["accuracy"]) < 0.06  # two of 36 images


@pytest.mark.parametrize("architecture", EIGHT_BIT)
def test_quantisation_changes_the_logits_a_little(architecture: str, images):
    exact = to_onnx(untrained(architecture, 3), 28)
    batch = images.images[:100, 0].numpy()
    before, after = Network(exact)(batch), Network(quantise(exact, images))(batch)
    assert 0 < np.abs(before - after).max() < 0.15 * before.std()


def test_weights_leave_room_for_sums_of_two_products_in_16_bits(images):
    network = onnx.load_from_string(quantise(to_onnx(untrained("resnet", 3), 28), images))
    weights = [
        numpy_helper.to_array(value) for value in network.graph.initializer if value.data_type == onnx.TensorProto.INT8
    ]
    kernels = [weight for weight in weights if weight.ndim == 4]
    assert len(kernels) == 9
    for kernel in kernels:
        # Each output channel has its own scale, so each uses the whole range.
        assert (np.abs(kernel.astype(int)).reshape(len(kernel), -1).max(1) == 64).all()


def test_what_reads_worse_in_8_bit_integers_is_served_in_floats(trained: Path, images, monkeypatch, capsys):
    model = checkpoint.load(trained)
    # Of another network, which has learned nothing.
    monkeypatch.setattr(quantisation, "quantise", lambda *_: to_onnx(untrained("resnet", 3), 28))
    assert not served_network(model, images, images).quantised
    assert "8-bit integers would read" in capsys.readouterr().out


def test_without_validation_images_quantisation_is_taken_on_trust(trained: Path, images):
    assert served_network(checkpoint.load(trained), images, None).quantised


def test_networks_that_would_be_no_faster_are_left_alone(images):
    model = checkpoint.Checkpoint("simple-cnn", images.classes, untrained("simple-cnn", 3).state_dict())
    served = served_network(model, images, None)
    assert not served.quantised
    assert b"QuantizeLinear" not in served.onnx


def test_a_file_to_serve_names_nothing_of_the_machine():
    assert str(Path(torch.__file__).parent).encode() not in to_onnx(untrained("resnet", 3), 28)
