"""The report's view into a network: its first kernels, and the feature maps of a few images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.recognition.layer_words import names
from app.recognition.pictures import value_range
from training.images import ImageSet
from training.layers import computed, describe
from training.report.pictures import data_url

_IMAGES = 3
_MOST = 16  # maps in a row
_SIDE = 28  # pixels of a map in the report, at least
_GAP = 1
_BACKGROUND = 128


@dataclass(frozen=True)
class LayerPicture:
    """A layer's maps, a row for each image; `width` in CSS pixels."""

    name: str
    shape: str
    picture: str
    width: int


@dataclass(frozen=True)
class InsideView:
    """`kernels` is None for a network that does not begin with a convolution; `most` is how many maps are shown."""

    kernels: str | None
    layers: list[LayerPicture]
    most: int = _MOST


def look(network: bytes, images: ImageSet) -> InsideView | None:
    """Kernels and feature maps of a served network, an ONNX file, for the first images of some classes; None if it
    cannot be described."""
    inside = describe(network)
    if inside is None or not len(images):
        return None
    classes = images.targets.unique()[:_IMAGES]
    places = torch.stack([(images.targets == target).nonzero()[0, 0] for target in classes])
    shown = images.images[images.rows[places]].squeeze(1).numpy()
    values = computed(network, inside, shown)
    first = inside.layers[0]
    kernels = None
    if first.weights:
        weights = values[first.weights][:, 0]
        reach = float(np.abs(weights).max())
        kernels = data_url(_rows(weights[None], -reach, reach))
    pictures = [LayerPicture("Input", _size(shown.shape[1:]), data_url(_rows(shown[:, None] / 255, 0, 1)), _SIDE)]
    for layer, name in zip(inside.layers, names(inside.layers), strict=True):
        if len(layer.shape) != 3:
            continue  # a single value is not a picture
        maps = values[layer.tensor][:, :_MOST]
        scale = max(1, _SIDE // layer.shape[2])
        width = maps.shape[1] * (layer.shape[2] + _GAP) * scale
        pictures.append(LayerPicture(name, _size(layer.shape), data_url(_rows(maps, *value_range(maps))), width))
    return InsideView(kernels, pictures)


def _rows(maps: NDArray[np.floating], low: float, high: float) -> NDArray[np.uint8]:
    """Maps, (rows, columns, height, width), side by side, with a line between them."""
    levels = ((maps - low) * (255 / (high - low or 1)) + 0.5).clip(0, 255).astype(np.uint8)
    framed = np.pad(levels, ((0, 0), (0, 0), (0, _GAP), (0, _GAP)), constant_values=_BACKGROUND)
    rows, columns, height, width = framed.shape
    return framed.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def _size(shape: tuple[int, ...]) -> str:
    return " \u00d7 ".join(map(str, shape))
