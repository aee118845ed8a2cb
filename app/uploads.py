"""Receive the one uploaded image of a request, with the form's other fields, within limits on size, time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

FIELD = "image"
MAX_FIELDS = 10
_HINT = f'Send the image as multipart/form-data, as a file in a field named "{FIELD}".'
# Most clients read no answer before they have sent everything. So a body that is too large is read to its end, or to
# this multiple of the limit, and discarded; then the connection is closed.
_READ_ON = 4
# uvicorn buffers this much of every connection before the application sees it. Counting it again would let a few
# clients that send large files slowly use up the memory that everybody's drawings need.
_UNCOUNTED_BYTES = 65_536


class UploadError(Exception):
    """A request without a usable upload: the answer's status, a detail for the person who sent it, and headers."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


@dataclass(frozen=True)
class UploadLimits:
    """Limits on one upload, in bytes and seconds, and on the bytes of all uploads in this process."""

    max_bytes: int
    seconds: float
    max_held_bytes: int


@dataclass(frozen=True)
class Upload:
    """A form: the bytes of its file "image", and the text of its other fields by name."""

    image: bytes
    fields: Mapping[str, str]


class Uploads:
    """Receives uploads. `held_bytes` is the memory that those being handled take."""

    def __init__(self, limits: UploadLimits) -> None:
        self.limits = limits
        self.held_bytes = 0

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[Upload]:
        """The form's file "image" and its other fields. Their memory is counted until the block ends.

        Raises UploadError: 400 for a form that is damaged or ends too early; 408 if it takes too long to arrive; 413 if
        the body is too large; 422 without an image, with too many fields, or with two of one name; 503 if all uploads
        together take too much memory.
        """
        held = 0

        def hold(count: int) -> None:
            nonlocal held
            if self.held_bytes + count > self.limits.max_held_bytes:
                detail = "The server is busy with other uploads. Try again in a second."
                raise UploadError(503, detail, {"Retry-After": "1", "Connection": "close"})
            held += count
            self.held_bytes += count

        try:
            try:
                async with asyncio.timeout(self.limits.seconds):
                    upload = await _read_form(request, self._limited(request, hold))
            except TimeoutError as error:
                detail = f"The upload took longer than {self.limits.seconds:g} s. Send a smaller image."
                raise UploadError(408, detail, {"Connection": "close"}) from error
            yield upload
        finally:
            self.held_bytes -= held

    async def _limited(self, request: Request, hold: Callable[[int], None]) -> AsyncGenerator[bytes, None]:
        """The request's body as it arrives. Raises UploadError beyond a limit."""
        max_bytes = self.limits.max_bytes
        received = counted = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received <= max_bytes:
                if received > counted + _UNCOUNTED_BYTES:
                    hold(received - _UNCOUNTED_BYTES - counted)
                    counted = received - _UNCOUNTED_BYTES
                yield chunk
            elif received > _READ_ON * max_bytes:
                break
        if received > max_bytes:
            detail = f"The upload is larger than {max_bytes / 1e6:g} MB. Send a smaller image."
            raise UploadError(413, detail, {"Connection": "close"})


class _FormParser(MultiPartParser):
    """Starlette's parser, which keeps files in memory, counts all fields alike and notices a missing end."""

    spool_max_size = 0  # never write to disk
    _fields = 0
    complete = False

    def on_part_begin(self) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise UploadError(422, f"The form has more than {MAX_FIELDS} fields. {_HINT}")
        super().on_part_begin()

    def on_end(self) -> None:
        self.complete = True
        super().on_end()


async def _read_form(request: Request, body: AsyncGenerator[bytes, None]) -> Upload:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UploadError(422, f"No image was sent. {_HINT}")
    parser = _FormParser(request.headers, body)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise UploadError(400, f"The form data cannot be read: {error.message.rstrip('.')}. {_HINT}") from error
    except ClientDisconnect as error:
        raise UploadError(400, "The upload ended too early.") from error
    try:
        if not parser.complete:
            raise UploadError(400, "The form data ends too early. Send it again.")
        _require_each_once([name for name, _ in form.multi_items()])
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return Upload(await _image(form.get(FIELD)), fields)
    finally:
        await form.close()


def _require_each_once(names: list[str]) -> None:
    # Of two labels, none is certain.
    for name in names:
        if names.count(name) > 1:
            raise UploadError(
                422, f'The form has several fields named "{name[:50]}". Send one, and one image at a time.'
            )


async def _image(value: Any) -> bytes:
    if not isinstance(value, UploadFile):
        raise UploadError(422, f"No image was sent. {_HINT}")
    image = await value.read()
    if not image:
        raise UploadError(422, "No image was sent, only an empty file. Choose an image.")
    return image
