"""Training that ends before its time, and goes on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from training import checkpoint
from training.__main__ import main


def start(tree: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    """The trainer as a process of its own, with its lines as they come."""
    command = [sys.executable, "-u", "-m", "training", "train", str(tree), "--output", str(output), "--no-report"]
    return subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def until(process: subprocess.Popen[str], beginning: str) -> None:
    """Read the process's lines up to one with this beginning."""
    assert process.stdout is not None
    assert any(line.startswith(beginning) for line in process.stdout)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_training_keeps_the_best_so_far(tree: Path, tmp_path: Path, how: signal.Signals):
    output = tmp_path / "m.pt"
    process = start(tree, output, "--epochs", "1000")
    until(process, "epoch 2/")
    process.send_signal(how)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "interrupted: keeping the best so far" in printed
    assert str(output) in printed
    model = checkpoint.load(output)
    assert model.provenance["interrupted"] is True
    assert 2 <= model.provenance["epochs"] < 1000


def test_resumed_training_ends_like_an_uninterrupted_one(tree: Path, tmp_path: Path):
    options = ("--epochs", "6", "--batch-size", "32")
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    assert main(["train", str(tree), "--output", str(whole), "--no-report", *options]) == 0
    process = start(tree, parts, *options)
    until(process, "epoch 3/")
    process.kill()
    process.wait(60)
    assert not parts.exists()
    assert main(["train", str(tree), "--output", str(parts), "--no-report", *options, "--resume"]) == 0
    one, other = checkpoint.load(whole), checkpoint.load(parts)
    assert all(torch.equal(one.state[key], other.state[key]) for key in one.state)
    assert one.metrics == other.metrics
    assert list(tmp_path.glob("*.unfinished")) == []


def test_resume_wants_the_same_training(tree: Path, tmp_path: Path, capsys):
    arguments = ["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", "--epochs", "50", "--resume"]
    assert main(arguments) == 2
    assert "no unfinished training" in capsys.readouterr().err
    process = start(tree, tmp_path / "m.pt", "--epochs", "50")
    until(process, "epoch 1/")
    process.kill()
    process.wait(60)
    assert main([*arguments, "--lr", "0.5"]) == 2
    assert "was begun with lr 0.01, not 0.5" in capsys.readouterr().err


def test_resume_wants_the_same_teacher(trained: Path, tree: Path, tmp_path: Path, capsys):
    teacher = tmp_path / "teacher.pt"
    shutil.copy(trained, teacher)
    options = ("--epochs", "50", "--teacher", str(teacher))
    process = start(tree, tmp_path / "m.pt", *options)
    until(process, "epoch 1/")
    process.kill()
    process.wait(60)
    model = checkpoint.load(teacher)
    checkpoint.save(replace(model, state={name: value * 2 for name, value in model.state.items()}), teacher)
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", *options, "--resume"]) == 2
    assert f"was begun with teacher '{model.version}'" in capsys.readouterr().err


def test_a_training_begun_before_there_were_teachers_goes_on(tree: Path, tmp_path: Path):
    options = ("--epochs", "4", "--batch-size", "32")
    process = start(tree, tmp_path / "m.pt", *options)
    until(process, "epoch 1/")
    process.kill()
    process.wait(60)
    unfinished = tmp_path / "m.pt.unfinished"
    state = torch.load(unfinished, weights_only=True)
    del state["conditions"]["teacher"]
    torch.save(state, unfinished)
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", *options, "--resume"]) == 0


def test_patience_ends_the_training_and_the_best_epoch_is_kept(tree: Path, tmp_path: Path):
    options = ["--epochs", "200", "--patience", "3", "--batch-size", "32", "--validation-fraction", "0.2"]
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", *options]) == 0
    provenance = checkpoint.load(tmp_path / "m.pt").provenance
    assert provenance["epochs"] == provenance["best epoch"] + 3 < 200
