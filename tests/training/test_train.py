"""The trainer on a small real tree, as its user runs it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from app.recognition import checkpoint
from app.recognition.classifier import Classifier
from app.recognition.imaging import Preparation
from tests.conftest import ROOT, TRACK_FILES, encode
from tests.test_deployment import free_port
from training.__main__ import main
from training.images import read_images
from training.metrics import logits_of
from training.parts import class_weights
from training.recipes import Recipe
from training.tree import list_images


@pytest.fixture(scope="module")
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


TRAIN = ("--epochs", "20", "--batch-size", "16")


@pytest.fixture(scope="module")
def trained(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tmp_path_factory.mktemp("trained") / "model.pt"
    assert main(["train", str(tree), "--output", str(model), *TRAIN]) == 0
    return model


def test_trained_model_reads_drawings_of_other_writers(trained: Path, tree: Path):
    model = checkpoint.load(trained)
    assert model.classes == ("0", "1", "7")
    assert model.metrics["test"]["accuracy"] >= 0.9
    assert model.metrics["test"]["count"] == 36
    classifier = Classifier(model)
    file = next((tree / "test" / "0").iterdir())
    assert classifier.predict([classifier.prepare(file.read_bytes())])[0].label == "0"


def test_model_says_where_it_came_from(trained: Path):
    provenance = torch.load(trained, weights_only=True)["provenance"]
    assert provenance["data"]["training images by class"] == {"0": 60, "1": 60, "7": 60}
    assert provenance["seed"] == 0
    assert provenance["command"].startswith("python -m training train ")
    assert "--epochs 20" in provenance["command"]
    assert provenance["versions"]["torch"] == torch.__version__


def test_same_seed_gives_the_same_weights(tree: Path, tmp_path: Path):
    models = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        arguments = ["train", str(tree), "--output", str(tmp_path / name), "--epochs", "1", "--seed", seed]
        assert main(arguments) == 0
        models.append(checkpoint.load(tmp_path / name).state)
    assert all(torch.equal(models[0][key], models[1][key]) for key in models[0])
    assert not all(torch.equal(models[0][key], models[2][key]) for key in models[0])


def test_evaluate_prints_accuracy_and_the_figures_of_each_class(trained: Path, tree: Path, capsys):
    assert main(["evaluate", str(trained), str(tree / "test")]) == 0
    printed = capsys.readouterr().out
    accuracy = checkpoint.load(trained).metrics["test"]["accuracy"]
    assert f"accuracy {accuracy:.2%} of 36 images" in printed
    assert [line.split()[0] for line in printed.splitlines()[1:4]] == ["0", "1", "7"]


def test_evaluate_on_a_folder_with_an_unknown_class(trained: Path, small: Path, capsys):
    (small / "test" / "0").rename(small / "test" / "zero")
    assert main(["evaluate", str(trained), str(small / "test")]) == 2
    assert "'zero'" in capsys.readouterr().err


def broken(case: str, data: Path) -> tuple[list[str], Path]:
    """Damage a tree; the arguments to train with, and the path that the message must name."""
    output = data.parent / "model.pt"
    if case == "no such folder":
        return [str(data / "nowhere")], data / "nowhere"
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


def test_unreadable_files_can_be_skipped_and_are_counted(small: Path, tmp_path: Path, capsys):
    (small / "train" / "7" / "notes.txt").write_text("hello")
    (small / "test" / "7" / "broken.png").write_bytes(encode(Image.effect_noise((30, 30), 9))[:200])
    arguments = ["train", str(small), "--output", str(tmp_path / "m.pt"), "--epochs", "1"]
    assert main([*arguments, "--skip-unreadable"]) == 0
    assert "skipped 2 unreadable files" in capsys.readouterr().out
    assert checkpoint.load(tmp_path / "m.pt").metrics["test"]["count"] == 6


def test_folders_may_be_called_training_and_testing(small: Path, tmp_path: Path):
    (small / "train").rename(small / "training")
    (small / "test").rename(small / "testing")
    assert main(["train", str(small), "--output", str(tmp_path / "m.pt"), "--epochs", "1"]) == 0


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


def test_patience_ends_the_training_and_the_best_epoch_is_kept(tree: Path, tmp_path: Path):
    options = ["--epochs", "200", "--patience", "3", "--batch-size", "32", "--validation-fraction", "0.2"]
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", *options]) == 0
    provenance = checkpoint.load(tmp_path / "m.pt").provenance
    assert provenance["epochs"] == provenance["best epoch"] + 3 < 200


def test_class_weights_shift_the_answers(tree: Path, tmp_path: Path):
    shares = []
    for name, weights in (("few", ["7=0.02"]), ("many", ["7=50", "0=1"])):
        options = [item for weight in weights for item in ("--class-weight", weight)]
        command = ["train", str(tree), "--output", str(tmp_path / name), "--epochs", "1", "--batch-size", "16"]
        assert main([*command, "--no-report", "--model-ema-decay", "0", *options]) == 0
        images = read_images(list_images(tree / "test"), Preparation())
        logits = logits_of(checkpoint.load(tmp_path / name).network(), images)
        shares.append((logits.argmax(1) == 2).float().mean())
    assert shares[0] < shares[1]


def test_balanced_weights_make_every_class_count_the_same(tree: Path):
    images = read_images(list_images(tree / "train"), Preparation())
    uneven = images.subset(torch.cat([torch.arange(0, 60), torch.arange(60, 75), torch.arange(120, 125)]))
    weights = class_weights(Recipe(class_weight="balanced"), uneven)
    assert weights is not None
    assert (weights * torch.tensor([60, 15, 5])).tolist() == pytest.approx([80 / 3] * 3)


@pytest.mark.parametrize("weight", ["8=2", "=2", "7", "7=heavy"])
def test_bad_class_weights_are_explained(tree: Path, tmp_path: Path, capsys, weight: str):
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--class-weight", weight]) == 2
    assert weight.split("=")[0] in capsys.readouterr().err


def test_validation_folder_is_used_and_test_images_are_not(small: Path, tmp_path: Path, capsys):
    shutil.copytree(small / "test", small / "validation")
    assert main(["train", str(small), "--output", str(tmp_path / "m.pt"), "--epochs", "1"]) == 0
    assert "6 images to train on, 6 to validate, 6 to test" in capsys.readouterr().out


def test_report_shows_the_training(trained: Path):
    folder = trained.parent / "model-report"
    page = (folder / "report.html").read_text()
    history = json.loads((folder / "history.json").read_text())
    assert history["classes"] == ["0", "1", "7"]
    assert len(history["epochs"]) == 20
    assert {"loss", "accuracy", "auc"} <= set(history["epochs"][-1]["validation"])
    assert sum(map(sum, history["confusion"])) == history["test"]["count"] == 36
    for words in ("Learning curves", "Confusions", "What there was to learn from", "<svg", "data:image/png"):
        assert words in page
    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []


ALPHABET = ("two words", "ö", "あ", "Ω", "<b>&", "trailing.")


def test_any_alphabet_any_size_very_unequal_folders(tmp_path: Path, capsys):
    for part, count in (("train", 12), ("test", 2)):
        for number, name in enumerate(ALPHABET):
            (tmp_path / part / name).mkdir(parents=True)
            for index in range(count if number else 2 if part == "test" else 60):
                image = Image.new("RGB" if index % 2 else "L", (30 + 9 * index, 40), "white")
                ImageDraw.Draw(image).regular_polygon((20, 20, 12 + index % 3), 3 + number, fill="black")
                image.save(tmp_path / part / name / f"{index}.{'png' if index % 3 else 'jpg'}")
    command = ["train", str(tmp_path), "--output", str(tmp_path / "m.pt"), "--epochs", "15", "--batch-size", "16"]
    assert main([*command, "--class-weight", "balanced"]) == 0
    assert set(checkpoint.load(tmp_path / "m.pt").classes) == set(ALPHABET)
    page = (tmp_path / "m-report" / "report.html").read_text()
    assert "あ" in page
    assert "&lt;b&gt;&amp;" in page
    assert main(["evaluate", str(tmp_path / "m.pt"), str(tmp_path / "test")]) == 0
    assert "two words" in capsys.readouterr().out


def test_two_processes_train_one_model(tree: Path, tmp_path: Path):
    output = tmp_path / "m.pt"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port", str(free_port())]
    command += ["-m", "training", "train", str(tree), "--output", str(output), *TRAIN]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 20/20") == 1
    assert checkpoint.load(output).metrics["test"]["accuracy"] >= 0.85
    assert (tmp_path / "m-report" / "report.html").exists()


def test_model_file_is_readable_by_a_server_of_another_user(trained: Path):
    assert stat.S_IMODE(trained.stat().st_mode) & 0o044
