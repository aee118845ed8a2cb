"""Which of the marks on a photographed sheet are the character: connected components, chosen by size and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cc3d
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Grey = NDArray[np.uint8]

# What is more ink than paper, of 255.
INK = 128
# Strokes with a gap of up to so many pixels, and this share of the picture, are one component: pencil skips.
_GAP = 0.012
# Components smaller than this share of the main one are specks.
_SPECK = 0.03
# A component belongs to the character if it is nearer than this share of the character's size ...
_NEAR = 0.15
# ... and is not a neighbour: beside it, and at least this share as tall.
_NEIGHBOUR = 0.6
# A component at the picture's very edge counts as much as one of this share of its size in the middle.
_EDGE = 0.1


@dataclass(frozen=True)
class Component:
    """Connected ink: its label, its number of pixels and its box, the end exclusive."""

    label: int
    pixels: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> int:
        """The longer side."""
        return max(self.right - self.left, self.bottom - self.top)

    def joined(self, other: Component) -> Component:
        """Both as one, under this one's label."""
        return Component(
            self.label,
            self.pixels + other.pixels,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def main_character(ink: Grey) -> Grey:
    """The ink of the character that the picture is of, and 0 elsewhere: (height, width), as given.

    The main component is large and near the middle; what is near it and no neighbour of its own belongs to it.
    """
    labels = _labelled(ink)
    components = _measured(labels, ink)
    if not components:
        return np.zeros_like(ink)
    height, width = ink.shape
    main = max(components, key=lambda component: component.pixels * _centrality(component, width, height))
    others = [one for one in components if one is not main and one.pixels >= _SPECK * main.pixels]
    chosen, character = {main.label}, main
    while near := [one for one in others if one.label not in chosen and _belongs(one, character)]:
        for one in near:
            chosen.add(one.label)
            character = character.joined(one)
    return np.where(np.isin(labels, list(chosen)), ink, np.uint8(0))


def _labelled(ink: Grey) -> NDArray[np.integer]:
    """A label for each pixel: that of the component which it is in, or next to; 0 for paper."""
    reach = max(1, round(_GAP * max(ink.shape) / 2))
    widened = Image.fromarray(ink).filter(ImageFilter.MaxFilter(2 * reach + 1))
    labels: NDArray[np.integer] = cc3d.connected_components(np.asarray(widened) >= INK, connectivity=8)
    return labels


def _measured(labels: NDArray[np.integer], ink: Grey) -> list[Component]:
    pixels = np.bincount(labels[ink >= INK].ravel(), minlength=int(labels.max()) + 1)
    boxes = cast(
        "list[tuple[slice, slice]]", cc3d.statistics(labels)["bounding_boxes"]
    )  # of two dimensions, as `labels`
    return [
        Component(label, int(pixels[label]), columns.start, rows.start, columns.stop, rows.stop)
        for label, (rows, columns) in enumerate(boxes)
        if label and pixels[label]
    ]


def _centrality(component: Component, width: int, height: int) -> float:
    """1 for a component in the picture's middle, down to `_EDGE` for one at its edge."""
    x = abs((component.left + component.right) / width - 1)
    y = abs((component.top + component.bottom) / height - 1)
    return 1 - (1 - _EDGE) * max(x, y)


def _belongs(one: Component, character: Component) -> bool:
    across = max(one.left - character.right, character.left - one.right)
    down = max(one.top - character.bottom, character.top - one.bottom)
    tall = one.bottom - one.top >= _NEIGHBOUR * (character.bottom - character.top)
    return max(across, down) < _NEAR * character.size and not (across >= 0 and tall)
