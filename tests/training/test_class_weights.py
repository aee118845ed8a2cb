"""Classes that count more than others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.recognition.preprocessing import Preprocessing
from tests.training.conftest import NARROW, WEIGHTS_ALONE
from training import checkpoint
from training.__main__ import main
from training.images import read_images
from training.metrics import logits_of
from training.objective import class_weights
from training.recipes import Recipe
from training.tree import list_images


def test_class_weights_shift_the_answers(tree: Path, tmp_path: Path):
    shares = []
    for name, weights in (("few", ["7=0.02"]), ("many", ["7=50", "0=1"])):
        options = [item for weight in weights for item in ("--class-weight", weight)]
        command = ["train", str(tree), "--output", str(tmp_path / name), "--epochs", "1", "--batch-size", "16"]
        assert main([*command, *NARROW, *WEIGHTS_ALONE, "--model-ema-decay", "0", *options]) == 0
        images = read_images(list_images(tree / "test"), Preprocessing())
        logits = logits_of(checkpoint.load(tmp_path / name).network(), images)
        shares.append((logits.argmax(1) == 2).float().mean())
    assert shares[0] < shares[1]


def test_balanced_weights_make_every_class_count_the_same(tree: Path):
    images = read_images(list_images(tree / "train"), Preprocessing())
    uneven = images.subset(torch.cat([torch.arange(0, 60), torch.arange(60, 75), torch.arange(120, 125)]))
    weights = class_weights(Recipe(class_weight="balanced"), uneven)
    assert weights is not None
    assert (weights * torch.tensor([60, 15, 5])).tolist() == pytest.approx([80 / 3] * 3)
