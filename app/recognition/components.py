"""Which of the marks on a photographed sheet are the character: connected components, chosen by size and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cc3d
import numpy as np
from numpy.typing import NDArray

from app.recognition.shadows import slide

Grey = NDArray[np.uint8]

# Ink is what is at least this likely, of 255, where it is connected to what is more likely than not.
_FAINT, _SURE = 24, 128
# So much of the character is more likely ink than not; of noise, single pixels are.
_SURE_SHARE = 0.25
# Strokes with a gap of up to this share of the picture are one component: pencil skips.
_GAP = 0.012
# The character is at least this share of the picture, or so many pixels; what is smaller than this share of it is a
# speck.
_SMALLEST, _FEWEST = 0.05, 10
_SPECK = 0.03
# A component belongs to the character if it is nearer than this share of the character's size ...
_NEAR = 0.15
# ... and is not a neighbour (beside it, and at least this share as tall), nor what is left of a rule or a frame (longer
# by this factor).
_NEIGHBOUR = 0.6
_LONGER = 1.5
# A line goes over this share of the picture; it is no wider than this, or it is a frame, of which so much is ink.
_LONG = 0.8
_THIN = 0.06
_HOLLOW = 0.12
# Pieces of a frame or of neighbours reach no further into a scan than this share of it; holes, staples and fingers at a
# photograph's edge no further than this.
_AT_EDGE, _MARGIN = 0.18, 0.12
# Characters are as tall as this share of the tallest.
_TALL = 0.4
# Ink at the picture's very edge counts as this share of ink in the middle.
_EDGE = 0.1


@dataclass(frozen=True)
class Component:
    """Connected ink: its label, its number of pixels, how many of them are more likely ink than not, their weight as
    the picture's subject, and its box, the end exclusive."""

    label: int
    pixels: int
    sure: int
    weight: float
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
            self.sure + other.sure,
            self.weight + other.weight,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def without_lines(ink: Grey) -> Grey:
    """The ink without rules and frames that touch nothing else: what is long, and thin or hollow. (height, width)."""
    labels, components = _measured(ink)
    lines = [component.label for component in components if _is_line(component, *ink.shape)]
    return np.where(np.isin(labels, lines), np.uint8(0), ink)


def without_rules(ink: Grey) -> Grey:
    """The ink without rules, and frames around everything, that touch nothing else: (height, width).

    Unlike for `without_lines`, what is long and hollow may be a line of writing.
    """
    labels, components = _measured(ink)
    rules = [component.label for component in components if _is_rule(component, *ink.shape)]
    return np.where(np.isin(labels, rules), np.uint8(0), ink)


def without_edge_pieces(ink: Grey) -> Grey:
    """The ink without what lies along the picture's edges and touches nothing further in: parts of a broken frame or of
    neighbours. (height, width)."""
    labels, components = _measured(ink)
    pieces = [component.label for component in components if _reach(component, *ink.shape) <= _AT_EDGE]
    return np.where(np.isin(labels, pieces), np.uint8(0), ink)


def usual_height(ink: Grey) -> float:
    """The median height of what is as tall as characters among others are: in pixels."""
    _, components = _measured(ink)
    heights = np.array([component.bottom - component.top for component in components] or [1])
    return float(np.median(heights[heights >= _TALL * heights.max()]))


def main_character(ink: Grey) -> Grey:
    """The ink of the character that the picture is of, and 0 elsewhere: (height, width), as given.

    The main component is large and near the middle; what is near it and no neighbour of its own belongs to it.
    """
    labels, components = _measured(ink)
    candidates = [
        component
        for component in components
        if component.size >= min(_SMALLEST * max(ink.shape), _FEWEST)
        and component.sure >= _SURE_SHARE * component.pixels
        and _reach(component, *ink.shape) > _MARGIN
    ]
    if not candidates:
        return np.zeros_like(ink)
    main = max(candidates, key=lambda component: component.weight)
    others = [one for one in components if one is not main and one.pixels >= _SPECK * main.pixels]
    chosen, character = {main.label}, main
    while near := [one for one in others if one.label not in chosen and _belongs(one, character)]:
        for one in near:
            chosen.add(one.label)
            character = character.joined(one)
    return np.where(np.isin(labels, list(chosen)), ink, np.uint8(0))


def _measured(ink: Grey) -> tuple[NDArray[np.uint32], list[Component]]:
    """A label for each pixel of ink, 0 for paper; and the components that they are the labels of."""
    reach = max(1, round(_GAP * max(ink.shape) / 2))
    widened = slide(ink, 2 * reach + 1, np.maximum)
    # Of booleans cc3d 4.1.1 gives some pixels of a component a label of their own.
    marks = (widened >= _FAINT).view(np.uint8)
    labels = cc3d.connected_components(marks, connectivity=8).astype(np.uint32) * (ink >= _FAINT)
    boxes = cast("list[tuple[slice, slice]]", cc3d.statistics(labels)["bounding_boxes"])  # of two dimensions, as labels
    pixels = np.bincount(labels.ravel(), minlength=len(boxes))
    sure = np.bincount(labels[ink >= _SURE], minlength=len(boxes))
    weights = np.bincount(labels.ravel(), _centrality(*ink.shape).ravel(), minlength=len(boxes))
    components = []
    for label in np.flatnonzero(sure[1:]) + 1:
        rows, columns = boxes[label]
        box = columns.start, rows.start, columns.stop, rows.stop
        components.append(Component(int(label), int(pixels[label]), int(sure[label]), float(weights[label]), *box))
    return labels, components


def _is_line(component: Component, height: int, width: int) -> bool:
    across, down = (component.right - component.left) / width, (component.bottom - component.top) / height
    filled = component.pixels / ((component.right - component.left) * (component.bottom - component.top))
    return max(across, down) >= _LONG and (min(across, down) <= _THIN or filled < _HOLLOW)


def _is_rule(component: Component, height: int, width: int) -> bool:
    across, down = (component.right - component.left) / width, (component.bottom - component.top) / height
    if min(across, down) <= _THIN:
        return max(across, down) >= _LONG
    return min(across, down) >= _LONG and _is_line(component, height, width)


def _reach(component: Component, height: int, width: int) -> float:
    """How far the component reaches into the picture, from the nearest edge: as a share of its width or height."""
    return min(
        component.right / width, component.bottom / height, 1 - component.left / width, 1 - component.top / height
    )


def _centrality(height: int, width: int) -> NDArray[np.float64]:
    """1 in the picture's middle, down to `_EDGE` at its edges: (height, width)."""
    y, x = np.abs(np.linspace(-1, 1, height)), np.abs(np.linspace(-1, 1, width))
    return np.asarray(1 - (1 - _EDGE) * np.maximum(y[:, None], x))


def _belongs(one: Component, character: Component) -> bool:
    across = max(one.left - character.right, character.left - one.right)
    down = max(one.top - character.bottom, character.top - one.bottom)
    neighbour = across >= 0 and one.bottom - one.top >= _NEIGHBOUR * (character.bottom - character.top)
    return max(across, down) < _NEAR * character.size and not neighbour and one.size < _LONGER * character.size
