"""Dividing images: what belongs together stays together."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.conftest import NARROW, TRAIN, WEIGHTS_ALONE
from training import checkpoint
from training.__main__ import main
from training.division import Grouping, doubtful, folds, hold_out
from training.errors import TrainingError
from training.images import ImageSet
from training.material import Division, read_material
from training.recipes import Recipe


def image_set(targets: list[int], paths: list[str] | None = None) -> ImageSet:
    count, classes = len(targets), max(targets) + 1
    pixels = torch.arange(count, dtype=torch.uint8).reshape(count, 1, 1, 1).expand(count, 1, 2, 2)
    names = paths or [f"data/{index}.png" for index in range(count)]
    return ImageSet(pixels, torch.arange(count), torch.tensor(targets), names, tuple("abcdefghij"[:classes]))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=80), st.floats(0, 0.6))
def test_groups_stay_whole_and_every_class_stays(drawn: list[tuple[int, int]], fraction: float):
    images = image_set([target for target, _ in drawn])
    groups = np.array([group for _, group in drawn])
    rest, held_out = hold_out(images, fraction, 0, groups)
    assert sorted([*rest.rows.tolist(), *held_out.rows.tolist()]) == list(range(len(drawn)))
    assert not set(groups[rest.rows.numpy()]) & set(groups[held_out.rows.numpy()])
    assert set(rest.targets.tolist()) == set(images.targets.tolist())


def test_single_images_are_held_out_class_by_class():
    images = image_set([0] * 100 + [1] * 20 + [2])
    _, held_out = hold_out(images, 0.1, 0, np.arange(121))
    assert held_out.counts == {"a": 10, "b": 2, "c": 0}


def test_about_the_share_asked_for_is_held_out():
    images = image_set([index % 10 for index in range(1000)])
    groups = np.arange(1000) // 20
    _, held_out = hold_out(images, 0.1, 0, groups)
    assert len(held_out) == pytest.approx(100, abs=20)


def test_the_smallest_group_is_held_out_where_all_are_large():
    images = image_set([0, 1] * 10)
    rest, held_out = hold_out(images, 0.1, 0, np.array([0] * 8 + [1] * 12))
    assert (len(rest), len(held_out)) == (12, 8)


def test_what_prepare_recorded_keeps_writers_together(tree: Path):
    material = read_material(tree, Recipe(), Division())
    grouping = Grouping(tree)
    assert material.validation is not None
    names = [
        {images.paths[row].rsplit("/")[-1].split("-")[1] for row in images.rows.tolist()}
        for images in (material.train, material.validation)
    ]
    assert not names[0] & names[1]
    assert len(np.unique(grouping.of(material.train))) == len(names[0])
    assert "by class and writer" in str(material)


def test_a_pattern_groups_other_folders():
    paths = [f"data/train/a/{writer:02d}/{index}.png" for writer in range(5) for index in range(4)]
    groups = Grouping(Path("data"), r"/(\d\d)/").of(image_set([0, 1] * 10, paths))
    assert groups.tolist() == [writer for writer in range(5) for _ in range(4)]


def test_every_image_is_tested_on_once_in_folds():
    images = image_set([index % 3 for index in range(60)])
    for groups in (np.arange(60), np.arange(60) // 6):
        tested: Counter[int] = Counter()
        for rest, test in folds(images, 5, 0, groups):
            tested.update(test.rows.tolist())
            assert not set(groups[rest.rows.numpy()]) & set(groups[test.rows.numpy()])
        assert tested == Counter(range(60))


@pytest.mark.parametrize(("count", "groups"), [(7, np.arange(60) // 10), (5, np.arange(60) % 3)])
def test_impossible_folds_are_explained(count: int, groups: np.ndarray):
    with pytest.raises(TrainingError, match="--folds"):
        folds(image_set([index % 3 for index in range(60)]), count, 0, groups)


def test_images_in_two_parts_and_lonely_classes_are_noted():
    train, test = image_set([0, 0, 1]), image_set([0, 1, 1, 1, 1])
    (lonely, alike) = noted({"train": train, "test": test})
    assert lonely == "one image only in train: 'b'"
    assert alike.startswith("3 images are alike in train and test, such as data/")
    assert noted({"train": image_set([0, 0, 1, 1])}) == []


def noted(sets: dict[str, ImageSet]) -> list[str]:
    return doubtful(sets, sets)


def test_images_in_two_classes_are_noted():
    images = image_set([0, 0, 1, 1])
    pixels = torch.tensor([1, 2, 2, 3], dtype=torch.uint8).reshape(4, 1, 1, 1)
    (alike,) = noted({"train": replace(images, images=pixels)})
    assert alike.startswith("the same image is in two classes of train, such as data/1.png and data/2.png (1 pair)")


@pytest.fixture
def copied(tree: Path, tmp_path: Path) -> Path:
    """Two classes of five files, each of them the same image."""
    for name in ("0", "7"):
        image = next((tree / "train" / name).iterdir())
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(5):
            shutil.copy(image, tmp_path / "mine" / name / f"{number}.png")
    return tmp_path / "mine"


@pytest.mark.parametrize(
    ("division", "pair"), [(Division(), "train and test"), (Division(folds=5), "fold 1 and fold 2")]
)
def test_copies_that_the_trainer_has_divided_are_noted(copied: Path, division: Division, pair: str):
    remarks = read_material(copied, Recipe(), division).remarks
    assert any(remark.startswith(f"2 images are alike in {pair}, such as") for remark in remarks)


def test_too_few_images_to_validate_are_noted(copied: Path):
    assert "not calibrated" in str(read_material(copied, Recipe(), Division()))
    assert "not calibrated" not in str(read_material(copied, Recipe(validation_fraction=0.3), Division()))


def test_more_folds_than_images_of_any_class_are_explained():
    with pytest.raises(TrainingError, match="the largest class has 3 images"):
        folds(image_set([0, 0, 0, 1, 1]), 4, 0, np.arange(5))


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of class folders, without parts."""
    data = tmp_path_factory.mktemp("whole") / "mine"
    for part in ("train", "test"):
        shutil.copytree(tree / part, data, dirs_exist_ok=True)
    shutil.copy(tree / "sources.json", data)
    return data


