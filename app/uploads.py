"""Read the one uploaded image out of a request, without trusting it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

FIELD = "image"
_HINT = f'Send the image as multipart/form-data in a field named "{FIELD}".'
# A form has one field here; more parts than this are somebody trying.
_MAX_PARTS = 10
# A client that was told too late reads no answer while it is still sending, so this much too much is swallowed first.
_PATIENCE = 4


class UploadError(Exception):
    """A request that holds no usable upload. `detail` is for the person who sent it."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


@dataclass
class Room:
    """What uploads may cost: bytes and seconds for one, and bytes of all that are under way, which `held` counts."""

    max_bytes: int
    seconds: float
    max_held_bytes: int
    held: int = 0

    @contextmanager
    def account(self) -> Iterator[Callable[[int], None]]:
        """A function that takes so many bytes more of the room, which are given back at the end.

        It raises UploadError (503) if they are not there.
        """
        mine = 0

        def hold(count: int) -> None:
            nonlocal mine
            if self.held + count > self.max_held_bytes:
                raise UploadError(503, "The server is busy with other uploads. Try again in a second.", _SOON)
            mine += count
            self.held += count

        try:
            yield hold
        finally:
            self.held -= mine


_SOON = {"Retry-After": "1", "Connection": "close"}


async def read_image(request: Request, room: Room, hold: Callable[[int], None]) -> bytes:
    """The bytes of the form field "image"; `hold` is told of what arrives.

    Raises UploadError: 413 for a body over the limit, whether or not its length was announced; 422 for a request
    with no such field, with more than one, or with an empty one; 400 for a form that breaks off or is garbled; 408 for
    one that takes too long; 503 if there is no room for it now.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise UploadError(422, f"No image was sent. {_HINT}")
    form = _ImageField()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async with asyncio.timeout(room.seconds):
            await _feed(parser, request, room.max_bytes, hold)
    except TimeoutError as error:
        raise UploadError(
            408, f"The upload took longer than {room.seconds:g} s. Send a smaller image.", {"Connection": "close"}
        ) from error
    except ClientDisconnect as error:
        raise UploadError(400, "The upload broke off.") from error
    except FormParserError as error:
        raise UploadError(400, f"The form data is garbled. {_HINT}") from error
    if not form.complete:
        raise UploadError(400, "The form data ends too early. Send it again.")
    return form.image()


async def _feed(parser: MultipartParser, request: Request, max_bytes: int, hold: Callable[[int], None]) -> None:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received <= max_bytes:
            hold(len(chunk))
            parser.write(chunk)
        elif received > _PATIENCE * max_bytes:
            break
    if received > max_bytes:
        raise UploadError(
            413, f"The upload is larger than {max_bytes / 1e6:g} MB. Send a smaller image.", {"Connection": "close"}
        )


class _ImageField:
    """Collects the parts named "image" from the parser's events; everything else is dropped as it arrives."""

    def __init__(self) -> None:
        self.complete = False
        self._images: list[bytearray] = []
        self._current: bytearray | None = None
        self._parts = 0
        self._name = b""
        self._value = b""
        self._disposition = b""

    def callbacks(self) -> Any:
        """What the parser is to call."""
        return {
            "on_part_begin": self.begin_part,
            "on_header_field": self.header_name,
            "on_header_value": self.header_value,
            "on_header_end": self.end_header,
            "on_headers_finished": self.end_headers,
            "on_part_data": self.data,
            "on_end": self.end,
        }

    def begin_part(self) -> None:
        self._parts += 1
        self._current, self._disposition = None, b""
        if self._parts > _MAX_PARTS:
            raise UploadError(422, f"The form has more than {_MAX_PARTS} fields. {_HINT}")

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") == FIELD.encode():
            self._current = bytearray()
            self._images.append(self._current)

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._current is not None:
            self._current += data[start:end]

    def end(self) -> None:
        self.complete = True

    def image(self) -> bytes:
        if len(self._images) > 1:
            raise UploadError(422, f'The form has several fields named "{FIELD}". Send one image at a time.')
        if not self._images or not self._images[0]:
            raise UploadError(422, f"No image was sent. {_HINT}")
        return bytes(self._images[0])
