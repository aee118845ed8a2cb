"""What training writes for the server: the same network, beside what PyTorch reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from app.recognition import model_file
from app.recognition.neighbours import Neighbours
from tests.training.untrained import untrained
from training import checkpoint
from training.__main__ import main
from training.checkpoint import Checkpoint
from training.networks import ARCHITECTURES

CLASSES = ("a", "b", "c")
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_server_computes_what_pytorch_computes(architecture: str, tmp_path: Path):
    path = tmp_path / "model.pt"
    model = Checkpoint(architecture, CLASSES, untrained(architecture, len(CLASSES)).state_dict())
    checkpoint.save(model, path)
    card, network = model_file.load(path)
    assert card == model.card()
    with torch.inference_mode():
        expected = checkpoint.load(path).network()(torch.from_numpy(IMAGES)[:, None] / 255).numpy()
    assert expected.std() > 0.01
    # One and five: the number of images is not fixed.
    np.testing.assert_allclose(network(IMAGES), expected, atol=1e-5)
    np.testing.assert_allclose(network(IMAGES[:1]), expected[:1], atol=1e-5)


@pytest.mark.parametrize("mapped", [False, True])
def test_pytorch_reads_the_file_with_the_added_records(mapped: bool, tmp_path: Path):
    path = tmp_path / "model.pt"
    network = untrained("mlp", len(CLASSES))
    checkpoint.save(Checkpoint("mlp", CLASSES, network.state_dict()), path)
    contents = torch.load(path, weights_only=True, mmap=mapped)
    assert contents["classes"] == list(CLASSES)
    for name, weights in network.state_dict().items():
        assert torch.equal(contents["state_dict"][name], weights)


def test_export_adds_the_records_to_a_file_of_pytorch_alone(tmp_path: Path, capsys):
    path = tmp_path / "model.pt"
    model = Checkpoint("mlp", CLASSES, untrained("mlp", len(CLASSES)).state_dict())
    checkpoint.save(model, path)
    contents = torch.load(path, weights_only=True)
    torch.save(contents, path)
    assert main(["export", str(path)]) == 0
    assert "to be served in 32-bit floats" in capsys.readouterr().out
    card, _ = model_file.load(path)
    assert card == model.card()


def test_export_with_images_quantises_and_keeps_the_version(trained: Path, tree: Path, tmp_path: Path, capsys):
    path = tmp_path / "model.pt"
    shutil.copy(trained, path)
    before, _ = model_file.load(path)
    assert main(["export", str(path)]) == 0
    assert "With --data DATA" in capsys.readouterr().out
    in_floats, _ = model_file.load(path)
    assert not in_floats.quantised
    assert "accuracy_8_bit" not in in_floats.metrics["test"]
    assert main(["export", str(path), "--data", str(tree)]) == 0
    after, _ = model_file.load(path)
    assert after.quantised
    assert abs(after.metrics["test"]["accuracy_8_bit"] - after.metrics["test"]["accuracy"]) < 0.06
    assert before.version == in_floats.version == after.version


def test_export_with_neighbours_leaves_the_network_as_it_is(trained: Path, tree: Path, tmp_path: Path, capsys):
    path = tmp_path / "model.pt"
    shutil.copy(trained, path)
    card, _ = model_file.load(path)
    before = model_file.load_inside(path, card)
    assert main(["export", str(path), "--neighbours", str(tree)]) == 0
    assert "in 8-bit integers, with " in capsys.readouterr().out
    after = model_file.load_inside(path, card)
    assert after[:2] == before[:2]
    assert after.neighbours
    stored = Neighbours.from_bytes(after.neighbours)
    assert set(stored.labels) == set(card.classes)
    # Another network sees the same images with other features.
    assert main(["export", str(path)]) == 0
    in_floats, _ = model_file.load(path)
    record = model_file.load_inside(path, in_floats).neighbours
    assert record
    again = Neighbours.from_bytes(record)
    np.testing.assert_array_equal(again.images, stored.images)
    assert again.labels == stored.labels
    assert 0 < np.abs(again.features.astype(int) - stored.features).max() < 64


def test_a_failed_export_leaves_the_file_as_it_was(tmp_path: Path, capsys):
    path = tmp_path / "model.pt"
    checkpoint.save(Checkpoint("resnet", CLASSES, untrained("resnet", len(CLASSES)).state_dict()), path)
    before = path.read_bytes()
    assert main(["export", str(path), "--data", str(tmp_path / "nowhere")]) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err
    assert path.read_bytes() == before
