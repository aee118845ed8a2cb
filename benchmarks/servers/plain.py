"""The plain server, the one that tutorials show: each request by itself, eager, on the event loop.

It computes model.pt's network, or with NETWORK=tutorial the one of PyTorch's MNIST example, untrained: for its speed
that makes no difference.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from fastapi import FastAPI, File, UploadFile
from PIL import Image, ImageOps

from benchmarks.stock_example import network as tutorial_network
from training import checkpoint

app = FastAPI()
model = checkpoint.load(Path(os.environ.get("MODEL_PATH", "model.pt")))
network = tutorial_network().eval() if os.environ.get("NETWORK") == "tutorial" else model.network()


@app.post("/predict")
async def predict(image: Annotated[UploadFile, File()]) -> dict[str, Any]:
    """Invert, resize, classify: none of the preprocessing that makes drawings readable."""
    opened = Image.open(io.BytesIO(await image.read()))
    small = ImageOps.invert(opened.convert("L")).resize((28, 28))
    pixels = torch.from_numpy(np.array(small)).float().div(255)[None, None]
    with torch.no_grad():
        # Without the last output, if there is one, for what is none of the classes.
        probabilities = network(pixels)[0, : len(model.classes)].softmax(0)
    best = int(probabilities.argmax())
    return {
        "label": model.classes[best],
        "confidence": float(probabilities[best]),
        "probabilities": dict(zip(model.classes, probabilities.tolist(), strict=True)),
    }
