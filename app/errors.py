"""Which status each failure becomes. The body is always {"detail": "…"}, in words for the person who sent it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import HTTPException
from fastapi.responses import JSONResponse

from app.batching import OverloadedError
from app.forms import UploadError
from app.recognition.decoding import (
    ImageError,
    TooManyPixelsError,
    UnreadableImageError,
    UnsupportedFormatError,
)
from app.recognition.preprocessing import NothingDrawnError

_STATUS: dict[type[ImageError], int] = {
    UnreadableImageError: 400,
    TooManyPixelsError: 413,
    UnsupportedFormatError: 415,
    NothingDrawnError: 422,
}


def answer(error: Exception) -> JSONResponse:
    """What the client is told of a failure. Raises what is nobody's fault but the server's."""
    match error:
        case ImageError():
            return _detail(str(error), next(_STATUS[kind] for kind in type(error).mro() if kind in _STATUS))
        case UploadError():
            return _detail(error.detail, error.status, error.headers)
        case OverloadedError():
            return _detail("The server is busy. Try again in a second.", 503, {"Retry-After": "1"})
        case HTTPException():
            return _detail(error.detail, error.status_code, error.headers)
    raise error


def _detail(detail: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
