"""The answer to each exception. Its body is always {"detail": "…"}, for the person who sent the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from app.batching import OverloadedError
from app.correction_input import CorrectionError
from app.recognition.classifier import UnexplainedError
from app.recognition.decoding import ImageError, TooManyPixelsError, UnreadableImageError, UnsupportedFormatError
from app.recognition.preprocessing import NothingDrawnError
from app.recognition.reading import TooMuchWrittenError
from app.storage.errors import StorageError
from app.uploads import UploadError


class NotReadyError(HTTPException):
    """No model is loaded: the server is starting or shutting down."""

    def __init__(self) -> None:
        super().__init__(503, "The model is not loaded yet. Try again in a few seconds.", {"Retry-After": "2"})


class ErrorAnswer(NamedTuple):
    """The status, the detail and the headers of an error's answer."""

    status: int
    detail: str
    headers: Mapping[str, str] | None = None


_IMAGE_STATUS: dict[type[ImageError], int] = {
    UnreadableImageError: 400,
    TooManyPixelsError: 413,
    UnsupportedFormatError: 415,
    NothingDrawnError: 422,
    TooMuchWrittenError: 422,
}
# Instead of what Starlette says, which is the name of the status.
_ADVICE = {
    "Not Found": "There is nothing at this address. /docs lists the addresses that there are.",
    "Method Not Allowed": "This address does not take this method. /docs lists those that it takes.",
}
EXPECTED = (
    ImageError,
    UploadError,
    OverloadedError,
    CorrectionError,
    StorageError,
    UnexplainedError,
    RequestValidationError,
    StarletteHTTPException,
)


def describe(error: Exception) -> ErrorAnswer:
    """The answer to one of the expected errors. Raises any other error again."""
    match error:
        case ImageError():
            return ErrorAnswer(
                next(_IMAGE_STATUS[kind] for kind in type(error).mro() if kind in _IMAGE_STATUS), str(error)
            )
        case UploadError():
            return ErrorAnswer(error.status, error.detail, error.headers)
        case OverloadedError():
            return ErrorAnswer(503, "The server is busy. Try again in a second.", {"Retry-After": "1"})
        case CorrectionError():
            return ErrorAnswer(422, str(error))
        case UnexplainedError():
            return ErrorAnswer(503, str(error), {"Retry-After": "30"})
        case StorageError():
            return ErrorAnswer(503, str(error), {"Retry-After": "30"})
        case RequestValidationError():
            problems = (f"{problem['loc'][-1]}={problem['input']}: {problem['msg']}" for problem in error.errors())
            return ErrorAnswer(422, "; ".join(problems))
        case StarletteHTTPException():
            return ErrorAnswer(error.status_code, _ADVICE.get(error.detail, error.detail), error.headers)
    raise error


def add_handlers(app: FastAPI) -> None:
    """Have the application answer the expected errors."""
    for kind in EXPECTED:
        app.add_exception_handler(kind, _answer)


async def _answer(_: Request, error: Exception) -> JSONResponse:
    status, detail, headers = describe(error)
    return JSONResponse({"detail": detail}, status, headers)
