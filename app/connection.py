"""uvicorn's HTTP connection, with limits on slow and endless requests.

By itself, uvicorn waits without limit for the end of a request's head, for the end of a body that was answered before
it was complete, and for the next request after such a body. Its parser keeps a header field in memory until the field
ends. The limits on a body before its answer are in app/uploads.py.

When it shuts down, uvicorn closes idle connections at once, so that a request that is just arriving is lost.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_CLOSE = (b"connection", b"close")


class LimitedConnection(HttpToolsProtocol):
    """Closes a connection if a request's head is too long or takes too long to arrive, or if a body goes on too long
    after its answer."""

    max_head_bytes = 32_768
    head_seconds = 10.0
    # For how long a server that shuts down still answers a request on an idle connection.
    last_request_seconds = 0.5

    # Bytes of the address and of complete header fields.
    _field_bytes = 0
    # Bytes since the parser last called one of the methods below: of a header field that has not ended yet.
    _silent_bytes = 0
    _in_head = True
    # Whether the latest bytes ended a request and began no other one, so that the client may pause.
    _idle = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the first head."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse. The timer runs while a head, or the body of an answered request, is incomplete."""
        self._silent_bytes += len(data)
        self._idle = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._silent_bytes > self.max_head_bytes:
            self.send_400_response("")
        elif self._idle:
            self._keep_alive_after_early_answer()
        elif (self._in_head or self.cycle.response_complete) and self._deadline is None:
            self._start_timer()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._field_bytes = self._silent_bytes = 0
        self._in_head, self._idle = True, False
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Part of the address arrived."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field is complete."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._in_head = False
        self._silent_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of the body arrived."""
        self._silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete. The next one may begin later."""
        self._silent_bytes = 0
        self._in_head = self._idle = True
        self._stop_timer()
        super().on_message_complete()

    def shutdown(self) -> None:
        """The server shuts down: each further answer is the last one of its connection and says so in a header, and an
        idle connection is closed after `last_request_seconds`."""
        headers = self.server_state.default_headers  # of all answers, also those that are being made
        if _CLOSE not in headers:
            headers.append(_CLOSE)
        self.loop.call_later(self.last_request_seconds, super().shutdown)

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be parsed, or whose head is too long."""
        self._stop_timer()
        if max(self._field_bytes, self._silent_bytes) > self.max_head_bytes:
            msg = f"The request's head is longer than {self.max_head_bytes} bytes."
        super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._silent_bytes = 0
        self._field_bytes += size
        if self._field_bytes > self.max_head_bytes:
            raise ValueError("head too long")  # the parser stops, and uvicorn answers 400

    def _keep_alive_after_early_answer(self) -> None:
        """uvicorn's timer for idle connections was stopped by the rest of the body; start it again."""
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _start_timer(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self._too_late)

    def _stop_timer(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._start_timer()  # an earlier request on this connection has no answer yet
        elif not self.transport.is_closing():
            self.transport.close()
