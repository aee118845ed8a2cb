"""Training that ends before its time, and goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from tests.training.conftest import send_after
from training import checkpoint
from training.__main__ import main
from training.images import CACHE

# A training that takes a second, and the steps of its epochs: 145 images, by 8.
SMALL = ("--epochs", "50", "--batch-size", "8", "--widths", "8", "16")
STEPS = 18


def start(tree: Path, output: Path, *options: str, group: bool = False) -> subprocess.Popen[str]:
    """The trainer as a process of its own, with its lines as they come, those of errors too."""
    command = [sys.executable, "-u", "-m", "training", "train", str(tree), "--output", str(output), *options]
    return subprocess.Popen(
        [*command, "--no-report"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=group,
    )


def until(process: subprocess.Popen[str], beginning: str) -> None:
    """Read the process's lines up to one with this beginning."""
    assert process.stdout is not None
    assert any(line.startswith(beginning) for line in process.stdout)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("steps", [2 * STEPS, 2 * STEPS + 3])
def test_interrupted_training_keeps_the_best_so_far(
    tree: Path, tmp_path: Path, monkeypatch, capsys, how: signal.Signals, steps: int
):
    output = tmp_path / "m.pt"
    send_after(steps, how, monkeypatch)
    assert main(["train", str(tree), "--output", str(output), "--no-report", *SMALL]) == 130
    model = checkpoint.load(output)
    assert model.provenance["interrupted"] is True
    best, last = model.provenance["best epoch"], model.provenance["epochs"]
    # The signal comes before the last step of an epoch is counted, so that epoch is not done.
    assert last == (steps - 1) // STEPS
    assert f"interrupted after epoch {last}: {output} has the best so far, of epoch {best}" in capsys.readouterr().err


def test_nothing_is_written_before_a_whole_epoch(tree: Path, tmp_path: Path, monkeypatch, capsys):
    output, page = tmp_path / "m.pt", tmp_path / "m-report" / "report.html"
    page.parent.mkdir()
    for earlier in (output, page):
        earlier.write_text("an earlier training's")
    send_after(1, signal.SIGINT, monkeypatch)
    assert main(["train", str(tree), "--output", str(output), *SMALL]) == 130
    assert f"{output} is as it was" in capsys.readouterr().err
    assert [earlier.read_text() for earlier in (output, page)] == ["an earlier training's"] * 2
    assert not (tmp_path / "m.pt.unfinished").exists()


def test_an_interruption_while_reading_is_told_in_one_line(tree: Path, tmp_path: Path):
    fresh = shutil.copytree(tree, tmp_path / "data", ignore=shutil.ignore_patterns(CACHE))
    process = start(fresh, tmp_path / "m.pt", group=True)
    until(process, "reading ")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the processes that read, too
    printed, _ = process.communicate(timeout=60)
    assert "Traceback" not in printed
    assert "interrupted" in printed
    assert process.returncode == 130


@pytest.mark.slow
def test_a_second_interruption_is_told_too(tree: Path, tmp_path: Path):
    process = start(tree, tmp_path / "m.pt", "--epochs", "1000")
    until(process, "epoch 2/1000  ")
    for _ in range(4):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in printed
    assert "interrupted" in printed.splitlines()[-1]


@pytest.mark.slow
def test_resumed_training_ends_like_an_uninterrupted_one(tree: Path, tmp_path: Path):
    options = ("--epochs", "6", "--batch-size", "32", "--opt", "muon")  # two optimizers, of which one is AdamW
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    assert main(["train", str(tree), "--output", str(whole), "--no-report", *options]) == 0
    process = start(tree, parts, *options)
    until(process, "epoch 3/6  ")
    process.kill()
    process.wait(60)
    assert not parts.exists()
    assert main(["train", str(tree), "--output", str(parts), "--no-report", *options, "--resume"]) == 0
    one, other = checkpoint.load(whole), checkpoint.load(parts)
    assert all(torch.equal(one.state[key], other.state[key]) for key in one.state)
    assert one.metrics == other.metrics
    assert list(tmp_path.glob("*.unfinished")) == []


def test_resume_wants_an_unfinished_training(tree: Path, tmp_path: Path, capsys):
    arguments = ["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", "--epochs", "50", "--resume"]
    assert main(arguments) == 2
    assert "no unfinished training" in capsys.readouterr().err


@pytest.mark.slow
def test_resume_wants_the_same_teacher(trained: Path, tree: Path, tmp_path: Path, capsys):
    teacher = tmp_path / "teacher.pt"
    shutil.copy(trained, teacher)
    options = ("--epochs", "50", "--teacher", str(teacher))
    process = start(tree, tmp_path / "m.pt", *options)
    until(process, "epoch 1/50  ")
    process.kill()
    process.wait(60)
    model = checkpoint.load(teacher)
    checkpoint.save(replace(model, state={name: value * 2 for name, value in model.state.items()}), teacher)
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", *options, "--resume"]) == 2
    assert f"was started with teacher '{model.version}'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def unfinished(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a training that was interrupted."""
    output = tmp_path_factory.mktemp("unfinished") / "m.pt"
    with pytest.MonkeyPatch.context() as monkeypatch:
        send_after(STEPS + 1, signal.SIGINT, monkeypatch)
        assert main(["train", str(tree), "--output", str(output), "--no-report", *SMALL]) == 130
    return Path(f"{output}.unfinished")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--prepare", "plain"], "preprocessing 'ink', not 'plain'"),
        (["--widths", "8"], "widths [8, 16], not [8]"),
        (["--arch", "resnet-small"], "architecture 'resnet', not 'resnet-small'"),
        (["--validation-fraction", "0.3"], "validation_fraction 0.1, not 0.3"),
        (["--lr", "0.5"], "lr 0.01, not 0.5"),
    ],
)
def test_another_training_is_not_resumed(
    tree: Path, unfinished: Path, tmp_path: Path, capsys, change: list[str], words: str
):
    shutil.copy(unfinished, tmp_path)
    # An architecture of its own has no --widths.
    options = [*(SMALL[:-3] if change[0] == "--arch" else SMALL), *change]
    command = ["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", "--resume", *options]
    assert main(command) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert words in line


def test_a_training_with_changed_images_is_not_resumed(tree: Path, unfinished: Path, tmp_path: Path, capsys):
    shutil.copy(unfinished, tmp_path)
    data = shutil.copytree(tree, tmp_path / "data")
    command = ["train", str(data), "--output", str(tmp_path / "m.pt"), "--no-report", "--resume", *SMALL]
    first, second = sorted((data / "train" / "7").iterdir())[:2]
    shutil.copy(first, second)
    assert main(command) == 2
    assert "other images in train" in capsys.readouterr().err


def test_a_damaged_state_is_told_in_one_line(tree: Path, unfinished: Path, tmp_path: Path, capsys):
    state = torch.load(unfinished, weights_only=True)
    del state["state"]["optimizers"]
    torch.save(state, tmp_path / "m.pt.unfinished")
    command = ["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", "--resume", *SMALL]
    assert main(command) == 2
    assert "damaged" in capsys.readouterr().err


def test_patience_ends_the_training_and_the_best_epoch_is_kept(tree: Path, tmp_path: Path):
    options = ["--epochs", "200", "--patience", "3", "--batch-size", "32", "--validation-fraction", "0.2"]
    options += ["--widths", "8", "16", "--lr", "0.05"]
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", *options]) == 0
    provenance = checkpoint.load(tmp_path / "m.pt").provenance
    assert provenance["epochs"] == provenance["best epoch"] + 3 < 200
