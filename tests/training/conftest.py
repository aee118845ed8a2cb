"""A small real tree of labelled images, and a model trained on it."""

from __future__ import annotations

import itertools
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TRACK_FILES
from training.__main__ import main
from training.fit import Trainer

# Enough for a model that reads three digits, and little enough for many trainings.
EPOCHS = ("--epochs", "20", "--batch-size", "16")
NARROW = ("--widths", "16", "32", "32")
TRAIN = (*EPOCHS, *NARROW)
# Where a test is about the training itself: what is made of the weights afterwards takes longer than they do.
WEIGHTS_ALONE = ("--no-report", "--no-quantise", "--no-neighbours")


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three digits, by 18 writers to train on and 5 others to test."""
    data = tmp_path_factory.mktemp("tree")
    command = ["prepare", "unipen", *map(str, TRACK_FILES), "--out", str(data), "--test-source", "pendigits"]
    assert main([*command, "--test-fraction", "0", "--variations", "4"]) == 0
    for folder in data.glob("*/[!017]"):
        shutil.rmtree(folder)
    return data


@pytest.fixture
def small(tree: Path, tmp_path: Path) -> Path:
    """A copy of the tree with two images a class, to damage."""
    data = tmp_path / "data"
    for path in tree.glob("t*/*"):
        (data / path.relative_to(tree)).mkdir(parents=True)
        for image in sorted(path.iterdir())[:2]:
            shutil.copy(image, data / image.relative_to(tree))
    return data


@pytest.fixture(scope="session")
def trained(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tmp_path_factory.mktemp("trained") / "model.pt"
    assert main(["train", str(tree), "--output", str(model), *TRAIN]) == 0
    return model


def send_after(steps: int, how: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process get a signal in the step with this number, as from a terminal."""
    step, done = Trainer._step, itertools.count(1)

    def interrupted(trainer: Trainer, *given: Any) -> tuple[float, int]:
        result = step(trainer, *given)
        if next(done) == steps:
            signal.raise_signal(how)
        return result

    monkeypatch.setattr(Trainer, "_step", interrupted)
