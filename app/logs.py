"""One line for each request, for people or for machines, and never anything that was uploaded."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from starlette.types import Scope

LogFormat = Literal["readable", "json"]


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request that has been answered; `scope` is its ASGI scope, `status` 0 if the client left before an answer."""

    request_id: str
    method: str
    path: str
    status: int
    seconds: float
    scope: Scope


def configure(log_format: LogFormat) -> None:
    """Send the application's log to standard output, a line each."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _ReadableFormatter())
    for name in ("handwritten", "handwritten.requests"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
    # It warns of every garbled form, in a format of its own.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def log_request(record: RequestRecord) -> None:
    """Log an answered request."""
    _requests.info("%s %s", record.method, record.path, extra={"request": record})


_requests = logging.getLogger("handwritten.requests")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _ReadableFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        request: RequestRecord | None = getattr(record, "request", None)
        if request is None:
            return f"{_time(record)} {record.levelname.lower()} {super().format(record)}"
        # repr: a path may hold line feeds, and must not forge a line.
        return (
            f"{_time(record)} {request.status} {request.method} {request.path!r} {1000 * request.seconds:.1f} ms "
            f"{_client(request.scope)} {request.request_id}"
        )


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        request: RequestRecord | None = getattr(record, "request", None)
        line: dict[str, object] = {"time": _time(record), "level": record.levelname.lower()}
        if request is None:
            line["message"] = super().format(record)
        else:
            line |= {
                "request_id": request.request_id,
                "method": request.method,
                "path": request.path,
                "status": request.status,
                "milliseconds": round(1000 * request.seconds, 2),
                "client": _client(request.scope),
            }
        return json.dumps(line, ensure_ascii=False)


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "-"
