"""Connections that cost a client more than the server: uvicorn's, with limits on what is not yet, or no longer, a body.

uvicorn itself lets a client take for ever over its request's head, and make it as long as it likes; and its parser
collects a header field, or what may follow a body, until it ends.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class LimitedConnection(HttpToolsProtocol):
    """Closes a connection whose request's head is too long or takes too long to come, or that goes on sending at its
    leisure what was answered already."""

    max_head_bytes = 32_768
    head_seconds = 10.0

    # Bytes of the request's fields; and bytes since the parser last had something to report, of a field that may never
    # end, or of nothing at all.
    _field_bytes = 0
    _silent_bytes = 0
    _in_head = True
    # Whether the latest bytes may be followed by a pause: they ended a request, and began no other.
    _at_rest = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head has to come in time, as every other."""
        super().connection_made(transport)
        self.transport: Any = OnePacket(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is waited for."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; the clock runs for a head that is not all there, and for the rest of an answered request."""
        self._silent_bytes += len(data)
        self._at_rest = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._silent_bytes > self.max_head_bytes:
            self.send_400_response("")
        elif not self._at_rest and (self._in_head or self.cycle.response_complete) and self._deadline is None:
            self._start_clock()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._field_bytes = self._silent_bytes = 0
        self._in_head, self._at_rest = True, False
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
        self._silent_bytes = 0
        self._stop_clock()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of the body, whose limits are the application's."""
        self._silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is all there; the next one may take its time to begin."""
        self._silent_bytes = 0
        self._in_head = self._at_rest = True
        self._stop_clock()
        # Nobody has to wait for the body any more.
        self.scope["state"]["received"] = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is all there, even if it was a head alone."""
        self.transport.flush()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """A request that cannot be parsed, or whose head is too long."""
        self._stop_clock()
        if max(self._field_bytes, self._silent_bytes) > self.max_head_bytes:
            msg = f"The request's head is longer than {self.max_head_bytes} bytes."
        super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._silent_bytes = 0
        self._field_bytes += size
        if self._field_bytes > self.max_head_bytes:
            raise ValueError("head too long")  # the parser stops, and uvicorn answers 400

    def _start_clock(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self._too_late)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._start_clock()  # an earlier request on this connection still awaits its answer
        elif not self.transport.is_closing():
            self.transport.close()


class OnePacket:
    """A transport that sends the head of an answer together with what follows: uvicorn writes them one by one, and each
    would be a packet of its own."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send, or keep for the next time."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send what was kept."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Send what was kept, and nothing more."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
