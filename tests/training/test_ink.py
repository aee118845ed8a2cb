"""Photographs composed to train on, and the training of the network that finds ink."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from app.recognition import photographs
from tests.conftest import TRACK_FILES
from training.__main__ import main
from training.ink import train
from training.ink.compose import _written, compose
from training.ink.network import InkNetwork
from training.prepare.unipen import Character


def test_same_generator_composes_the_same_photograph(tracks: list[Character]):
    one, other = (compose(tracks[:1], 96, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(np.asarray(one.picture), np.asarray(other.picture))
    np.testing.assert_array_equal(one.ink, other.ink)


def test_ink_of_a_composed_photograph_is_where_it_differs_from_the_empty_paper(tracks: list[Character]):
    features = frozenset[str]()
    for seed in range(5):
        photograph = compose(tracks[seed : seed + 1], 128, np.random.default_rng(seed), features=features, pen="felt")
        grey = np.asarray(photograph.picture.convert("L"), float)
        written, paper = grey[photograph.ink == 255], grey[photograph.ink == 0]
        assert abs(np.median(written) - np.median(paper)) > 15


def test_strokes_thinner_than_a_pixel_are_to_be_found_broader(tracks: list[Character]):
    drawn = [_written(tracks[seed : seed + 1], 192, 1.0, True, np.random.default_rng(seed)) for seed in range(20)]
    thin = [(cover, ink) for cover, ink in drawn if ink is not cover]
    assert len(thin) >= 5
    for cover, ink in thin:
        assert ink.sum() > 1.1 * cover.sum()
        assert ink[cover > 0].all()


def test_photographs_and_print_become_a_folder_to_train_on(tmp_path: Path):
    cells = tmp_path / "cells" / "3"
    cells.mkdir(parents=True)
    for name in ("train-1.jpg", "val-1.jpg"):
        Image.new("RGB", (40, 40), "white").save(cells / name)
    command = ["prepare", "photographs", str(TRACK_FILES[0]), "--count", "6", "--printed", "4"]
    assert main([*command, "--cells", str(cells.parent), "--out", str(tmp_path / "data")]) == 0
    names = [path.name for path in (tmp_path / "data" / "train").glob("*/*.png")]
    assert sum(name.startswith("photograph-") for name in names) == 6
    assert sum(name.startswith("printed-") for name in names) == 4
    assert [name for name in names if name.startswith("cell-")] == ["cell-train-1.png"]


def test_trained_network_is_written_as_the_service_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    pictures = torch.randint(0, 255, (16, 3, 192, 192), dtype=torch.uint8)
    inks = torch.zeros(16, 1, 192, 192, dtype=torch.uint8)
    inks[:, :, 80:100, 40:150] = 255
    train.fit(pictures, inks, 1, 0, 1e-3, tmp_path / "ink.onnx", tmp_path / "ink.pt")
    network = InkNetwork().eval()
    network.load_state_dict(torch.load(tmp_path / "ink.pt", weights_only=True))
    with torch.no_grad():
        expected = network(pictures[:1].float() / 255).sigmoid()[0, 0].numpy() * 255
    monkeypatch.setattr(photographs, "_NETWORK", tmp_path / "ink.onnx")
    monkeypatch.setattr(photographs, "without_edges", lambda ink, _: ink)
    photographs._network.cache_clear()
    try:
        found = photographs.photographed_ink(Image.fromarray(pictures[0].permute(1, 2, 0).numpy()), 192)
    finally:
        photographs._network.cache_clear()
    np.testing.assert_allclose(found, expected, atol=1)


def test_folder_without_tracks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    for name in ("unipen-digits.unp.gz", "unipen-letters.unp.gz"):
        shutil.copy(TRACK_FILES[0], tmp_path / name)
    monkeypatch.setattr("sys.argv", ["train", str(tmp_path)])
    assert train.main() == 2
    assert "no tracks of the sites" in capsys.readouterr().err
