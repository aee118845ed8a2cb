"""One line for each request, for people or for machines, and never anything that was uploaded."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import sys
from datetime import UTC, datetime
from time import time
from typing import Literal, NamedTuple

from starlette.types import Scope

LogFormat = Literal["readable", "json"]


class RequestRecord(NamedTuple):
    """A request that has been answered; `scope` is its ASGI scope, `status` 0 if the client left before an answer."""

    request_id: str
    method: str
    path: str
    status: int
    seconds: float
    scope: Scope


class RequestLog:
    """Writes a line for each answered request to standard output: by itself, because the logging module's way to the
    same line takes as long as reading the upload."""

    def __init__(self, log_format: LogFormat) -> None:
        self._stream = sys.stdout or sys.stderr
        self._line = _json_line if log_format == "json" else _readable_line

    def write(self, request: RequestRecord) -> None:
        """Log an answered request. A line for which there is no room, or no letters, is lost; the server goes on."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(self._line(request))
            self._stream.flush()


def configure(log_format: LogFormat) -> None:
    """Send what else the application has to log to standard output, a line each."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _ReadableFormatter())
    logger = logging.getLogger("handwritten")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    # It warns of every garbled form, in a format of its own.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def _readable_line(request: RequestRecord) -> str:
    # repr: a path may hold line feeds, and must not forge a line.
    return (
        f"{_time(time())} {request.status} {request.method} {request.path!r} {1000 * request.seconds:.1f} ms "
        f"{_client(request.scope)} {request.request_id}\n"
    )


def _json_line(request: RequestRecord) -> str:
    line = {
        "time": _time(time()),
        "level": "info",
        "request_id": request.request_id,
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "milliseconds": round(1000 * request.seconds, 2),
        "client": _client(request.scope),
    }
    return json.dumps(line, ensure_ascii=False) + "\n"


class _ReadableFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_time(record.created)} {record.levelname.lower()} {super().format(record)}"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "message": super().format(record),
        }
        return json.dumps(line, ensure_ascii=False)


def _time(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1000):03d}+00:00"


@functools.lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "-"
