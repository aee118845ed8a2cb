"""Describe the layers of a served network, from its ONNX file: any architecture, in floats or in 8-bit integers.

A layer is an operator that has a name in the field (convolution, pooling, ...) together with the operators that follow
it: bias, normalisation, the sum of a residual block, activation, quantisation.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from app.recognition.class_activation import ClassActivation, GridActivation
from app.recognition.inside import Inside, Kind, Layer, ReceptiveField, with_outputs
from app.recognition.model_file import INPUT, OUTPUT, Network

_KINDS: dict[str, Kind] = {
    "Conv": "convolution",
    "MaxPool": "pooling",
    "ReduceMean": "average",
    "GlobalAveragePool": "average",
    "Gemm": "dense",
}
_ACTIVATIONS = {"Relu": "relu", "Selu": "selu"}
# Operators that are part of the layer before them.
_BELONGS = {*_ACTIVATIONS, "Add", "BatchNormalization", "QuantizeLinear", "DequantizeLinear"}
# Operators that only reorder or round values.
_PASSES = {"Reshape", "Flatten", "Squeeze", "QuantizeLinear", "DequantizeLinear"}
# Of the logits, and what they are put together from: 32-bit floats added in another order.
_SAME = 1e-3


def describe(network: bytes) -> Inside | None:
    """The layers of an ONNX file; None if it does not end in a linear layer, as all of training/networks.py do."""
    return _Walk(network).inside()


class _Walk:
    """Follows the graph from its input to its output."""

    def __init__(self, network: bytes) -> None:
        self._network = network
        graph = onnx.load_from_string(network).graph
        self._constants = {one.name: one for one in graph.initializer}
        self._producer = {name: node for node in graph.node for name in node.output}
        self._consumers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        fixed = set(self._constants)
        self._nodes = []
        for node in graph.node:  # in the order in which they can be computed
            if fixed.issuperset(node.input):
                fixed.update(node.output)  # weights, dequantised
                continue
            self._nodes.append(node)
            for name in node.input:
                self._consumers[name].append(node)
        self._fixed = fixed
        self._fields: dict[str, ReceptiveField | None] = {INPUT: ReceptiveField(1, 1, 0.5)}

    def inside(self) -> Inside | None:
        for node in self._nodes:
            self._fields[node.output[0]] = self._field(node)
        layers, absorbed = [], set[str]()
        for node in self._nodes:
            if node.op_type in _KINDS and node.output[0] not in absorbed:
                layers.append(self._layer(node))
                absorbed.add(node.output[0])
        last = self._producer[OUTPUT]
        if last.op_type != "Gemm" or not layers:
            return None
        layers[-1] = replace(layers[-1], kind="output")
        averages, squares = self._class_activation(last), self._grid_activation(last)
        return self._measured(Inside(tuple(layers), last.input[0], averages, squares))

    def _layer(self, node: onnx.NodeProto) -> Layer:
        kind, activation, tensor = _KINDS[node.op_type], None, node.output[0]
        while len(following := self._consumers[tensor]) == 1 and following[0].op_type in _BELONGS:
            (following_node,) = following
            if following_node.op_type in _ACTIVATIONS:
                activation = _ACTIVATIONS[following_node.op_type]
            elif following_node.op_type == "Add" and not self._fixed.intersection(following_node.input):
                kind = "residual"
            elif following_node.op_type == "QuantizeLinear" and self._cuts_negatives(following_node):
                activation = "relu"  # the quantiser has removed it, because its range has no negative numbers
            tensor = following_node.output[0]
        slides = node.op_type in ("Conv", "MaxPool")
        attributes = _attributes(node)
        return Layer(
            kind=kind,
            tensor=tensor,
            shape=(),  # measured below
            activation=activation,
            kernel=attributes["kernel_shape"][0] if slides else 0,
            stride=attributes["strides"][0] if slides else 0,
            weights=node.input[1] if node.op_type == "Conv" and self._is_first(node) else None,
            field=self._fields[tensor],
        )

    def _is_first(self, node: onnx.NodeProto) -> bool:
        """Whether its input is the image, so that its kernels can be shown as pictures."""
        before: onnx.NodeProto | None = node
        while before is not None and before.input[0] != INPUT:
            before = self._producer.get(before.input[0])
            if before is not None and before.op_type not in _PASSES:
                return False
        return True

    def _cuts_negatives(self, node: onnx.NodeProto) -> bool:
        zero = numpy_helper.to_array(self._constants[node.input[2]])
        return bool(zero.dtype == np.uint8 and zero == 0)

    def _field(self, node: onnx.NodeProto) -> ReceptiveField | None:
        """As in Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", 2019."""
        before = [self._fields[name] for name in node.input if name in self._fields]
        if (
            any(field is None for field in before)
            or node.op_type in ("Gemm", "Reshape", "Flatten")
            or (_KINDS.get(node.op_type) == "average")
        ):
            return None
        field = max((field for field in before if field), key=lambda one: one.size)
        if node.op_type not in ("Conv", "MaxPool"):
            return field
        attributes = _attributes(node)
        side, stride, padding = attributes["kernel_shape"][0], attributes["strides"][0], attributes["pads"][0]
        return ReceptiveField(
            size=field.size + (side - 1) * field.step,
            step=field.step * stride,
            start=field.start + ((side - 1) / 2 - padding) * field.step,
        )

    def _class_activation(self, last: onnx.NodeProto) -> ClassActivation | None:
        average = self._before(last.input[0])
        if average is None or _KINDS.get(average.op_type) != "average":
            return None
        return ClassActivation(average.input[0], *self._weights(last))

    def _grid_activation(self, last: onnx.NodeProto) -> GridActivation | None:
        joined = self._before(last.input[0])
        if joined is None or joined.op_type != "Concat":
            return None
        pools = [pool for name in joined.input if (pool := self._before(name)) and pool.op_type == "AveragePool"]
        squares = {(_attributes(pool)["kernel_shape"][0], _attributes(pool)["strides"][0]) for pool in pools}
        if len(pools) < len(joined.input) or len(squares) != 1:
            return None
        return GridActivation(tuple(pool.input[0] for pool in pools), *self._weights(last), *squares.pop())

    def _before(self, tensor: str) -> onnx.NodeProto | None:
        """What has computed a tensor, but for its order and rounding."""
        node = self._producer.get(tensor)
        while node is not None and node.op_type in _PASSES:
            node = self._producer.get(node.input[0])
        return node

    def _weights(self, last: onnx.NodeProto) -> tuple[str, str | None]:
        return last.input[1], last.input[2] if len(last.input) > 2 else None

    def _measured(self, inside: Inside) -> Inside:
        """Add the layers' shapes, and remove the class activation map where it would not be exact."""
        values = computed(self._network, inside, _noise(self._network))
        layers = tuple(replace(layer, shape=_shape(values[layer.tensor])) for layer in inside.layers)
        exact = inside.activation is not None and _adds_up(inside.activation, values)
        return replace(inside, layers=layers) if exact else Inside(layers, inside.features)


