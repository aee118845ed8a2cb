"""The application's middleware. Each does one thing. All are pure ASGI: Starlette's BaseHTTPMiddleware is slower."""

from __future__ import annotations

import logging
import random
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.html import STYLE_SOURCE
from app.metrics import Metrics
from app.static_files import StaticFolders

# An id that a client sends is used only if it cannot forge or break a line of the log.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'self'; style-src 'self' %b; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        b"form-action 'self'; frame-ancestors 'none'" % STYLE_SOURCE.encode(),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"geolocation=(), microphone=(), camera=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_ERROR = b'{"detail":"Something went wrong on the server. It has been logged; try again."}'
_ERROR_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ERROR))]

logger = logging.getLogger("handwritten")
request_logger = logging.getLogger("handwritten.requests")


class MetricsMiddleware:
    """Counts answers by route and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one answer. Its status is 0 if the client left before it began."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            self._metrics.count_request(_route(scope), status)


class RequestIdMiddleware:
    """Gives each request an id, the client's own if it sent one, and each answer the header X-Request-ID."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Mark one request and its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(scope)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
            await send(message)

        await self._app(scope, receive, send_marked)


class RequestLogMiddleware:
    """Logs one line for each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log one answer. Its status is 0 if the client left before it began."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_logged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_logged)
        finally:
            client = scope.get("client")
            fields = {
                "request_id": scope["request_id"].decode(),
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "milliseconds": round(1000 * (time.perf_counter() - started), 1),
                "client": client[0] if client else "-",
            }
            # %r: a path may hold line feeds and must not forge a line.
            line = "%(status)d %(method)s %(path)r %(milliseconds).1f ms %(client)s %(request_id)s"
            request_logger.info(line, fields, extra=fields)


class SecurityHeadersMiddleware:
    """Adds the headers that tell browsers what a page of ours may do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them to one answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, send_secured)


class UnexpectedErrorMiddleware:
    """Answers 500 for an exception without a handler, and logs its traceback.

    Starlette's own ServerErrorMiddleware would answer outside of all other middleware: without a request id and
    without security headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except Exception:
            logger.exception("request %s failed", scope["request_id"].decode())
            if not begun:
                await send({"type": "http.response.start", "status": 500, "headers": _ERROR_HEADERS})
                await send({"type": "http.response.body", "body": _ERROR})


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    # Ids have to differ, not to be secret; the operating system's random numbers take longer.
    return b"%016x" % random.getrandbits(64)


def _route(scope: Scope) -> str:
    """The path of the route that the router has put into the scope.

    All unknown paths are "other", or clients could add any number of counters.
    """
    if isinstance(scope.get("endpoint"), StaticFolders):
        return "/static"
    path: str = getattr(scope.get("route"), "path", "other")
    return path
