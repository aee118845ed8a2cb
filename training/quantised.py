"""A network in 8-bit numbers: half of the time, in batches a third, for answers that hardly differ.

Static quantisation after training (Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", 2018): every activation is rounded to 256 levels of the range that it has on
training images, every weight of a convolution to 127 levels of its output channel's. Here that is only said, by
operators that round and go on in floats; ONNX Runtime computes in integers what lies between two of them.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Interpreter, Node
from torch.fx.experimental.optimization import fuse
from torch.nn import functional as F

# Lowest and highest value of each activation, in the order of computation.
Ranges = Sequence[tuple[float, float]]

# Not 127: on processors without VNNI, sums of two products with larger weights would leave 16 bits.
_LARGEST_WEIGHT = 63
_LARGEST = 255
# What images are before the first layer.
_IMAGE = (0.0, 1.0)


def ranges_of(network: nn.Module, batches: Iterable[Tensor]) -> Ranges:
    """The ranges of a network's activations on these images, each batch float32 (n, 1, size, size)."""
    observer = _Observer(_traced(network))
    with torch.inference_mode():
        for batch in batches:
            observer.run(batch)
    return list(observer.ranges.values())


def quantised(network: nn.Module, ranges: Ranges) -> GraphModule:
    """The network with its activations and weights rounded; it gives what the 8-bit computation gives, in floats.

    Raises ValueError if these are not the ranges of such a network.
    """
    traced = _traced(network)
    places = _places(traced)
    if len(places) != len(ranges):
        raise ValueError(f"{len(ranges)} ranges for {len(places)} activations")
    for name, module in list(traced.named_modules()):
        if isinstance(module, nn.Conv2d):
            traced.set_submodule(name, _Rounded(module))
    for node, (low, high) in zip(places, ranges, strict=True):
        # The levels must include 0, which is what lies around an image.
        low, high = min(low, 0.0), max(high, 0.0)
        step = (high - low) / _LARGEST or 1.0
        with traced.graph.inserting_after(node):
            rounded = traced.graph.call_function(torch.fake_quantize_per_tensor_affine)
        node.replace_all_uses_with(rounded)
        rounded.args = (node, step, round(-low / step), 0, _LARGEST)
    traced.recompile()
    return traced


def _traced(network: nn.Module) -> GraphModule:
    traced = fuse(network.eval())
    assert isinstance(traced, GraphModule)
    return traced


class _Rounded(nn.Module):
    """A convolution whose weights are rounded, with a step of its own for each output channel."""

    step: Tensor
    zero: Tensor

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer
        step = layer.weight.detach().flatten(1).abs().amax(1) / _LARGEST_WEIGHT
        self.register_buffer("step", torch.where(step == 0, 1.0, step))
        self.register_buffer("zero", torch.zeros(len(step), dtype=torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        layer = self.layer
        weight = torch.fake_quantize_per_channel_affine(layer.weight, self.step, self.zero, 0, -128, 127)
        return F.conv2d(x, weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups)


class _Observer(Interpreter):
    """Runs a network and notes between which values its activations lie."""

    def __init__(self, traced: GraphModule) -> None:
        super().__init__(traced)
        self.ranges: dict[Node, tuple[float, float]] = dict.fromkeys(_places(traced), (0.0, 0.0))

    def run_node(self, n: Node) -> Any:
        """Compute one node."""
        result = super().run_node(n)
        if n in self.ranges:
            low, high = self.ranges[n]
            self.ranges[n] = min(low, result.min().item()), max(high, result.max().item())
            if n.op == "placeholder":
                self.ranges[n] = _IMAGE
        return result


def _places(traced: GraphModule) -> list[Node]:
    """The nodes whose results are rounded: all but logits, what is only arranged anew, and sums that go to a ReLU
    alone, which is computed with them."""
    return [
        node
        for node in traced.graph.nodes
        if node.op != "output"
        and not any(user.op == "output" for user in node.users)
        and not isinstance(_layer(traced, node), nn.Flatten)
        and not (_is_sum(traced, node) and all(_is_relu(traced, user) for user in node.users))
    ]


def _is_sum(traced: GraphModule, node: Node) -> bool:
    return node.target is operator.add or isinstance(_layer(traced, node), nn.Conv2d | nn.Linear)


def _is_relu(traced: GraphModule, node: Node) -> bool:
    return node.target is F.relu or isinstance(_layer(traced, node), nn.ReLU)


def _layer(traced: nn.Module, node: Node) -> nn.Module | None:
    return traced.get_submodule(str(node.target)) if node.op == "call_module" else None