def test_a_folder_of_class_folders_is_enough(whole: Path, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(whole), *WEIGHTS_ALONE, *TRAIN]) == 0
    printed = capsys.readouterr().out
    assert "test and validation drawn by class and writer, as prepared, with seed 0" in printed
    figures = checkpoint.load(tmp_path / "mine.pt").metrics["test"]
    assert figures["count"] == pytest.approx(43, abs=15)
    assert figures["accuracy"] > 0.6
    assert "95 % interval" in printed


@pytest.mark.slow
def test_cross_validation_tests_every_image_once(whole: Path, tmp_path: Path, capsys):
    output = tmp_path / "m.pt"
    command = ["train", str(whole), "--output", str(output), "--folds", "3", "--epochs", "6", "--batch-size", "16"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert [line.split(":")[0] for line in printed.splitlines() if line.startswith("fold ")] == [
        f"fold {number} of 3" for number in (1, 2, 3)
    ]
    figures = checkpoint.load(output).metrics["test"]
    assert figures["count"] == 216
    assert len(figures["folds"]) == 3
    assert "cross-validated in 3 folds" in printed
    assert sum(map(sum, json.loads((tmp_path / "m-report" / "history.json").read_text())["confusion"])) == 216


def test_folds_of_a_divided_folder_are_refused(tree: Path, tmp_path: Path, capsys):
    assert main(["train", str(tree), "--output", str(tmp_path / "m.pt"), "--folds", "3"]) == 2
    assert "divided already" in capsys.readouterr().err


def test_nothing_that_exists_is_overwritten_without_being_named(small: Path, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for expected in ("data.pt", "data-2.pt", "data-3.pt"):
        assert main(["train", str(small), "--epochs", "1", *NARROW, *WEIGHTS_ALONE]) == 0
        assert f"wrote {expected}" in capsys.readouterr().out
    assert main(["train", str(small), "--epochs", "1", "--no-report", "--resume"]) == 2
    assert "no unfinished training" in capsys.readouterr().err
    (tmp_path / "data-2.pt.unfinished").write_bytes(b"")
    assert main(["train", str(small), "--epochs", "1", "--no-report", "--resume"]) == 2
    assert "data-2.pt.unfinished: damaged" in capsys.readouterr().err
