"""What each place of an image adds to each class's logit, if a network ends in average pooling and a linear layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class ClassActivation:
    """The tensors that a class activation map is made of (Zhou et al., "Learning Deep Features for Discriminative
    Localization", 2016): maps, (n, channels, height, width), whose averages are weighted, (outputs, channels), to give
    the logits; the bias, (outputs,), is added if there is one."""

    maps: str
    weights: str
    bias: str | None

    @property
    def tensors(self) -> list[str]:
        """All tensors that are named."""
        return [name for name in (self.maps, self.weights, self.bias) if name]

    def contributions(self, values: Mapping[str, Maps], image: int) -> tuple[Maps, Maps]:
        """What each place adds to the logits of one image of the batch, (outputs, height, width), and the bias,
        (outputs,): together they are the logits. `values` has the tensors by name."""
        maps, weights = values[self.maps][image], values[self.weights]
        added = np.tensordot(weights, maps, 1) / (maps.shape[1] * maps.shape[2])
        return added.astype(np.float32), values[self.bias] if self.bias else np.zeros(len(weights), np.float32)


@dataclass(frozen=True)
class GridActivation:
    """The same for a head that is given the averages of overlapping squares of several layers' maps.

    `maps` are from fine to coarse, each half as high and wide as those before: its values lie on every second one.
    The squares have the odd side `side` and are centred on every `step`-th value from the first on; what is beyond the
    edge counts as 0. `weights` is (outputs, features): the features are those of the first maps, then those of the next
    ones; of each, channel by channel, row by row.
    """

    maps: tuple[str, ...]
    weights: str
    bias: str | None
    side: int
    step: int

    @property
    def tensors(self) -> list[str]:
        """All tensors that are named."""
        return [name for name in (*self.maps, self.weights, self.bias) if name]

    def contributions(self, values: Mapping[str, Maps], image: int) -> tuple[Maps, Maps]:
        """As ClassActivation.contributions, as high and wide as the finest maps. What a value of coarser maps adds is
        divided between the values of the finer ones below and beside it. Raises ValueError if the weights do not fit
        the maps."""
        weights = values[self.weights]
        added: list[Maps] = []
        for name in self.maps:
            maps = values[name][image]
            cells = maps.shape[0], *(-(-side // self.step) for side in maps.shape[1:])
            own, weights = np.split(weights, [int(np.prod(cells))], axis=1)
            added.append(self._of_squares(own.reshape(len(own), *cells), maps))
        if weights.size:
            raise ValueError(f"{weights.shape[1]} weights of each class have no value to weight")
        total = added.pop()
        while added:
            finer = added.pop()
            down, across = (_spread(*sides) for sides in zip(total.shape[1:], finer.shape[1:], strict=True))
            total = (finer + down.T @ total @ across).astype(np.float32)
        return total, values[self.bias] if self.bias else np.zeros(len(total), np.float32)

    def _of_squares(self, weights: Maps, maps: Maps) -> Maps:
        """What each value of the maps, (channels, height, width), adds by all the squares that it is in, whose weights
        are (outputs, channels, squares down, squares across)."""
        added = np.zeros((len(weights), *maps.shape[1:]), np.float32)
        reach = self.side // 2
        for row, column in np.ndindex(weights.shape[2:]):
            y, x = row * self.step, column * self.step
            square = (slice(None), slice(max(0, y - reach), y + reach + 1), slice(max(0, x - reach), x + reach + 1))
            added[square] += np.tensordot(weights[:, :, row, column], maps[square], 1) / self.side**2
        return added


def _spread(coarse: int, fine: int) -> Maps:
    """The shares by which values with a step of 2 are divided between those with a step of 1, (coarse, fine): half of
    each stays where it is, a quarter is for each neighbour. At an edge the two that there are have 2 to 1."""
    distance = np.abs(2 * np.arange(coarse)[:, None] - np.arange(fine))
    shares = np.clip(1 - distance / 2, 0, None).astype(np.float32)
    result: Maps = shares / shares.sum(1, keepdims=True)
    return result
