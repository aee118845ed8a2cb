"""Read the one uploaded image out of a request, without trusting it."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass

from starlette.requests import Request

from app.forms import Form, UploadError

# A client that was told too late reads no answer while it is still sending, so this much too much is swallowed first.
_PATIENCE = 4


@dataclass
class Room:
    """What uploads may cost: bytes and seconds for one, and bytes of all that are under way, which `held` counts."""

    max_bytes: int
    seconds: float
    max_held_bytes: int
    held: int = 0

    def account(self) -> Account:
        """What one upload takes of the room."""
        return Account(self)


class Account:
    """Bytes of the room that are given back at the end."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.held -= self._held

    def hold(self, count: int) -> None:
        """Take so many bytes more. Raises UploadError (503) if they are not there."""
        if self._room.held + count > self._room.max_held_bytes:
            raise UploadError(503, "The server is busy with other uploads. Try again in a second.", _SOON)
        self._held += count
        self._room.held += count


_SOON = {"Retry-After": "1", "Connection": "close"}


async def read_image(request: Request, room: Room, account: Account) -> bytes:
    """The bytes of the form field "image"; what arrives is held on the account.

    Raises UploadError: what Form raises; 413 for a body over the limit, whether or not its length was announced; 400
    for one that breaks off; 408 for one that takes too long; 503 if there is no room for it now.
    """
    form = Form(request.headers.get("content-type"))
    try:
        # Setting a timer takes longer than reading what is there already.
        there = request.scope.get("state", {}).get("received", False)
        async with nullcontext() if there else asyncio.timeout(room.seconds):
            await _feed(form, request, room.max_bytes, account)
    except TimeoutError as error:
        raise UploadError(
            408, f"The upload took longer than {room.seconds:g} s. Send a smaller image.", {"Connection": "close"}
        ) from error
    return form.image()


async def _feed(form: Form, request: Request, max_bytes: int, account: Account) -> None:
    received = 0
    more = True
    while more and received <= _PATIENCE * max_bytes:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise UploadError(400, "The upload broke off.")
        more = message.get("more_body", False)
        chunk = message.get("body", b"")
        received += len(chunk)
        if received <= max_bytes:
            account.hold(len(chunk))
            form.write(chunk)
    if received > max_bytes:
        raise UploadError(
            413, f"The upload is larger than {max_bytes / 1e6:g} MB. Send a smaller image.", {"Connection": "close"}
        )
