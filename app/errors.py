"""Which status each failure becomes. The body is always {"detail": "…"}, in words for the person who sent it."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app.recogniser import OverloadedError
from app.recognition.decoding import (
    ImageError,
    TooManyPixelsError,
    UnreadableImageError,
    UnsupportedFormatError,
)
from app.recognition.imaging import NothingDrawnError
from app.uploads import UploadError

_STATUS: dict[type[ImageError], int] = {
    UnreadableImageError: 400,
    TooManyPixelsError: 413,
    UnsupportedFormatError: 415,
    NothingDrawnError: 422,
}


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(ImageError, _image_error)
    app.add_exception_handler(UploadError, _upload_error)
    app.add_exception_handler(OverloadedError, _overloaded)


def _image_error(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, next(_STATUS[kind] for kind in type(error).mro() if kind in _STATUS))


def _upload_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UploadError)
    return JSONResponse({"detail": error.detail}, error.status, error.headers)


def _overloaded(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"detail": "The server is busy. Try again in a second."}, 503, {"Retry-After": "1"})
