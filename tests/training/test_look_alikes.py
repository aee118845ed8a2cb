from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.recognition import model_file
from tests.training.conftest import NARROW
from training import checkpoint, look_alikes
from training.__main__ import main
from training.errors import TrainingError


@pytest.fixture(scope="module")
def lenient(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model to which 1 and 7 are look-alikes."""
    model = tmp_path_factory.mktemp("lenient") / "model.pt"
    command = ["train", str(tree), "--output", str(model), "--no-report", "--look-alikes", "17", *NARROW]
    command += ["--epochs", "4", "--batch-size", "16"]
    assert main(command) == 0
    return model


def test_the_model_has_its_look_alikes_for_both_sides(lenient: Path):
    assert checkpoint.load(lenient).look_alikes == (("1", "7"),)
    card, _ = model_file.load(lenient)
    assert card.look_alikes == (("1", "7"),)


def test_a_model_without_look_alikes_is_read(trained: Path):
    assert checkpoint.load(trained).look_alikes == ()
    assert "accuracy_merged" not in checkpoint.load(trained).metrics["test"]


def test_merged_accuracy_forgives_look_alikes_alone(lenient: Path):
    figures = checkpoint.load(lenient).metrics["test"]
    assert figures["accuracy"] <= figures["accuracy_merged"] <= 1
    classes = ("0", "1", "7", "o")
    groups = (("0", "o"), ("1", "7"))
    assert look_alikes.merged(torch.tensor([0, 1, 2, 3]), groups, classes).tolist() == [0, 1, 1, 0]


def test_names_of_several_characters_are_joined_by_commas():
    assert look_alikes.parse(["0Oo", "one,ell"]) == (("0", "O", "o"), ("one", "ell"))


@pytest.mark.parametrize(
    ("given", "reason"), [(["0"], "only one class"), (["00"], "named twice"), (["0O", "Oo"], "named twice")]
)
def test_groups_that_are_none_are_explained(given: list[str], reason: str):
    with pytest.raises(TrainingError, match=reason):
        look_alikes.parse(given)


def test_a_look_alike_that_is_no_class_is_refused_before_training(tree: Path, tmp_path: Path, capsys):
    command = ["train", str(tree), "--output", str(tmp_path / "m.pt"), "--look-alikes", "0Q"]
    assert main(command) == 2
    assert "Q is not a class. The classes are 0, 1, 7." in capsys.readouterr().err
