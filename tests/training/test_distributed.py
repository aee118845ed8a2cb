"""Several processes train as one would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.conftest import ROOT
from tests.test_deployment import free_port
from training import checkpoint
from training.__main__ import main
from training.distributed import Team, TeamBatchNorm
from training.errors import TrainingError
from training.fit import Trainer
from training.images import ImageSet
from training.networks import build
from training.recipes import Recipe

# Without distortions, which each process draws for itself.
PLAIN = ("--epochs", "1", "--batch-size", "32", "--augment", "--opt", "sgd", "--lr", "0.02", "--lr-warmup-epochs", "0")
UNEQUAL = ("--class-weight", "7=5", "--model-ema-decay", "0", "--validation-fraction", "0", "--widths", "8", "16")


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tree: Path, tmp_path: Path):
    arguments = ["train", str(tree), "--no-report", "--no-quantise", *PLAIN, *UNEQUAL]
    assert main([*arguments, "--output", str(tmp_path / "one.pt")]) == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port", str(free_port())]
    command += ["-m", "training", *arguments, "--output", str(tmp_path / "two.pt")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    one, two = (checkpoint.load(tmp_path / name).state for name in ("one.pt", "two.pt"))
    for name, value in one.items():
        assert torch.allclose(value.float(), two[name].float(), atol=1e-4), name


@pytest.mark.parametrize(
    ("layer", "shape"), [(nn.BatchNorm2d(3), (5, 3, 4, 4)), (nn.BatchNorm1d(3), (5, 3))], ids=["images", "features"]
)
def test_batch_normalisation_of_one_process_is_pytorchs(
    layer: nn.BatchNorm1d | nn.BatchNorm2d, shape: tuple[int, ...], monkeypatch
):
    monkeypatch.setattr("torch.distributed.all_reduce", lambda _: None)
    inputs = [torch.randn(shape, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2)]
    nn.init.uniform_(layer.weight)
    own = TeamBatchNorm.like(type(layer)(3))
    own.load_state_dict(layer.state_dict())
    results = [module(values) for module, values in zip((layer, own), inputs, strict=True)]
    for result in results:
        result.square().sum().backward()
        result.detach()
    assert torch.allclose(results[0], results[1], atol=1e-6)
    first, second = (values.grad for values in inputs)
    assert first is not None
    assert second is not None
    assert torch.allclose(first, second, atol=1e-5)
    for name, value in layer.state_dict().items():
        assert torch.allclose(value.float(), own.state_dict()[name].float(), atol=1e-6)


def test_a_batch_smaller_than_the_team_is_refused():
    images = ImageSet(
        torch.zeros(3, 1, 28, 28, dtype=torch.uint8), torch.arange(3), torch.tensor([0, 1, 1]), [], ("a", "b")
    )
    with pytest.raises(TrainingError, match="4 processes for batches of 3 images"):
        Trainer(build("mlp", 2), images, None, Recipe(batch_size=8), team=Team(0, 4))
