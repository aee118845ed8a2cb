"""The trainer on a small real tree, as its user runs it."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from app.recognition import model_file
from app.recognition.classifier import Classifier
from app.recognition.neighbours import Neighbours
from tests.conftest import ROOT
from tests.test_deployment import free_port
from tests.training.conftest import EPOCHS, NARROW, TRAIN, WEIGHTS_ALONE
from training import checkpoint
from training.__main__ import main


def test_trained_model_reads_drawings_of_other_writers(trained: Path, tree: Path):
    model = checkpoint.load(trained)
    assert model.classes == ("0", "1", "7")
    assert model.metrics["test"]["accuracy"] >= 0.75  # chance is a third
    assert model.metrics["test"]["count"] == 36
    classifier = Classifier.load(trained)
    file = next((tree / "test" / "0").iterdir())
    assert classifier.predict([classifier.preprocess(file.read_bytes())])[0].label == "0"


@pytest.mark.slow
def test_a_student_learns_what_its_teacher_says(trained: Path, tree: Path, tmp_path: Path):
    model = checkpoint.load(trained)
    *_, weight, bias = model.state
    # This teacher takes 0 for 1 and 1 for 0; the labels say otherwise.
    swapped = {name: model.state[name][[1, 0, 2]] for name in (weight, bias)}
    teacher, student = tmp_path / "teacher.pt", tmp_path / "student.pt"
    checkpoint.save(replace(model, state={**model.state, **swapped}), teacher)
    command = ["train", str(tree), "--output", str(student), "--arch", "resnet-small", "--teacher", str(teacher)]
    # Validated by the labels, the best weights would be those that have learned least of this.
    assert main([*command, "--no-report", "--validation-fraction", "0", *EPOCHS]) == 0
    classifier = Classifier.load(student)
    for label, taught in (("0", "1"), ("1", "0"), ("7", "7")):
        images = [classifier.preprocess(file.read_bytes()) for file in (tree / "test" / label).iterdir()]
        answers = [prediction.label for prediction in classifier.predict(images)]
        assert answers.count(taught) > len(answers) / 2
    assert classifier.model.provenance["recipe"]["teacher"] == str(teacher)


def test_model_says_where_it_came_from(trained: Path):
    provenance = torch.load(trained, weights_only=True)["provenance"]
    # Of 60 in each folder; the other writers' validate.
    assert provenance["data"]["training images by class"] == {"0": 45, "1": 50, "7": 50}
    assert provenance["seed"] == 0
    assert provenance["command"].startswith("python -m training train ")
    assert "--epochs 20" in provenance["command"]
    assert provenance["versions"]["torch"] == torch.__version__


def test_a_model_keeps_training_images_to_show_unless_told_not_to(trained: Path, tree: Path, tmp_path: Path, capsys):
    record = model_file.load_inside(trained, model_file.load(trained)[0]).neighbours
    assert record
    stored = Neighbours.from_bytes(record)
    # All that it reads right: there are fewer than would be kept.
    assert 0.7 * 145 < len(stored.images) <= 145
    assert set(stored.labels) == {"0", "1", "7"}
    private = tmp_path / "private.pt"
    options = [*WEIGHTS_ALONE, *NARROW, "--epochs", "1"]
    assert main(["train", str(tree), "--output", str(private), *options]) == 0
    assert "neighbours" not in capsys.readouterr().out
    assert model_file.load_inside(private, model_file.load(private)[0]).neighbours is None


def test_same_seed_gives_the_same_weights(tree: Path, tmp_path: Path):
    models = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        arguments = ["train", str(tree), "--output", str(tmp_path / name), "--epochs", "1", "--seed", seed]
        assert main([*arguments, *WEIGHTS_ALONE]) == 0
        models.append(checkpoint.load(tmp_path / name).state)
    assert all(torch.equal(models[0][key], models[1][key]) for key in models[0])
    assert not all(torch.equal(models[0][key], models[2][key]) for key in models[0])


def test_evaluate_prints_accuracy_and_the_figures_of_each_class(trained: Path, tree: Path, capsys):
    assert main(["evaluate", str(trained), str(tree / "test")]) == 0
    printed = capsys.readouterr().out
    figures = checkpoint.load(trained).metrics["test"]
    expected = f"accuracy {figures['accuracy']:.2%} ({figures['accuracy_8_bit']:.2%} in 8-bit integers) of 36 images"
    assert expected in printed
    assert [line.split()[0] for line in printed.splitlines()[1:4]] == ["0", "1", "7"]


def test_validation_folder_is_used_and_test_images_are_not(small: Path, tmp_path: Path, capsys):
    shutil.copytree(small / "test", small / "validation")
    assert main(["train", str(small), "--output", str(tmp_path / "m.pt"), "--epochs", "1", *WEIGHTS_ALONE]) == 0
    assert "6 images to train on, 6 to validate, 6 to test" in capsys.readouterr().out


ALPHABET = ("two words", "ö", "あ", "Ω", "<b>&", "trailing.")


def test_any_alphabet_any_size_very_unequal_folders(tmp_path: Path, capsys):
    for part, count in (("train", 12), ("test", 2)):
        for number, name in enumerate(ALPHABET):
            (tmp_path / part / name).mkdir(parents=True)
            for index in range(count if number else 2 if part == "test" else 60):
                image = Image.new("RGB" if index % 2 else "L", (30 + 9 * index, 40), "white")
                ImageDraw.Draw(image).regular_polygon((20, 20, 12 + index % 3), 3 + number, fill="black")
                image.save(tmp_path / part / name / f"{index}.{'png' if index % 3 else 'jpg'}")
    command = ["train", str(tmp_path), "--output", str(tmp_path / "m.pt"), "--epochs", "2", *NARROW]
    assert main([*command, "--class-weight", "balanced"]) == 0
    assert set(checkpoint.load(tmp_path / "m.pt").classes) == set(ALPHABET)
    page = (tmp_path / "m-report" / "report.html").read_text()
    assert "あ" in page
    assert "&lt;b&gt;&amp;" in page
    assert main(["evaluate", str(tmp_path / "m.pt"), str(tmp_path / "test")]) == 0
    assert "two words" in capsys.readouterr().out


@pytest.mark.slow
def test_two_processes_train_one_model(tree: Path, tmp_path: Path):
    output = tmp_path / "m.pt"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port", str(free_port())]
    command += ["-m", "training", "train", str(tree), "--output", str(output), *TRAIN, "--epochs", "8"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 8/8") == 1
    assert checkpoint.load(output).metrics["test"]["accuracy"] >= 0.85
    assert (tmp_path / "m-report" / "report.html").exists()


def test_model_file_is_readable_by_a_server_of_another_user(trained: Path):
    assert stat.S_IMODE(trained.stat().st_mode) & 0o044


def test_the_default_network_can_be_made_narrower(small: Path, tmp_path: Path):
    sizes = []
    for name, widths in (("narrow.pt", ["--widths", "4", "6"]), ("default.pt", [])):
        arguments = ["train", str(small), "--output", str(tmp_path / name), "--epochs", "1", *widths]
        assert main([*arguments, *WEIGHTS_ALONE]) == 0
        sizes.append(checkpoint.load(tmp_path / name).parameters)
    assert sizes[0] < 2000 < sizes[1]