def _adds_up(activation: ClassActivation | GridActivation, values: dict[str, NDArray[np.float32]]) -> bool:
    for image, logits in enumerate(values[OUTPUT]):
        try:
            maps, bias = activation.contributions(values, image)
        except ValueError:  # the weights are those of something else
            return False
        total = maps.sum((1, 2)) + bias
        if total.shape != logits.shape or not np.allclose(total, logits, rtol=0, atol=_SAME):
            return False
    return True


def computed(network: bytes, inside: Inside, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Run a network on images, uint8 (n, size, size). Returns the tensors that `inside` names, and the logits."""
    session = Network(with_outputs(network, [name for name in inside.tensors if name != OUTPUT])).session
    names = [output.name for output in session.get_outputs()]
    scaled = images[:, None] / np.float32(255)
    return dict(zip(names, session.run(names, {INPUT: scaled}), strict=True))


def _noise(network: bytes) -> NDArray[np.uint8]:
    size = Network(network).session.get_inputs()[0].shape[2]
    return np.random.default_rng(0).integers(0, 256, (2, size, size), np.uint8)


def _shape(values: NDArray[np.float32]) -> tuple[int, ...]:
    """The shape for one image; a map of 1 x 1 counts as a single value."""
    shape = values.shape[1:]
    return shape[:1] if shape[1:] == (1, 1) else shape


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
