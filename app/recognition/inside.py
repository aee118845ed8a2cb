"""What a model file says of its network's inside: which layers there are, and how to have ONNX Runtime give what they
compute.

The record `serving/layers.json` describes the network in `serving/network.onnx`; training/layers.py writes it. It names
tensors of that network, which are made outputs of a second session when they are first asked for: the ordinary one
stays as fast and as small as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

from app.recognition.class_activation import ClassActivation, GridActivation

FORMAT = 1

Kind = Literal["convolution", "residual", "pooling", "average", "dense", "output"]


@dataclass(frozen=True)
class ReceptiveField:
    """The square of the network's input that a unit depends on, in the input's pixels.

    `size` is its side, `start` the centre of the first unit's square, `step` the way from one unit's to the next's; the
    same in both directions. Squares at the edge go beyond the image.
    """

    size: int
    step: int
    start: float


@dataclass(frozen=True)
class Layer:
    """A layer: what it does, and the tensor that it gives.

    `shape` is that of one image: (maps, height, width) or (values,). `residual` is a convolution whose result is added
    to what came into its block. `activation` is the function that follows, or None. `kernel` is the side of what slides
    over the maps before, `stride` its step, 0 where nothing slides. `weights` is the tensor of the first convolution's
    kernels, (maps, 1, side, side), None for other layers. `field` is None where every value answers to the whole image.
    """

    kind: Kind
    tensor: str
    shape: tuple[int, ...]
    activation: str | None
    kernel: int
    stride: int
    weights: str | None
    field: ReceptiveField | None


@dataclass(frozen=True)
class Inside:
    """The layers from the input to the logits; `features` is the tensor that goes into the last one, (n, values).
    What each place adds to the logits, `class_activation` says for a network whose last layer is given the averages of
    maps, and `grid_activation` where these are averages of squares. Both are None for any other network."""

    layers: tuple[Layer, ...]
    features: str
    class_activation: ClassActivation | None = None
    grid_activation: GridActivation | None = None

    @property
    def activation(self) -> ClassActivation | GridActivation | None:
        """The one that the network has."""
        return self.class_activation or self.grid_activation

    @property
    def tensors(self) -> list[str]:
        """All tensors that are named, each once."""
        named = [self.features, *(layer.tensor for layer in self.layers), *(layer.weights for layer in self.layers)]
        if self.activation:
            named += self.activation.tensors
        return list(dict.fromkeys(name for name in named if name))

    def to_json(self) -> str:
        """As text, for the record in model.pt."""
        return json.dumps({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The inverse of `to_json`. Raises ValueError, KeyError or TypeError for any other text."""
        values = json.loads(text)
        if values["format"] != FORMAT:
            raise ValueError(f"its layers have format {values['format']!r}, but this version reads {FORMAT}")
        found = values["class_activation"]
        activation = ClassActivation(**found) if found else None
        found = values.get("grid_activation")  # older files have no such entry
        grid = GridActivation(**{**found, "maps": tuple(found["maps"])}) if found else None
        layers = tuple(_layer(layer) for layer in values["layers"])
        if not layers:
            raise ValueError("no layers")
        return cls(layers, str(values["features"]), activation, grid)


def _layer(values: dict[str, Any]) -> Layer:
    field = values["field"]
    layer = Layer(**{**values, "shape": tuple(values["shape"]), "field": ReceptiveField(**field) if field else None})
    if layer.kind not in get_args(Kind) or not all(isinstance(side, int) and side > 0 for side in layer.shape):
        raise ValueError(f"a layer of kind {layer.kind!r} and shape {layer.shape!r}")
    return layer


def with_outputs(onnx: bytes, tensors: Iterable[str]) -> bytes:
    """An ONNX file whose graph has these float tensors as further outputs.

    A protocol buffer that follows another one is merged with it, and what can be repeated is appended (*Protocol
    Buffers: Encoding*, "Last One Wins"). So a graph of these outputs alone is appended here, and the package that reads
    and writes ONNX files stays with the trainer. Field numbers are those of onnx.proto.
    """
    float_tensor = _field(2, _field(1, b"\x08\x01"))  # ValueInfoProto.type, TypeProto.tensor_type, elem_type FLOAT
    outputs = (_field(12, _field(1, name.encode()) + float_tensor) for name in tensors)  # GraphProto.output
    return onnx + _field(7, b"".join(outputs))  # ModelProto.graph


def _field(number: int, contents: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(contents)) + contents


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded + bytes([number]))
