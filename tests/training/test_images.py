from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from app.recognition.preprocessing import Preprocessing
from training import images
from training.fingerprint import code_digest, imported
from training.images import CACHE, ImageSet, read_images
from training.tree import list_images

INK = Preprocessing("ink")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three bars each, of different lengths."""
    for name in ("a", "b"):
        (tmp_path / "train" / name).mkdir(parents=True)
        for length in (5, 10, 15):
            bar = Image.new("L", (40, 40), 255)
            bar.paste(0, (10, 10, 10 + length, 30))
            bar.save(tmp_path / "train" / name / f"{length}.png")
    return tmp_path / "train"


def read(folder: Path, preprocessing: Preprocessing = INK) -> ImageSet:
    return read_images(list_images(folder), preprocessing, cache=folder.parent / CACHE)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of images prepared, one entry for each time that a listing is read from its files."""
    calls: list[int] = []
    prepare_all = images._preprocess_all

    def counted(array, listing, preprocessing):
        calls.append(len(array))
        return prepare_all(array, listing, preprocessing)

    monkeypatch.setattr(images, "_preprocess_all", counted)
    return calls


def test_images_are_those_that_the_server_would_see(folder: Path):
    found = read(folder)
    assert found.classes == ("a", "b")
    assert found.targets.tolist() == [0, 0, 0, 1, 1, 1]
    for row, path in enumerate(found.paths):
        np.testing.assert_array_equal(found.images[row, 0].numpy(), INK(Image.open(path)))


def test_second_reading_comes_from_the_cache(folder: Path, prepared: list[int]):
    first, second = read(folder), read(folder)
    assert prepared == [6]
    assert first.images.equal(second.images)


def change_contents(folder: Path) -> None:
    Image.new("L", (9, 9), 255).save(folder / "a" / "5.png")
    mark = Image.open(folder / "a" / "10.png")
    mark.transpose(Image.Transpose.ROTATE_90).save(folder / "a" / "5.png")


def change_time(folder: Path) -> None:
    os.utime(folder / "a" / "5.png", ns=(1, 1))


def add(folder: Path) -> None:
    Image.open(folder / "a" / "5.png").save(folder / "a" / "6.png")


def remove(folder: Path) -> None:
    (folder / "a" / "5.png").unlink()


def rename(folder: Path) -> None:
    (folder / "a" / "5.png").rename(folder / "a" / "6.png")


def move_to_another_class(folder: Path) -> None:
    (folder / "a" / "5.png").rename(folder / "b" / "6.png")


@pytest.mark.parametrize("change", [change_contents, change_time, add, remove, rename, move_to_another_class])
def test_cache_is_never_stale(folder: Path, prepared: list[int], change):
    read(folder)
    change(folder)
    found = read(folder)
    assert len(prepared) == 2
    for row, path in enumerate(found.paths):
        np.testing.assert_array_equal(found.images[row, 0].numpy(), INK(Image.open(path)))


def test_cache_is_by_preparation_and_does_not_pile_up(folder: Path, prepared: list[int]):
    read(folder)
    read(folder, Preprocessing("plain"))
    change_time(folder)
    read(folder)
    assert len(prepared) == 3
    assert len(list((folder.parent / CACHE).glob("*.npy"))) == 2


def truncate(folder: Path, ending: str) -> None:
    (file,) = (folder.parent / CACHE).glob(f"*{ending}")
    file.write_bytes(file.read_bytes()[:-40] if ending == ".npy" else b"")


@pytest.mark.parametrize("ending", [".npy", ".json"])
def test_truncated_cache_is_made_again(folder: Path, prepared: list[int], ending: str):
    first = read(folder)
    truncate(folder, ending)
    assert read(folder).images.equal(first.images)
    assert prepared == [6, 6]


def test_cache_is_by_the_code_that_prepares(folder: Path, prepared: list[int], monkeypatch: pytest.MonkeyPatch):
    read(folder)
    monkeypatch.setattr(images, "code_digest", lambda: "another version")
    read(folder)
    assert prepared == [6, 6]


def test_code_that_prepares_is_found_by_its_imports():
    sources, libraries = imported(("app.recognition.decoding", "app.recognition.preprocessing"))
    assert {"app.recognition.decoding", "app.recognition.preprocessing", "app.recognition.image_limits"} <= set(sources)
    assert {"numpy", "PIL"} <= libraries
    assert not libraries & {"app", "io", "math", "__future__"}
    loaded = {name for name in sys.modules if name.startswith("app.recognition.")}
    assert set(sources) <= loaded


def test_digest_changes_with_a_library(monkeypatch: pytest.MonkeyPatch):
    code_digest.cache_clear()
    before = code_digest()
    monkeypatch.setattr("PIL.__version__", "0.1")
    code_digest.cache_clear()
    assert code_digest() != before
    monkeypatch.undo()
    code_digest.cache_clear()
    assert code_digest() == before


def test_fingerprint_changes_with_any_pixel_or_target(folder: Path):
    found = read(folder)
    before = found.fingerprint
    assert read(folder).fingerprint == before
    assert replace(found, targets=found.targets.flip(0)).fingerprint != before
    assert found.subset(torch.arange(5)).fingerprint != before
    found.images[3, 0, 10, 10] += 1
    assert found.fingerprint != before


def test_tree_that_cannot_be_written_to_is_read_all_the_same(folder: Path, prepared: list[int]):
    (folder.parent / CACHE).write_text("in the way")
    assert len(read(folder)) == 6
    assert len(read(folder)) == 6
    assert prepared == [6, 6]


def test_cache_is_a_file_mapped_into_memory_and_never_written_through(folder: Path):
    found = read(folder)
    found.images.zero_()
    assert read(folder).images.any()


def test_subsets_select_images_and_targets_together(folder: Path):
    found = read(folder)
    some = found.subset(found.targets == 1).subset(slice(1, 3))  # type: ignore[arg-type]
    ((batch, targets),) = some.batches(10)
    assert targets.tolist() == [1, 1]
    assert batch.equal(found.images[4:6])
    assert some.counts == {"a": 0, "b": 2}
