"""What a network makes of an image: every layer's maps, what speaks for each class and where, and the training images
that it is most like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from app.recognition.class_activation import Maps
from app.recognition.inside import Inside, Layer, with_outputs
from app.recognition.model_file import INPUT, OUTPUT, InsideRecords, Network
from app.recognition.neighbours import Neighbour, Neighbours
from app.recognition.segmentation import Grey

NEIGHBOURS = 5


class LayerMaps(NamedTuple):
    """What a layer gave, float32 of the layer's shape; `kernels`, (maps, side, side), of the first convolution."""

    layer: Layer
    values: Maps
    kernels: Maps | None


@dataclass(frozen=True)
class Inspection:
    """What there is to see of one pass of the network.

    `logits` are those of the ordinary pass. `activation_maps` (outputs, height, width) add up to the logits without
    `bias`, (outputs,): each value is what its place speaks for the class, or against it if it is negative. Both are
    None for a network that has none.
    """

    logits: list[float]
    layers: list[LayerMaps]
    activation_maps: Maps | None
    bias: Maps | None
    neighbours: list[Neighbour]
    credit: tuple[str, ...]


class Inspector:
    """A network whose layers can be looked at, in one thread. Safe to call from several threads."""

    def __init__(self, records: InsideRecords) -> None:
        """Raises ValueError for records that do not belong together, or whatever ONNX Runtime raises."""
        self._inside = Inside.from_json(records.layers) if records.layers else None
        self._neighbours: Neighbours | None = None
        if records.neighbours:
            try:
                self._neighbours = Neighbours.from_bytes(records.neighbours)
            except (KeyError, OSError, BadZipFile) as error:
                raise ValueError(f"its neighbours cannot be read ({error})") from error
        tensors = [name for name in self._inside.tensors if name != OUTPUT] if self._inside else []
        self._session = Network(with_outputs(records.network, tensors)).session
        self._names = [output.name for output in self._session.get_outputs()]
        size: int = self._session.get_inputs()[0].shape[2]
        self.inspect(np.zeros((size, size), np.uint8))

    def inspect(self, image: Grey) -> Inspection:
        """Compute a preprocessed image, uint8 (size, size)."""
        computed = self._session.run(self._names, {INPUT: image[None, None] / np.float32(255)})
        values: dict[str, Maps] = dict(zip(self._names, computed, strict=True))
        logits: list[float] = values[OUTPUT][0].tolist()
        if not self._inside:
            return Inspection(logits, [], None, None, [], ())
        layers = [
            LayerMaps(layer, values[layer.tensor][0].reshape(layer.shape), _kernels(layer, values))
            for layer in self._inside.layers
        ]
        activation = self._inside.activation
        maps, bias = activation.contributions(values, 0) if activation else (None, None)
        if not self._neighbours:
            return Inspection(logits, layers, maps, bias, [], ())
        nearest = self._neighbours.nearest(values[self._inside.features][0], NEIGHBOURS)
        return Inspection(logits, layers, maps, bias, nearest, self._neighbours.credit)


def _kernels(layer: Layer, values: dict[str, Maps]) -> Maps | None:
    return values[layer.weights][:, 0] if layer.weights else None
