from __future__ import annotations

from pathlib import Path

import pytest

from app.recognition.preprocessing import Preprocessing
from tests.training.untrained import untrained
from training import checkpoint
from training import quantisation_ranges as quantisation
from training.images import read_images
from training.quantisation_ranges import fit_ranges
from training.tree import list_images


@pytest.fixture(scope="module")
def images(tree: Path):
    return read_images(list_images(tree / "train"), Preprocessing())


def test_a_model_reads_as_well_in_8_bit_numbers(trained: Path):
    model = checkpoint.load(trained)
    assert len(model.ranges) == 14
    figures = model.metrics["test"]
    assert abs(figures["accuracy_8_bit"] - figures["accuracy"]) < 0.06  # two of 36 images


def test_without_validation_images_the_ranges_are_taken_on_trust(trained: Path, images):
    assert fit_ranges(checkpoint.load(trained), images, None)


def test_what_reads_worse_in_8_bit_numbers_is_not_computed_so(trained: Path, images, monkeypatch, capsys):
    model = checkpoint.load(trained)
    # So wide that all activations are rounded to nothing.
    image, *others = fit_ranges(model, images, images)  # of 180 images two may be lost
    monkeypatch.setattr(quantisation, "ranges_of", lambda *_: [image, *((0.0, 10_000.0) for _ in others)])
    assert fit_ranges(model, images, images) == ()
    assert "8-bit numbers would read" in capsys.readouterr().out


def test_networks_that_would_be_no_faster_are_left_alone(images):
    model = checkpoint.Checkpoint("simple-cnn", images.classes, untrained("simple-cnn", 3).state_dict())
    assert fit_ranges(model, images, None) == ()
