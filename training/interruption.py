"""Ctrl-C and a platform's SIGTERM, which are told in one line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from training.errors import InterruptionError


def end_on_sigterm() -> None:
    """Make a platform's way of stopping as good as Ctrl-C."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def told(message: str) -> Iterator[None]:
    """Raises InterruptionError with this message if what is done here is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptionError(message) from None
