"""Where one request's time goes: microseconds of each stage, done the usual way and as the service does it.

    python -m benchmarks.stages

The upload is the page's own, taken from Chromium. One thread, nothing else running; each figure is the median of
rounds in which the stages take turns, so that a drift of the machine's speed hits all of them alike.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import torch
from fastapi import FastAPI
from PIL import Image

from app.batching import BatchingClassifier, Queue, Recognition, Threads
from app.main import create_app
from app.recognition.chromium_canvas import canvas_ink
from app.recognition.classifier import Classifier
from app.recognition.decoding import MAX_PIXELS
from app.recognition.segmentation import Grey
from app.settings import Settings
from benchmarks.servers import nothing
from benchmarks.serving import page_drawing, upload
from tests.conftest import MODEL
from training import checkpoint

_ROUNDS = 30
_TIMES = 40


def main() -> None:
    """Measure and print the table."""
    torch.set_num_threads(1)
    file = page_drawing()
    body, kind = upload(file)
    classifier = Classifier.load(MODEL)
    classifier.warm_up()
    preprocessing = classifier.model.preprocessing
    drawing, ink = classifier.preprocess(file), canvas_ink(file)
    assert ink is not None
    decoded = Image.open(BytesIO(file)).convert("RGB")
    network = checkpoint.load(MODEL).network()

    def eager(count: int) -> Callable[[], object]:
        images = torch.from_numpy(np.stack([drawing] * count)).unsqueeze(1)
        return lambda: network(images.float() / 255).softmax(1).tolist()

    stages: dict[str, tuple[float, dict[str, Callable[[], object]]]] = {
        "decode": (
            1,
            {"usual": lambda: Image.open(BytesIO(file)).convert("RGB"), "here": lambda: canvas_ink(file)},
        ),
        "preprocess": (
            1,
            {"usual": lambda: preprocessing(decoded), "here": lambda: preprocessing.from_ink(ink)},
        ),
        **{
            name: (count, {"usual": eager(count), "here": _predicting(classifier, count, drawing)})
            for name, count in (("network, one image", 1), ("network, share of a batch of eight", 8))
        },
        "HTTP: form, route, answer": (
            1,
            {
                "usual": _exchange(nothing.app, body, kind),
                "here": _exchange(_answering(classifier, drawing), body, kind),
            },
        ),
    }
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    with torch.inference_mode():
        for _ in range(_ROUNDS):
            for name, (share, ways) in stages.items():
                for way, function in ways.items():
                    taken[name, way].append(_microseconds(function) / share)
    print("| stage | the usual way, µs | here, µs |\n|---|---|---|")
    for name in stages:
        usual, here = (f"{statistics.median(taken[name, way]):.0f}" for way in ("usual", "here"))
        print(f"| {name} | {usual} | {here} |")


def _predicting(classifier: Classifier, count: int, drawing: Grey) -> Callable[[], object]:
    return lambda: classifier.predict([drawing] * count)


def _microseconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(_TIMES):
        function()
    return (time.perf_counter() - started) / _TIMES * 1e6


def _answering(classifier: Classifier, drawing: Any) -> FastAPI:
    """The service with a classifier that answers at once. Like the do-nothing server, it logs no requests."""
    recognition = Recognition(drawing, classifier.predict([drawing])[0], 0.0, 0.0, classifier.model)

    class Knowing(BatchingClassifier):
        async def classify(self, data: bytes, show_ink: bool = False) -> Recognition:
            del data, show_ink
            return recognition

    app = create_app(Settings(log_requests=False))
    app.state.metrics.use_model(classifier.model, app.state.default_name)
    app.state.classifier = Knowing(classifier, MAX_PIXELS, Queue(1), Queue(1), Threads())
    return app


def _exchange(app: Any, body: bytes, kind: str) -> Callable[[], object]:
    """A function that has the application answer one upload, without a server in front of it."""
    headers = [(b"host", b"test"), (b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/predict", "raw_path": b"/predict"}
    scope |= {"query_string": b"", "root_path": "", "scheme": "http", "client": ("127.0.0.1", 1), "headers": headers}
    loop = asyncio.new_event_loop()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200

    return lambda: loop.run_until_complete(app({**scope, "state": {}}, receive, send))


if __name__ == "__main__":
    main()
