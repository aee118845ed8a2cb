"""What the model learns of images of no class: three digits are its classes, the seven others are not."""

from __future__ import annotations

import gzip
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageOps

from app.recognition.classifier import Classifier
from app.recognition.preprocessing import Preprocessing
from tests.conftest import DATA, TRACK_FILES
from tests.training.conftest import EPOCHS, NARROW, WEIGHTS_ALONE
from training import checkpoint
from training.__main__ import main
from training.images import read_images
from training.metrics import outputs_of
from training.tree import list_images
from training.unknown import fit_threshold, knownness, read_unknown


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits that the small tree leaves out, its writers divided in the same way."""
    folder = tmp_path_factory.mktemp("strange")
    command = ["prepare", "unipen", *map(str, TRACK_FILES), "--out", str(folder), "--test-source", "pendigits"]
    assert main([*command, "--test-fraction", "0", "--validation-source", "uqb", "--variations", "4"]) == 0
    for kept in folder.glob("*/[017]"):
        shutil.rmtree(kept)
    return folder


@pytest.fixture(scope="module")
def wary(tree: Path, strange: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained with images of no class."""
    model = tmp_path_factory.mktemp("wary") / "model.pt"
    command = ["train", str(tree), "--output", str(model), "--no-report", "--unknown", str(strange)]
    # Of ordinary width: a narrow network does not learn what is of no class from so few images.
    assert main([*command, "--epochs", "40"]) == 0
    return model


def known(model: Path, folder: Path, names: str) -> float:
    """The share of a folder's images that a model calls known."""
    classifier = Classifier.load(model)
    files = [file for name in names for file in (folder / name).iterdir()]
    answers = classifier.predict([classifier.preprocess(file.read_bytes()) for file in files])
    return sum(answer.known for answer in answers) / len(answers)


@pytest.mark.slow
def test_images_of_no_class_by_other_writers_are_not_known(wary: Path, tree: Path, strange: Path):
    assert known(wary, tree / "test", "017") >= 0.8
    # Without having learned of them, all are called known.
    assert known(wary, strange / "test", "234568") <= 0.7


def test_probabilities_are_those_of_the_classes_alone(wary: Path, tree: Path):
    model = checkpoint.load(wary)
    assert model.classes == ("0", "1", "7")
    assert model.metrics["test"]["accuracy"] >= 0.75
    classifier = Classifier.load(wary)
    image = classifier.preprocess(next((tree / "test" / "0").iterdir()).read_bytes())
    (answer,) = classifier.predict([image])
    assert list(answer.probabilities) == ["0", "1", "7"]
    assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_the_model_tells_what_it_calls_known(wary: Path):
    model = checkpoint.load(wary)
    assert model.card().known_threshold == model.known_threshold
    assert model.provenance["known"]["images of no class"] > 50
    assert 0 < model.metrics["test"]["known_share"] <= 1


@pytest.mark.slow
def test_without_images_of_no_class_the_logits_decide(trained: Path, tree: Path):
    assert checkpoint.load(trained).known_threshold is not None
    assert known(trained, tree / "test", "017") >= 0.8


def test_trainer_and_server_agree_on_what_is_known(wary: Path, strange: Path):
    model = checkpoint.load(wary)
    images = read_images(list_images(strange / "validation"), model.preprocessing)
    scores = knownness(outputs_of(model.network(), replace(images, classes=model.classes)), len(model.classes))
    assert model.known_threshold is not None
    share = (scores >= model.known_threshold).double().mean().item()
    # The server computes in 8-bit integers.
    assert known(wary, strange / "validation", "2345689") == pytest.approx(share, abs=0.05)


@pytest.mark.slow
def test_a_student_learns_what_its_teacher_does_not_know_from_the_images(
    trained: Path, tree: Path, strange: Path, tmp_path: Path
):
    student = tmp_path / "student.pt"
    command = ["train", str(tree), "--output", str(student), "--no-report", "--unknown", str(strange)]
    assert main([*command, "--teacher", str(trained), *EPOCHS]) == 0
    assert known(student, strange / "test", "234568") <= 0.7


def test_a_student_of_classes_alone_leaves_out_what_else_its_teacher_knows(wary: Path, tree: Path, tmp_path: Path):
    student = tmp_path / "student.pt"
    command = ["train", str(tree), "--output", str(student), "--teacher", str(wary), "--epochs", "1"]
    assert main([*command, *NARROW, *WEIGHTS_ALONE]) == 0
    assert not checkpoint.load(student).learned_unknown


