"""Trees and options that cannot be trained on: told in one line, or gone on without."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import MODEL, ROOT, encode
from tests.training.conftest import WEIGHTS_ALONE
from training import checkpoint
from training.__main__ import main
from training.tree import list_images


def broken(case: str, data: Path) -> tuple[list[str], Path]:
    """Damage a tree; the arguments to train with, and the path that the message must name."""
    output = data.parent / "model.pt"
    if case == "no such folder":
        return [str(data / "nowhere")], data / "nowhere"
    if case == "one class":
        for folder in data.glob("t*/[01]"):
            shutil.rmtree(folder)
        return [str(data)], Path("'7'")
    if case == "no such device":
        return [str(data), "--device", "cuda:7"], Path("--device cuda:7")
    if case == "no such augmentation":
        return [str(data), "--augment", "stroke", "affine=x"], Path("affine=x")
    if case == "no regular expression":
        return [str(data), "--group-by", "("], Path("--group-by (")
    if case == "no group in any path":
        return [str(data), "--group-by", "writer"], Path("--group-by writer")
    if case == "no test folder":
        shutil.rmtree(data / "test")
        return [str(data)], data
    if case == "no train folder":
        shutil.rmtree(data / "train")
        return [str(data)], data
    if case == "no class folders":
        shutil.rmtree(data / "train")
        (data / "train").mkdir()
        return [str(data)], data / "train"
    if case == "empty class":
        (data / "train" / "8").mkdir()
        return [str(data)], data / "train" / "8"
    if case == "class only in train":
        shutil.copytree(data / "train" / "7", data / "train" / "8")
        return [str(data)], data / "test"
    if case == "class only in test":
        shutil.copytree(data / "test" / "7", data / "test" / "8")
        return [str(data)], data / "train"
    if case == "no image":
        (data / "train" / "7" / "notes.png").write_text("hello")
        return [str(data)], data / "train" / "7" / "notes.png"
    if case == "blank image":
        Image.new("L", (28, 28)).save(data / "test" / "7" / "blank.png")
        return [str(data)], data / "test" / "7" / "blank.png"
    if case == "output is a folder":
        output.mkdir()
        return [str(data), "--output", str(output)], output
    assert case == "output cannot be written"
    return [str(data), "--output", str(data / "no" / "such" / "model.pt")], data / "no" / "such" / "model.pt"


@pytest.mark.parametrize(
    "case",
    [
        "no such folder",
        "one class",
        "no such device",
        "no such augmentation",
        "no regular expression",
        "no group in any path",
        "no test folder",
        "no train folder",
        "no class folders",
        "empty class",
        "class only in train",
        "class only in test",
        "no image",
        "blank image",
        "output is a folder",
        "output cannot be written",
    ],
)
def test_bad_input_is_told_in_one_line_with_status_2(case: str, small: Path, capsys):
    arguments, named = broken(case, small)
    assert main(["train", "--output", str(small.parent / "other.pt"), *arguments]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert str(named) in line


@pytest.mark.parametrize(
    "option",
    [
        ("--folds", "1"),
        ("--lr", "-1"),
        ("--lr", "nan"),
        ("--weight-decay", "inf"),
        ("--patience", "-1"),
        ("--seed", "-1"),
        ("--size", "0"),
        ("--epochs", "many"),
        ("--test-fraction", "1"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(option: tuple[str, str], small: Path, tmp_path: Path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", str(small), "--output", str(tmp_path / "model.pt"), *option])
    assert stopped.value.code == 2
    assert f"error: argument {option[0]}: " in capsys.readouterr().err


def test_a_training_that_diverges_ends_in_one_line(small: Path, tmp_path: Path, capsys):
    command = ["train", str(small), "--output", str(tmp_path / "model.pt"), "--epochs", "3", *WEIGHTS_ALONE]
    assert main([*command, "--lr", "1e30", "--lr-warmup-epochs", "0"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "diverged" in line
    assert list(tmp_path.glob("model.pt*")) == []


def test_a_full_disk_is_told_in_one_line(small: Path, tmp_path: Path, capsys):
    output = tmp_path / "m.pt"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # To a program a file that may not grow is as a disk that is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        assert main(["train", str(small), "--output", str(output), "--epochs", "1", *WEIGHTS_ALONE]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {output}.unfinished: cannot be written (")
    assert list(tmp_path.glob("*m.pt*")) == []


def test_a_full_disk_for_temporary_files_is_told_in_one_line(small: Path, tmp_path: Path, capsys):
    output = tmp_path / "m.pt"
    for folder in list(small.glob("*/*/")):
        folder.rename(f"{folder} by another name")  # a head for new classes has no state to write before
    command = ["train", str(small), "--init", str(MODEL.parent / "models" / "letters.pt"), "--output", str(output)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        assert main([*command, "--no-report"]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: a file, perhaps in ")
    assert not output.exists()


def test_a_report_that_cannot_be_written_is_told_in_one_line(small: Path, tmp_path: Path, capsys):
    (tmp_path / "report").write_text("a file")
    command = ["train", str(small), "--output", str(tmp_path / "m.pt"), "--report", str(tmp_path / "report")]
    assert main([*command, "--epochs", "1", "--no-quantise"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {tmp_path / 'report'}: File exists. Make room there")


def test_the_folder_above_the_class_folders_is_explained(small: Path, tmp_path: Path, capsys):
    above = tmp_path / "above"
    above.mkdir()
    (small / "train").rename(above / "symbols")
    assert main(["train", str(above), "--output", str(tmp_path / "m.pt")]) == 2
    assert "the only class is 'symbols'" in (error := capsys.readouterr().err)
    assert "name that folder" in error


def test_messages_are_about_folders(small: Path, capsys):
    path = small / "train" / "7" / "notes.png"
    path.write_text("hello")
    assert main(["train", str(small), "--output", str(small.parent / "m.pt")]) == 2
    error = capsys.readouterr().err
    assert f"{path}: This is not an image that can be read. Replace or remove it" in error
    assert "Send" not in error


def test_unreadable_files_can_be_skipped_and_are_counted(small: Path, tmp_path: Path, capsys):
    (small / "train" / "7" / "notes.txt").write_text("hello")
    (small / "test" / "7" / "broken.png").write_bytes(encode(Image.effect_noise((30, 30), 9))[:200])
    arguments = ["train", str(small), "--output", str(tmp_path / "m.pt"), "--epochs", "1", *WEIGHTS_ALONE]
    assert main([*arguments, "--skip-unreadable"]) == 0
    assert "skipped 2 unreadable files" in capsys.readouterr().out
    assert checkpoint.load(tmp_path / "m.pt").metrics["test"]["count"] == 6


def test_files_of_the_system_are_no_images(small: Path):
    before = list_images(small / "train")
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
        (small / "train" / "7" / name).write_text("none")
    (small / "train" / "__MACOSX").mkdir()
    assert list_images(small / "train") == before


def test_folders_may_be_called_training_and_testing(small: Path, tmp_path: Path):
    (small / "train").rename(small / "training")
    (small / "test").rename(small / "testing")
    assert main(["train", str(small), "--output", str(tmp_path / "m.pt"), "--epochs", "1", *WEIGHTS_ALONE]) == 0


def test_evaluate_on_a_folder_with_an_unknown_class(trained: Path, small: Path, capsys):
    (small / "test" / "0").rename(small / "test" / "zero")
    assert main(["evaluate", str(trained), str(small / "test")]) == 2
    assert "'zero'" in capsys.readouterr().err


@pytest.mark.parametrize("weight", ["8=2", "=2", "7", "7=heavy"])
def test_bad_class_weights_are_explained(tree: Path, tmp_path: Path, capsys, weight: str):
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--class-weight", weight]) == 2
    assert weight.split("=")[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["--arch", "mlp", "--widths", "4"], "--widths: mlp has"),
        (["--arch", "mlp", "--blocks", "1"], "--blocks: mlp has"),
        (["--blocks", "0", "1"], "--blocks: give one number for each of the 3 stages"),
        (["--widths", "4", "--blocks", "0", "1"], "--blocks: give one number for each of the 1 stages"),
    ],
)
def test_networks_that_cannot_be_built_are_explained(
    small: Path, tmp_path: Path, capsys, given: list[str], reason: str
):
    assert main(["train", str(small), "--output", str(tmp_path / "m.pt"), *given]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("teacher", "reason"),
    [("nowhere.pt", "no such model file"), (str(MODEL), "its classes are not those of the folder")],
)
def test_teachers_that_cannot_teach_are_explained(small: Path, tmp_path: Path, capsys, teacher: str, reason: str):
    command = ["train", str(small), "--output", str(tmp_path / "model.pt"), "--no-report", "--teacher", teacher]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert teacher in error
    assert reason in error


@pytest.mark.parametrize("missing", ["torch", "tqdm"])
def test_help_without_the_trainers_dependencies_is_one_line(missing: str, tmp_path: Path):
    blocked = tmp_path / missing
    blocked.mkdir()
    (blocked / "__init__.py").write_text(f"raise ModuleNotFoundError('no', name='{missing}')")
    done = subprocess.run(
        [sys.executable, "-m", "training", "train", "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: {missing} is not installed. Install what the trainer needs: make trainer"
    ]
