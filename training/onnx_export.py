"""A network as an ONNX file, which is what the server computes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import onnx
import torch
from torch import nn

from app.recognition.model_file import INPUT, OUTPUT
from app.recognition.neighbours import Neighbours


@dataclass(frozen=True)
class ServedNetwork:
    """A network as the server computes it: an ONNX file, in 8-bit integers if it is quantised, or in 32-bit floats; and
    the training images that it shows as a drawing's neighbours, if any."""

    onnx: bytes
    quantised: bool = False
    neighbours: Neighbours | None = None


def to_onnx(network: nn.Module, size: int) -> bytes:
    """A network on the CPU as an ONNX file in 32-bit floats.

    Its input is "images", float32 (n, 1, size, size), its output "logits", float32 (n, classes).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they concern the exporter's own code
        program = torch.onnx.export(
            network.eval(),
            # Two images: the exporter would take a single one for the only number possible.
            (torch.zeros(2, 1, size, size),),
            dynamo=True,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("n")},),
            verbose=False,
        )
    assert program is not None
    contents: bytes = _without_metadata(program.model_proto).SerializeToString()
    return contents


def _without_metadata(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove the exporter's notes, which name files of the machine that it ran on."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    return model
