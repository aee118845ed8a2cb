"""Starting from a trained model."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from app.recognition.preprocessing import Preprocessing
from tests.conftest import MODEL
from tests.training.conftest import WEIGHTS_ALONE, send_after
from training import checkpoint, metrics
from training.__main__ import main
from training.checkpoint import Checkpoint
from training.fit import Fit, Trainer
from training.images import ImageSet, read_images
from training.networks import build
from training.protocol import Options
from training.recipes import Recipe
from training.transfer import fits_head_alone, start_from, with_features
from training.tree import list_images


@pytest.fixture(scope="module")
def named(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with classes that no model knows."""
    data = tmp_path_factory.mktemp("named") / "data"
    for part in ("train", "test"):
        for name, other in zip("017", ("zero", "one", "seven"), strict=True):
            shutil.copytree(tree / part / name, data / part / other)
    return data


def test_a_new_head_reads_before_it_is_trained(named: Path):
    train, test = (read_images(list_images(named / part), Preprocessing()) for part in ("train", "test"))
    network = build("resnet", 3)
    start_from(network, checkpoint.load(MODEL), train, Recipe())
    logits = metrics.logits_of(network, test)
    assert metrics.accuracy(logits.argmax(1), test.targets) > 0.9


def test_one_image_of_each_class_is_enough_to_begin_with(named: Path):
    images = read_images(list_images(named / "train"), Preprocessing())
    first = images.subset(torch.tensor([int((images.targets == index).nonzero()[0]) for index in range(3)]))
    network = build("resnet", 3)
    start_from(network, checkpoint.load(MODEL), first, Recipe())
    assert metrics.logits_of(network, first).argmax(1).tolist() == [0, 1, 2]


def test_a_model_of_the_same_classes_is_continued(trained: Path, tree: Path):
    model = checkpoint.load(trained)
    network = build("resnet", 3, **model.arguments)
    start_from(network, model, read_images(list_images(tree / "test"), Preprocessing()), Recipe())
    assert all(torch.equal(value, model.state[name]) for name, value in network.state_dict().items())


def test_some_of_a_models_classes_keep_their_rows(trained: Path, tree: Path):
    model = checkpoint.load(trained)
    images = read_images(list_images(tree / "test"), Preprocessing())
    some = images.subset(images.targets != 1)
    some = replace(some, classes=("0", "7"), targets=some.targets.clamp(max=1))
    network = build("resnet", 2, **model.arguments)
    start_from(network, model, some, Recipe())
    *_, weight, bias = model.state
    assert torch.equal(network.state_dict()[weight], model.state[weight][[0, 2]])
    assert torch.equal(network.state_dict()[bias], model.state[bias][[0, 2]])


def test_without_epochs_a_head_for_new_classes_is_all_that_is_learned(named: Path, tmp_path: Path, capsys):
    output = tmp_path / "m.pt"
    assert main(["train", str(named), "--output", str(output), "--init", str(MODEL), *WEIGHTS_ALONE]) == 0
    assert "a head for the new classes is fitted" in capsys.readouterr().out
    source, model = checkpoint.load(MODEL), checkpoint.load(output)
    assert model.metrics["test"]["accuracy"] > 0.9
    assert model.provenance["epochs"] == 0
    body = list(model.state)[:-2]
    assert all(torch.equal(model.state[name], source.state[name]) for name in body)


def test_an_interruption_without_epochs_leaves_nothing_to_resume(named: Path, tmp_path: Path, monkeypatch, capsys):
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.train.served_network", interrupted)
    output = tmp_path / "m.pt"
    assert main(["train", str(named), "--output", str(output), "--init", str(MODEL), *WEIGHTS_ALONE]) == 130
    assert capsys.readouterr().err.strip().endswith(f"interrupted: {output} is as it was")
    assert not output.exists()


def test_a_head_for_classes_that_the_model_tells_apart_is_given_averages_and_otherwise_a_grid(named: Path):
    images = read_images(list_images(named / "train"), Preprocessing())
    model = checkpoint.load(MODEL)
    options = Options(named, named / "m.pt", model.architecture, {}, Recipe())
    assert with_features(options, model, images) == options
    # Characters that it reads alike: each digit upright and mirrored.
    mirrored = torch.cat([images.images[images.rows], images.images[images.rows].flip(3)])
    targets = torch.cat([images.targets, images.targets + 3])
    twice = ImageSet(mirrored, torch.arange(len(mirrored)), targets, [], tuple("abcdef"))
    assert with_features(options, model, twice).arguments == {"grid": True}


