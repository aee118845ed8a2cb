"""Classify uploads inside the event loop, several drawings in one pass of the network.

A drawing takes less than a millisecond. Handing it to a thread and back would take as long, so it is preprocessed in
the event loop. While each iteration of the loop brings more drawings, they are collected; then all are preprocessed and
one pass of the network classifies them. No drawing waits for a batch to fill, so a single one is answered at once.

Photographs take up to seconds. They are preprocessed in a thread, one at a time, and have a queue of their own. Reading
several characters of a drawing takes about ten milliseconds, so it has a thread too, and counts in the drawings' queue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import NamedTuple, TypeVar

from prometheus_client import Gauge

from app.recognition.classifier import Classifier, Explanation, Prediction
from app.recognition.image_limits import WIDE_DRAWING_PIXELS, is_drawing
from app.recognition.model_card import ModelCard
from app.recognition.reading import Reading, read
from app.recognition.segmentation import Grey, PhotographError

# A larger batch saves no more time for each drawing, and its first drawing waits longer for its last.
_LARGEST_BATCH = 16
_Answer = TypeVar("_Answer")


class OverloadedError(Exception):
    """The queue is full."""


class Recognition(NamedTuple):
    """A prediction, the network's input (uint8, (size, size)), and the seconds that decoding with preprocessing and the
    pass of the network took. The pass is shared with the other drawings of the batch. `model` made the prediction;
    another model may have replaced it since. `ink` is a picture of the ink that was found (PNG, see overlay.py), if it
    was asked for and the model looks for ink."""

    preprocessed: Grey
    prediction: Prediction
    decode_seconds: float
    network_seconds: float
    model: ModelCard
    ink: bytes | None = None


class Queue:
    """Counts image files that wait or are worked on, up to a limit. `gauge` shows the count to operators."""

    def __init__(self, limit: int, gauge: Gauge | None = None) -> None:
        self._limit = limit
        self._gauge = gauge
        self.depth = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place until the block ends. Raises OverloadedError if there is none."""
        if self.depth >= self._limit:
            raise OverloadedError
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        self.depth += by
        if self._gauge is not None:
            self._gauge.set(self.depth)


class Threads:
    """Threads for work that would block the event loop for too long: one for photographs, one for drawings of several
    characters. Each starts when it is first used."""

    def __init__(self) -> None:
        self.photographs = ThreadPoolExecutor(1, "photographs")
        self.drawings = ThreadPoolExecutor(1, "drawings")

    def shutdown(self) -> None:
        """End both, once their present work is done."""
        self.photographs.shutdown()
        self.drawings.shutdown()


class _Preprocessed(NamedTuple):
    image: Grey
    seconds: float
    ink: bytes | None = None


class BatchingClassifier:
    """Classifies image files with a classifier, in one event loop. Drawings and photographs have a queue each. Several
    instances can share the queues and the threads, which their owner shuts down."""

    def __init__(
        self,
        classifier: Classifier,
        max_pixels: int,
        drawings: Queue,
        photographs: Queue,
        threads: Threads,
    ) -> None:
        self.classifier = classifier
        self._max_pixels = max_pixels
        self._drawings = drawings
        self._photographs = photographs
        self._waiting: list[tuple[bytes | _Preprocessed, asyncio.Future[Recognition]]] = []
        self._collected = 0
        self._threads = threads

    async def classify(self, data: bytes, show_ink: bool = False) -> Recognition:
        """Classify an image file. Showing the ink takes longer, so even a drawing is then handled as a photograph.

        Raises ImageError if the file cannot be used, OverloadedError if its queue is full.
        """
        if not show_ink and is_drawing(data):
            with self._drawings.place(), suppress(PhotographError):
                return await self._in_next_batch(data)
        loop = asyncio.get_running_loop()
        preprocess = self._preprocess_and_show if show_ink else self._preprocess
        with self._photographs.place():
            return await self._in_next_batch(await loop.run_in_executor(self._threads.photographs, preprocess, data))

    async def read(self, data: bytes, show_ink: bool = False) -> Reading:
        """Read all characters of an image file, and show the ink that was found. Raises what `classify` does."""
        loop = asyncio.get_running_loop()
        if is_drawing(data, WIDE_DRAWING_PIXELS):
            with self._drawings.place(), suppress(PhotographError):
                drawing = partial(read, data, self.classifier, self._max_pixels, False, show_ink)
                return await loop.run_in_executor(self._threads.drawings, drawing)
        with self._photographs.place():
            photograph = partial(read, data, self.classifier, self._max_pixels, True, show_ink)
            return await loop.run_in_executor(self._threads.photographs, photograph)

    async def explain(self, data: bytes, answer: Callable[[Explanation], _Answer]) -> _Answer:
        """Explain how an image file is classified. `answer` makes the response of it, in the same thread.

        Raises what `classify` does, and UnexplainedError if the model cannot be explained.
        """
        loop = asyncio.get_running_loop()

        def explained(photographs: bool) -> _Answer:
            return answer(self.classifier.explain(data, self._max_pixels, photographs))

        if is_drawing(data):
            with self._drawings.place(), suppress(PhotographError):
                return await loop.run_in_executor(self._threads.drawings, explained, False)
        with self._photographs.place():
            return await loop.run_in_executor(self._threads.photographs, explained, True)

    def _in_next_batch(self, image: bytes | _Preprocessed) -> asyncio.Future[Recognition]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Recognition] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._collect)
        self._waiting.append((image, future))
        return future

    def _preprocess(self, data: bytes, photographs: bool = True) -> _Preprocessed:
        started = time.perf_counter()
        image = self.classifier.preprocess(data, self._max_pixels, photographs)
        return _Preprocessed(image, time.perf_counter() - started)

    def _preprocess_and_show(self, data: bytes) -> _Preprocessed:
        started = time.perf_counter()
        image, ink = self.classifier.preprocess_and_show(data, self._max_pixels)
        return _Preprocessed(image, time.perf_counter() - started, ink)

    def _collect(self) -> None:
        """Wait for the loop's next iteration if this one brought more drawings; else classify the collected ones."""
        if self._collected < len(self._waiting) < _LARGEST_BATCH:
            self._collected = len(self._waiting)
        else:
            batch, self._waiting = self._waiting[:_LARGEST_BATCH], self._waiting[_LARGEST_BATCH:]
            self._collected = 0
            self._classify_files(batch)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._collect)

    def _classify_files(self, batch: list[tuple[bytes | _Preprocessed, asyncio.Future[Recognition]]]) -> None:
        preprocessed: list[tuple[_Preprocessed, asyncio.Future[Recognition]]] = []
        for image, future in batch:
            if future.done():  # the request was cancelled
                continue
            try:
                drawing = image if isinstance(image, _Preprocessed) else self._preprocess(image, photographs=False)
                preprocessed.append((drawing, future))
            except Exception as error:
                future.set_exception(error)
        if preprocessed:
            self._classify(preprocessed)

    def _classify(self, batch: list[tuple[_Preprocessed, asyncio.Future[Recognition]]]) -> None:
        started = time.perf_counter()
        try:
            predictions = self.classifier.predict([preprocessed.image for preprocessed, _ in batch])
        except Exception as error:
            for _, future in batch:
                future.set_exception(error)
            return
        seconds = time.perf_counter() - started
        for (preprocessed, future), prediction in zip(batch, predictions, strict=True):
            image, own_seconds, ink = preprocessed
            future.set_result(Recognition(image, prediction, own_seconds, seconds, self.classifier.model, ink))
