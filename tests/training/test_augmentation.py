from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from training.augmentation import AUGMENTATIONS, augmenter


@pytest.fixture
def images() -> Tensor:
    """A bar and a dot, off the edges, so that every distortion shows."""
    batch = torch.zeros(200, 1, 28, 28)
    batch[:, :, 8:20, 10:14] = 1
    batch[:, :, 9:12, 17:19] = 1
    return batch


def augmented(name: str, images: Tensor, seed: int = 0) -> Tensor:
    return augmenter({name: 1.0})(images, Generator().manual_seed(seed))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_changes_images_within_their_range_and_repeats_with_its_seed(name: str, images: Tensor):
    result = augmented(name, images)
    assert result.shape == images.shape
    assert result.min() >= 0
    assert result.max() <= 1 + 1e-6
    changed = (result - images).abs().flatten(1).amax(1) > 1e-3
    assert 0.3 < changed.float().mean() <= 1
    assert torch.equal(result, augmented(name, images))
    assert not torch.equal(result, augmented(name, images, seed=1))


def test_without_any_the_images_stay(images: Tensor):
    assert torch.equal(augmenter({})(images, Generator()), images)


def test_unknown_names_are_refused():
    with pytest.raises(KeyError, match="sepia"):
        augmenter({"affine": 1.0, "sepia": 1.0})


def test_shift_moves_by_one_pixel_at_most(images: Tensor):
    image = images[:1]
    neighbours = {image.roll(move, (2, 3)).numpy().tobytes() for move in [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)]}
    assert {one.numpy().tobytes() for one in augmented("shift", images).split(1)} == neighbours


def test_flip_mirrors_half(images: Tensor):
    flipped = [torch.equal(one, images[:1].flip(3)) for one in augmented("flip", images).split(1)]
    assert 0.3 < sum(flipped) / len(flipped) < 0.7


def test_invert_makes_negatives_of_half(images: Tensor):
    inverted = [torch.equal(one, 1 - images[:1]) for one in augmented("invert", images).split(1)]
    assert 0.3 < sum(inverted) / len(inverted) < 0.7


def test_stroke_changes_the_amount_of_ink_both_ways(images: Tensor):
    ink = augmented("stroke", images).flatten(1).sum(1) / images[0].sum()
    assert ink.min() < 0.9
    assert ink.max() > 1.1


@pytest.mark.parametrize("name", ["affine", "elastic"])
def test_distortions_keep_the_ink_on_the_sheet(name: str, images: Tensor):
    ink = augmented(name, images).flatten(1).sum(1) / images[0].sum()
    assert ink.min() > 0.5
    assert ink.max() < 1.8
