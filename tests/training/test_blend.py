"""How much of a fine-tuned network is taken."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.blend import best_blend, blend, furthest_blend
from training.images import ImageSet


def reader(weights: list[list[float]]) -> nn.Module:
    """A network of two classes on images of 1 x 2 pixels."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
    network.load_state_dict({"1.weight": torch.tensor(weights)})
    return network.eval()


def weights_of(network: nn.Module) -> list[list[float]]:
    """The inverse of `reader`."""
    return [list(row) for row in network.state_dict()["1.weight"].tolist()]


def images(pixels: list[list[int]], targets: list[int]) -> ImageSet:
    array = torch.tensor(pixels, dtype=torch.uint8).reshape(-1, 1, 1, 2)
    return ImageSet(array, torch.arange(len(pixels)), torch.tensor(targets), (), ("0", "1"))


# The first pixel alone says 0 before, and 1 from a share of more than a half on; with some of the second one, sooner.
BEFORE, AFTER = reader([[1, 0], [0, 1]]), reader([[0, 0], [1, 1]])
FIRST_PIXEL, BOTH, SECOND_PIXEL = [255, 0], [255, 200], [0, 255]


def test_a_blend_lies_between_the_weights():
    middle = blend(BEFORE, AFTER, 0.25)
    assert weights_of(middle) == [[0.75, 0.0], [0.25, 1.0]]
    assert weights_of(BEFORE) == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("watched", "share"),
    [
        (images([SECOND_PIXEL], [1]), 0.75),  # nothing is lost
        (images([FIRST_PIXEL], [0]), 0.5),  # lost beyond the middle, where both are as probable
        (images([BOTH], [0]), 0.25),  # lost everywhere: as little as possible
    ],
)
def test_as_much_is_taken_as_costs_nothing_watched(watched, share):
    network, taken = furthest_blend(BEFORE, AFTER, watched)
    assert taken == share
    assert weights_of(network) == weights_of(blend(BEFORE, AFTER, share))


def test_the_blend_that_reads_validation_images_best_may_be_either_end_or_between():
    right = images([FIRST_PIXEL, SECOND_PIXEL] * 20, [0, 1] * 20)
    # Wrong for the two pixels by different amounts: otherwise the temperature would make a blend as good as the end.
    wrong = reader([[0, 1], [0.5, 0]])
    assert best_blend(reader([[1, 0], [0, 1]]), wrong, right)[1] == 0.0
    assert best_blend(wrong, reader([[1, 0], [0, 1]]), right)[1] == 1.0
    # Each end gives both classes the same probability for one of the pixels.
    network, share = best_blend(reader([[1, 0.5], [0, 0.5]]), reader([[0.5, 0], [0.5, 1]]), right)
    assert share == 0.5
    assert weights_of(network) == [[0.75, 0.25], [0.25, 0.75]]