def test_images_without_parts_are_divided(tmp_path: Path, capsys):
    for index in range(20):
        image = Image.new("L", (40, 40), 255)
        image.paste(0, (5 + index, 5, 30, 30))
        (tmp_path / "any" / "depth").mkdir(parents=True, exist_ok=True)
        image.save(tmp_path / "any" / "depth" / f"{index}.png")
    Image.new("L", (40, 40), 255).save(tmp_path / "blank.png")
    unknown = read_unknown(tmp_path, Preprocessing(), seed=0)
    assert unknown is not None
    assert (len(unknown.train), len(unknown.validation)) == (18, 2)
    assert "blank.png" in capsys.readouterr().out


@pytest.mark.parametrize("count", [None, 0, 1])
def test_a_folder_without_enough_images_is_explained(tree: Path, tmp_path: Path, capsys, count: int | None):
    folder = tmp_path / "unknown"
    if count is not None:
        folder.mkdir()
    if count:
        shutil.copy(next((tree / "test" / "0").iterdir()), folder)
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--unknown", str(folder)]) == 2
    assert f"error: --unknown {folder}" in capsys.readouterr().err


def test_threshold_weighs_both_mistakes():
    digits, others = torch.linspace(2, 10, 1000), torch.linspace(-10, 3, 1000)
    threshold = fit_threshold(digits, others)
    # A lost digit costs ten others, and there are more others than digits up to 2 alone.
    assert threshold == pytest.approx(2, abs=0.05)
    assert -10 < fit_threshold(digits, digits - 20) < 2


def test_threshold_loses_few_digits_whatever_else_it_would_catch():
    assert fit_threshold(torch.linspace(0, 10, 1000), torch.linspace(0, 0.5, 1000)) == pytest.approx(0.05, abs=0.01)


def test_threshold_on_logits_alone_keeps_nearly_all():
    scores = torch.linspace(0, 1, 1001)
    assert fit_threshold(scores, None) == pytest.approx(0.01, abs=0.002)
    assert fit_threshold(torch.tensor([5.0, 6.0, 7.0]), None) < 5


def test_letters_that_look_like_no_digit_are_drawn_with_shapes_and_several_digits(tmp_path: Path):
    tracks = gzip.decompress((DATA / "unipen.unp.gz").read_bytes()).decode("latin-1")
    letters = tmp_path / "letters.unp"
    # The tracks of 2 are to be an A, those of 3 an O.
    letters.write_text(tracks.replace('"2"', '"A"').replace('"3"', '"O"'), encoding="latin-1")
    out = tmp_path / "unknown"
    command = ["prepare", "no-digits", str(letters), "--out", str(out), "--test-source", "aga", "--test-fraction", "0"]
    assert main(command) == 0
    kinds = Counter(path.parent.name for path in out.glob("train/*/*.png"))
    assert set(kinds) == {"letters", "shapes", "several", "crossed-out"}
    assert len(list(out.glob("*/letters/*.png"))) == tracks.count('? "2"')


def test_files_of_digits_alone_are_refused(tmp_path: Path, capsys):
    assert main(["prepare", "no-digits", str(TRACK_FILES[0]), "--out", str(tmp_path)]) == 2
    assert "Add files of others" in capsys.readouterr().err


def test_where_letters_are_classes_symbols_are_drawn(tmp_path: Path):
    tracks = gzip.decompress((DATA / "unipen.unp.gz").read_bytes()).decode("latin-1")
    symbols = tmp_path / "symbols.unp"
    # The tracks of 2 are to be a dollar sign, those of 3 a letter, those of 4 what may be an l.
    symbols.write_text(tracks.replace('"2"', '"$"').replace('"3"', '"A"').replace('"4"', '"|"'), encoding="latin-1")
    out = tmp_path / "unknown"
    command = ["prepare", "no-letters", str(symbols), "--out", str(out), "--test-source", "aga", "--test-fraction", "0"]
    assert main(command) == 0
    assert {path.parent.name for path in out.glob("train/*/*.png")} == {"symbols", "shapes", "several", "crossed-out"}
    assert len(list(out.glob("*/symbols/*.png"))) == tracks.count('? "2"')
    assert not list(out.glob("*/shapes/wave-*"))


def test_where_neither_are_classes_all_are_drawn_with_another_pen(tmp_path: Path):
    out = tmp_path / "unknown"
    command = ["prepare", "no-kana", str(DATA / "unipen.unp.gz"), "--out", str(out), "--test-fraction", "0.5"]
    assert main(command) == 0
    drawn = sorted(out.glob("test/digits/*.png"))
    assert drawn

    def extent(path: Path) -> int:
        """The longer side of the ink."""
        box = ImageOps.invert(Image.open(path)).getbbox()
        assert box
        left, top, right, bottom = box
        return max(right - left, bottom - top)

    # The page's drawings fill the same share of the paper; those in another hand do not.
    assert max(map(extent, drawn)) - min(map(extent, drawn)) > 50
