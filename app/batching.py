"""Recognition inside the event loop: drawings that arrived together share one pass of the network.

Handing a drawing to a thread and back costs more than preparing and recognising it, so that happens on the spot. As
long as each round of the event loop brings more drawings, they are gathered; then all are prepared, one after the
other, which is faster by a quarter than each between other work, and one pass of the network answers them. So under
load it carries what all clients wait for, and a lone drawing is answered at once: nothing ever waits for a batch to
fill. Photographs take too long for that and are prepared in a thread of their own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import NamedTuple

from app.recognition.classifier import Classifier, Prediction
from app.recognition.image_limits import is_drawing
from app.recognition.segmentation import Grey, PhotographError

# Larger batches save nothing more per drawing, and let the first wait for the last.
_LARGEST_BATCH = 16


class OverloadedError(Exception):
    """As many requests as allowed are waiting already."""


class Recognition(NamedTuple):
    """An answer: what the network saw, how long decoding with preprocessing, and the pass of the
    network that it shared with others, took, in seconds."""

    prepared: Grey
    prediction: Prediction
    decode_seconds: float
    network_seconds: float


class _Prepared(NamedTuple):
    image: Grey
    seconds: float


class Recogniser:
    """Answers uploads with a classifier, in one event loop.

    `max_waiting` is how many requests may be under way at a time.
    """

    def __init__(self, classifier: Classifier, max_pixels: int, max_waiting: int) -> None:
        self.classifier = classifier
        self._max_pixels = max_pixels
        self._max_waiting = max_waiting
        self.waiting = 0
        self._queue: list[tuple[bytes | _Prepared, asyncio.Future[Recognition]]] = []
        self._gathered = 0
        self._photographs = ThreadPoolExecutor(1, "photographs")

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """For as long as an upload is received and recognised. Raises OverloadedError if too many are already."""
        if self.waiting >= self._max_waiting:
            raise OverloadedError
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def recognise(self, data: bytes) -> Recognition:
        """Recognise an image file. Many calls may wait at a time.

        Raises ImageError if the file cannot be used.
        """
        if is_drawing(data):
            with suppress(PhotographError):
                return await self._queued(data)
        loop = asyncio.get_running_loop()
        return await self._queued(await loop.run_in_executor(self._photographs, self._prepare, data))

    def close(self) -> None:
        """End the thread, once it is done with what it has."""
        self._photographs.shutdown()

    def _queued(self, image: bytes | _Prepared) -> asyncio.Future[Recognition]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Recognition] = loop.create_future()
        if not self._queue:
            loop.call_soon(self._gather)
        self._queue.append((image, future))
        return future

    def _prepare(self, data: bytes, photographs: bool = True) -> _Prepared:
        started = time.perf_counter()
        image = self.classifier.prepare(data, self._max_pixels, photographs)
        return _Prepared(image, time.perf_counter() - started)

    def _gather(self) -> None:
        """Look again in the loop's next round, if this one brought more; else, or if it is enough, answer."""
        if self._gathered < len(self._queue) < _LARGEST_BATCH:
            self._gathered = len(self._queue)
        else:
            batch, self._queue = self._queue[:_LARGEST_BATCH], self._queue[_LARGEST_BATCH:]
            self._gathered = 0
            self._answer(batch)
        if self._queue:
            asyncio.get_running_loop().call_soon(self._gather)

    def _answer(self, batch: list[tuple[bytes | _Prepared, asyncio.Future[Recognition]]]) -> None:
        prepared: list[tuple[_Prepared, asyncio.Future[Recognition]]] = []
        for image, future in batch:
            if future.done():  # a request that was given up has no one waiting
                continue
            try:
                drawing = image if isinstance(image, _Prepared) else self._prepare(image, photographs=False)
                prepared.append((drawing, future))
            except Exception as error:
                future.set_exception(error)
        if prepared:
            self._classify(prepared)

    def _classify(self, batch: list[tuple[_Prepared, asyncio.Future[Recognition]]]) -> None:
        started = time.perf_counter()
        try:
            predictions = self.classifier.predict([prepared.image for prepared, _ in batch])
        except Exception as error:
            for _, future in batch:
                future.set_exception(error)
            return
        seconds = time.perf_counter() - started
        for (prepared, future), prediction in zip(batch, predictions, strict=True):
            future.set_result(Recognition(prepared.image, prediction, prepared.seconds, seconds))
