"""Quantise a network to 8-bit integers if that keeps its accuracy: the server then needs a third of the time.

Static quantisation after training (Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", 2018) by ONNX Runtime's own tool: each activation is rounded to 256 levels of the
range that it has on training images, each weight of a convolution to 127 levels of its output channel's range.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from app.recognition.model_file import INPUT, Network
from training import metrics
from training.checkpoint import Checkpoint
from training.images import ImageSet
from training.networks import EIGHT_BIT
from training.onnx_export import ServedNetwork, to_onnx

# Number of training images, evenly spaced, for measuring the ranges of activations, and the batch size for it.
_IMAGES = 4096
_BATCH = 256
# The loss that is accepted: this share of the validation images, or so many images if they are few.
_TOLERATED = 0.002
_TOLERATED_IMAGES = 2
# The last layer stays in floats: it takes almost no time, and its outputs are the answer.
_OPERATORS = ("Conv", "Relu", "Add")


def served_network(
    model: Checkpoint, train: ImageSet, validation: ImageSet | None, quantised: bool = True
) -> ServedNetwork:
    """The model's network for the server: quantised if `quantised` is true, it is faster, and not less accurate."""
    exact = to_onnx(model.network(), model.preprocessing.size)
    if not quantised or model.architecture not in EIGHT_BIT:
        return ServedNetwork(exact)
    rounded = quantise(exact, train)
    if validation is not None:
        before, after = (_accuracy(network, validation) for network in (exact, rounded))
        if after < before - max(_TOLERATED, (_TOLERATED_IMAGES + 0.5) / len(validation)):
            print(f"8-bit integers would read {after:.2%} of the validation images instead of {before:.2%}: not used")
            return ServedNetwork(exact)
    return ServedNetwork(rounded, quantised=True)


def quantise(onnx_file: bytes, images: ImageSet) -> bytes:
    """An ONNX file of 32-bit floats → one of 8-bit integers, with the ranges that activations have on these images."""
    from onnxruntime.quantization import QuantFormat, QuantType, quant_pre_process, quantize_static  # takes 0.2 s

    chosen = images.subset(torch.linspace(0, len(images) - 1, min(_IMAGES, len(images))).long())
    with tempfile.TemporaryDirectory() as folder:
        exact, ready, quantised = (Path(folder) / name for name in ("exact.onnx", "ready.onnx", "quantised.onnx"))
        exact.write_bytes(onnx_file)
        quant_pre_process(exact, ready, skip_symbolic_shape=True)  # the exporter has stored the shapes already
        quantize_static(
            ready,
            quantised,
            _Calibration(chosen),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_OPERATORS),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # 7 bits for weights: on processors without VNNI, sums of two products with larger ones overflow 16 bits.
            reduce_range=True,
        )
        return quantised.read_bytes()


def _accuracy(onnx_file: bytes, images: ImageSet) -> float:
    return metrics.accuracy(metrics.logits_of(Network(onnx_file), images).argmax(1), images.targets)


class _Calibration:
    """Implements ONNX Runtime's `CalibrationDataReader`: one batch at a time, None at the end."""

    def __init__(self, images: ImageSet) -> None:
        self._batches = images.batches(_BATCH)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: (batch[0].float() / 255).numpy()}
