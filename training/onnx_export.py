"""Export a network to ONNX, the format that the server runs."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import torch
from torch import nn

from app.recognition.model_file import INPUT, OUTPUT
from app.recognition.neighbours import Neighbours

# The version of ONNX operators that the server's ONNX Runtime and its quantiser support.
_OPSET = 18


@dataclass(frozen=True)
class ServedNetwork:
    """A network for the server: an ONNX file, in 8-bit integers if `quantised`, else in 32-bit floats; and the training
    images to show as a drawing's neighbours, if any."""

    onnx: bytes
    quantised: bool = False
    neighbours: Neighbours | None = None


def to_onnx(network: nn.Module, size: int) -> bytes:
    """A network on the CPU as an ONNX file in 32-bit floats.

    Its input is "images", float32 (n, 1, size, size), its output "logits", float32 (n, classes).
    """
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # see below
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 1, size, size),),
            file,  # type: ignore[arg-type]  # any binary file works, the annotation is too narrow
            # PyTorch recommends its other exporter, which takes 5 s of a processor instead of 0.1 s for the same graph.
            dynamo=False,
            opset_version=_OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
        )
    return file.getvalue()
