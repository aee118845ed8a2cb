"""`python -m training.export model.pt`: a model file as ONNX, on standard output, for a process without PyTorch.

The first line is the model's card, as JSON; what follows is the network. A file that cannot be used ends it with status
2 and a line that says why.
"""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path
from unittest.mock import patch

import torch
from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

from app.recognition.model_card import CheckpointError
from training import checkpoint
from training.checkpoint import Checkpoint


def onnx(model: Checkpoint) -> bytes:
    """The network, in 8-bit numbers if it can be, as an ONNX file.

    "images", float32 (n, 1, size, size) → "logits", (n, classes).
    """
    file = io.BytesIO()
    size = model.preprocessing.size
    with warnings.catch_warnings(), patch.object(onnx_proto_utils, "_add_onnxscript_fn", lambda network, _: network):
        # It is the older one of PyTorch's two exporters, and it warns of that. It would need no other library but to
        # look for functions written in onnxscript, of which there are none here.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.quantised(),
            (torch.zeros(1, 1, size, size),),
            file,  # type: ignore[arg-type]  # which it says takes paths alone
            dynamo=False,
            input_names=["images"],
            output_names=["logits"],
            dynamic_axes={"images": {0: "n"}, "logits": {0: "n"}},
        )
    return file.getvalue()


def main(path: Path) -> int:
    """Write the card and the network."""
    try:
        model = checkpoint.load(path)
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return 2
    network = onnx(model)
    sys.stdout.buffer.write(model.card().to_json().encode() + b"\n" + network)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
