"""Connections that cost a client more than the server: uvicorn's, with limits on a request's head.

uvicorn itself lets a client take for ever over its request's head, and make it as long as it likes.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 32_768
HEAD_SECONDS = 10.0


class LimitedConnection(HttpToolsProtocol):
    """Closes a connection whose request's head is too long or takes too long to come."""

    _head_bytes = 0
    _in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head has to come in time, as every other."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is waited for."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; if the head is not all there yet, the clock runs."""
        super().data_received(data)
        if self._in_head and self._deadline is None and not self.transport.is_closing() and self._head_bytes:
            self._expect_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head_bytes, self._in_head = 1, True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, whole."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is all there."""
        self._in_head = False
        self._head_is_here()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """A request that cannot be parsed, or whose head is too long."""
        self._head_is_here()
        if self._head_bytes > MAX_HEAD_BYTES:
            msg = f"The request's head is longer than {MAX_HEAD_BYTES} bytes."
        super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise ValueError("head too long")  # the parser stops, and uvicorn answers 400

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._close)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self, *_: Any) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
