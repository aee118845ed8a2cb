"""What every answer has in common: a request id, security headers, a line in the log, a count in the metrics."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import State
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.logs import RequestLog, RequestRecord

# A caller's own id is taken over if it could not garble a log.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SECURITY = [
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        b"frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"geolocation=(), microphone=(), camera=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_ERROR = b'{"detail":"Something went wrong on the server. It has been logged; try again."}'

logger = logging.getLogger("handwritten")


class RequestMiddleware:
    """ASGI middleware, outside of everything else. `state` is the application's, with its metrics."""

    def __init__(self, app: ASGIApp, state: State, log: RequestLog | None) -> None:
        self._app = app
        self._state = state
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; an exception that nobody caught becomes a 500 and a traceback in the log."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope["started"] = started
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id), *_SECURITY]
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
        except Exception:
            logger.exception("request %s failed", request_id.decode())
            if not status:
                headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ERROR))]
                await send_marked({"type": "http.response.start", "status": 500, "headers": headers})
                await send({"type": "http.response.body", "body": _ERROR})
        finally:
            self._state.metrics.count_request(_route(scope), status)
            if self._log:
                self._log.write(
                    RequestRecord(
                        request_id.decode(),
                        scope["method"],
                        scope["path"],
                        status,
                        time.perf_counter() - started,
                        scope,
                    )
                )


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return secrets.token_hex(8).encode()


def _route(scope: Scope) -> str:
    """The path if it is one of ours, without what makes each file of /static different."""
    path: str = scope["path"]
    return "/static" if path.startswith("/static/") else path