def test_the_head_is_fitted_to_distorted_images_too(named: Path):
    images = read_images(list_images(named / "train"), Preprocessing())
    seen: list[int] = []

    def noted(_: nn.Module, inputs: tuple[Tensor, ...], __: Tensor) -> None:
        seen.append(len(inputs[0]))

    for augment, copies in (({}, 0), ({"affine": 1.0}, 4)):
        seen.clear()
        network = build("resnet", 3)
        [*network.modules()][-1].register_forward_hook(noted)
        start_from(network, checkpoint.load(MODEL), images, Recipe(augment=augment))
        assert sum(seen) == len(images) * (1 + copies)


@pytest.mark.parametrize(
    ("classes", "count", "choices", "alone"),
    [
        (("a", "b"), 40, {}, True),
        (("0", "1"), 40, {}, False),  # known to the model
        (("a", "b"), 20_001, {}, False),
        (("a", "b"), 40, {"class_weight": "balanced"}, False),
        (("a", "b"), 40, {"teacher": "t.pt"}, False),
        (("a", "b"), 40, {"progressive_resizing": 0.5}, False),
    ],
)
def test_a_head_alone_is_for_few_images_of_new_classes(
    classes: tuple[str, ...], count: int, choices: dict[str, Any], alone: bool
):
    pixels = torch.zeros(1, 1, 28, 28, dtype=torch.uint8).expand(count, 1, 28, 28)
    images = ImageSet(pixels, torch.arange(count), torch.arange(count) % 2, [], classes)
    assert fits_head_alone(checkpoint.load(MODEL), images, Recipe(**choices)) is alone
    assert not fits_head_alone(None, images, Recipe(**choices))


def test_smaller_images_are_refused_for_a_head_that_is_given_a_grid(named: Path, tmp_path: Path, capsys):
    gridded = tmp_path / "gridded.pt"
    weights = build("resnet", 2, widths=(4, 8), grid=True).state_dict()
    checkpoint.save(Checkpoint("resnet", ("a", "b"), weights, {"widths": (4, 8), "grid": True}), gridded)
    command = ["train", str(named), "--output", str(tmp_path / "m.pt"), "--init", str(gridded)]
    assert main([*command, "--progressive-resizing", "0.5"]) == 2
    assert "takes images of one size alone" in capsys.readouterr().err


def test_training_from_a_model_needs_few_epochs(named: Path, tmp_path: Path):
    output = tmp_path / "m.pt"
    command = ["train", str(named), "--output", str(output), "--no-report", "--init", str(MODEL), "--epochs", "2"]
    assert main(command) == 0
    model = checkpoint.load(output)
    assert model.classes == ("one", "seven", "zero")
    assert model.metrics["test"]["accuracy"] > 0.9
    assert model.provenance["init"]["version"] == checkpoint.load(MODEL).version


def test_a_model_of_other_architecture_or_preprocessing_is_refused(named: Path, tmp_path: Path, capsys):
    command = ["train", str(named), "--output", str(tmp_path / "m.pt"), "--no-report", "--init", str(MODEL)]
    for options, words in ((["--widths", "4"], "another architecture"), (["--size", "20"], "--size 28")):
        assert main([*command, *options]) == 2
        assert words in capsys.readouterr().err


@pytest.mark.parametrize(("folder", "seen"), [(False, [162, 180]), (True, [180])])
def test_a_second_training_sees_the_images_held_out_to_validate_too(
    named: Path, tmp_path: Path, monkeypatch, folder: bool, seen: list[int]
):
    data = shutil.copytree(named, tmp_path / "data")
    if folder:  # that the user chose
        shutil.copytree(data / "test", data / "validation")
    trained_on = []
    fit = Trainer.fit

    def noted(trainer: Trainer, *given: Any) -> Fit:
        trained_on.append(len(trainer._train))
        return fit(trainer, *given)

    monkeypatch.setattr(Trainer, "fit", noted)
    command = ["train", str(data), "--output", str(tmp_path / "m.pt"), "--init", str(MODEL), "--epochs", "1"]
    assert main([*command, *WEIGHTS_ALONE]) == 0
    assert trained_on == seen
    model = checkpoint.load(tmp_path / "m.pt")
    assert model.provenance["data"]["images"]["train"] == seen[0]
    assert model.known_threshold is not None


def test_an_interruption_of_the_second_training_leaves_the_first_ones_model(
    named: Path, tmp_path: Path, monkeypatch, capsys
):
    output = tmp_path / "m.pt"
    send_after(18, signal.SIGINT, monkeypatch)  # 162 images by 10, and by then 180
    command = ["train", str(named), "--output", str(output), "--init", str(MODEL), "--epochs", "1"]
    assert main([*command, *WEIGHTS_ALONE]) == 130
    assert f"{output} has the best so far, of epoch 1" in capsys.readouterr().err
    assert checkpoint.load(output).provenance["interrupted"] is True
