"""Ctrl-C and SIGTERM, which end the trainer with a message of one line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from training.errors import InterruptionError


def end_on_sigterm() -> None:
    """Handle SIGTERM, which platforms send to stop a process, like Ctrl-C."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def on_interruption(message: str) -> Iterator[None]:
    """Raise InterruptionError with this message if the block is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptionError(message) from None
