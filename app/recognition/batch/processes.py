"""All cores of one machine: a process for each, with a network of one thread; chunks of names in, rows out, in order.

Only a few chunks are in progress at a time, so that the memory needed does not depend on how many files there are.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType

from app.recognition.batch.answers import KILLED, Reader, Row, failed
from app.recognition.batch.errors import BatchError
from app.recognition.classifier import Classifier

# Files that a process reads at once. More would gain nothing, and be lost when it is stopped.
CHUNK = 32
# Chunks in progress for each process: so many that none waits while the first of them takes long.
_AHEAD = 4

_reader: Reader


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def chunks(names: Iterator[str], size: int = CHUNK) -> Iterator[list[str]]:
    """Names in lists of this size; the last may be shorter."""
    while chunk := list(itertools.islice(names, size)):
        yield chunk


class Processes:
    """Processes that read files by the same model. If one is killed, the files in progress are read again, one by one;
    a file that kills its process again gets a row that says so."""

    def __init__(self, model: Path, contents: bytes, several: bool, workers: int) -> None:
        """`contents` are those of the model's file, `model` what messages call it."""
        self._arguments = (model, contents, several)
        self._workers = workers
        self._pool = self._started()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def __call__(self, names: Iterator[str]) -> Iterator[list[Row]]:
        """Rows, in the order of the names, in lists of any length. Raises BatchError if no process stays alive."""
        waiting = chunks(names)
        pending: deque[tuple[list[str], Future[list[Row]]]] = deque()
        while True:
            for chunk in itertools.islice(waiting, self._workers * _AHEAD - len(pending)):
                pending.append((chunk, self._submit(chunk)))
            if not pending:
                return
            try:
                rows = pending[0][1].result()
            except BrokenProcessPool:
                self._restart()
                for chunk, _ in pending:
                    yield [self._alone(name) for name in chunk]
                pending.clear()
            else:
                pending.popleft()
                yield rows

    def _started(self) -> ProcessPoolExecutor:
        # A fork would copy threads' locks, of ONNX Runtime for one.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, context, _start, self._arguments)

    def _restart(self) -> None:
        # The pool ends its processes when one is killed, but not one that is just being started. It would then wait for
        # that one for ever (seen in Python 3.11).
        for process in multiprocessing.active_children():
            process.terminate()
        self._pool.shutdown(wait=True)
        self._pool = self._started()
        try:
            self._submit([]).result()
        except BrokenProcessPool as error:
            raise BatchError(
                "the processes that read files end at once. Is there memory for them? Try --workers 1."
            ) from error

    def _submit(self, names: Sequence[str]) -> Future[list[Row]]:
        try:
            with _uninterrupted():  # the first one starts the processes
                return self._pool.submit(_rows, names)
        except BrokenProcessPool as error:  # reported when its turn comes
            future: Future[list[Row]] = Future()
            future.set_exception(error)
            return future

    def _alone(self, name: str) -> Row:
        try:
            return self._submit([name]).result()[0]
        except BrokenProcessPool:
            self._restart()
            return failed(name, KILLED)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until this ends: a process that gets only half of its arguments prints a traceback."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    for one in before:
        signal.signal(one, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        for number in received:
            signal.raise_signal(number)


def _start(model: Path, contents: bytes, several: bool) -> None:
    """In a new process: load the model."""
    global _reader
    # Ctrl-C reaches every process; the first one tells the others to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _reader = Reader(Classifier.load(model, contents), several)


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for names for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _rows(names: Sequence[str]) -> list[Row]:
    return _reader(names)
