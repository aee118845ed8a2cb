"""Recognition off the event loop: one thread, and whatever queued while it was busy is its next batch.

A hand-over between event loop and thread costs more than a small network does, and eight drawings in one pass take a
third of the time that they take one by one. So under load every hand-over carries several, and an idle server answers
a lone drawing at once: nothing ever waits for a batch to fill.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from app.recognition.classifier import Classifier, Prediction
from app.recognition.decoding import count_pixels
from app.recognition.paper import Grey

# Larger batches save nothing more per drawing, and let the first wait for the last.
_LARGEST_BATCH = 16
# A larger image or file, a photograph, is decoded in a thread of its own, lest drawings wait for it.
_LIGHT_PIXELS = 1_000_000
_LIGHT_BYTES = 1_000_000


class OverloadedError(Exception):
    """As many requests as allowed are waiting already."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """An answer: what the network saw, what it made of it, and how long decoding with preparation, and the pass of the
    network that it shared with others, took, in seconds."""

    prepared: Grey
    prediction: Prediction
    decode_seconds: float
    network_seconds: float


@dataclass(slots=True)
class _Job:
    data: bytes
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Recognition]
    prepared: Grey | None = None
    decode_seconds: float = 0.0
    outcome: Recognition | Exception | None = None


class Recogniser:
    """Answers uploads with a classifier. `max_waiting` is how many requests may be under way at a time."""

    def __init__(self, classifier: Classifier, max_pixels: int, max_waiting: int) -> None:
        self.classifier = classifier
        self._max_pixels = max_pixels
        self._max_waiting = max_waiting
        self.waiting = 0
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._heavy = ThreadPoolExecutor(1, "photographs")
        self._thread = threading.Thread(target=self._work, name="recogniser", daemon=True)
        self._thread.start()

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
        """Recognise an image file. Call it in an event loop; many calls may wait at a time.

        Raises ImageError if the file cannot be used.
        """
        loop = asyncio.get_running_loop()
        job = _Job(data, loop, loop.create_future())
        self._jobs.put(job)
        return await job.future

    def close(self) -> None:
        """Answer what is waiting, and end the threads."""
        self._heavy.shutdown()
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            ready = [job for job in batch if job.prepared is not None or self._prepare(job)]
            try:
                self._classify([job for job in ready if job.outcome is None])
            except Exception as error:
                for job in ready:
                    job.outcome = job.outcome or error
            _deliver(ready)

    def _next_batch(self) -> list[_Job]:
        """Wait for a job, and take all that are there; none at the end."""
        batch: list[_Job] = []
        try:
            while len(batch) < _LARGEST_BATCH:
                job = self._jobs.get(block=not batch)
                if job is None:
                    if batch:
                        self._jobs.put(None)
                    break
                batch.append(job)
        except queue.Empty:
            pass
        return batch

    def _prepare(self, job: _Job) -> bool:
        """Prepare a job's image, or say why not in its outcome. False if it went to the thread of heavy images."""
        if len(job.data) > _LIGHT_BYTES or count_pixels(job.data) > _LIGHT_PIXELS:
            self._heavy.submit(self._prepare_heavy, job)
            return False
        self._prepare_now(job)
        return True

    def _prepare_now(self, job: _Job) -> None:
        started = time.perf_counter()
        try:
            job.prepared = self.classifier.prepare(job.data, self._max_pixels)
        except Exception as error:
            job.outcome = error
        job.decode_seconds = time.perf_counter() - started

    def _prepare_heavy(self, job: _Job) -> None:
        self._prepare_now(job)
        if job.outcome is None:
            self._jobs.put(job)
        else:
            _deliver([job])

    def _classify(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        started = time.perf_counter()
        inputs = [job.prepared for job in jobs if job.prepared is not None]
        predictions = self.classifier.predict(inputs)
        seconds = time.perf_counter() - started
        for job, prepared, prediction in zip(jobs, inputs, predictions, strict=True):
            job.outcome = Recognition(prepared, prediction, job.decode_seconds, seconds)


def _deliver(jobs: Sequence[_Job]) -> None:
    """Hand the outcomes to the event loop, all in one call."""
    if jobs:
        jobs[0].loop.call_soon_threadsafe(_settle, jobs)


def _settle(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # the request was given up
            continue
        if isinstance(job.outcome, Recognition):
            job.future.set_result(job.outcome)
        else:
            job.future.set_exception(job.outcome or RuntimeError("no outcome"))
