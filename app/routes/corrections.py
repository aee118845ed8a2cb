"""POST /corrections: a person says what a drawing is; DELETE /corrections/{id}: and takes it back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from limits.strategies import RateLimiter
from pydantic import BaseModel, Field

from app.batching import BatchingClassifier
from app.client_address import network_of
from app.correction_input import clean_image, parse_label, parse_strokes, parse_version, parse_writer
from app.models import PARAMETER, chosen_other, ready_classifier
from app.routes.predict import ERRORS, ErrorAnswer
from app.settings import Settings
from app.storage.records import NONE_OF_THESE, NewCorrection
from app.storage.storage import Storage
from app.uploads import FIELD

if TYPE_CHECKING:
    from sqlalchemy import Connection

router = APIRouter()
_DAY = 86_400  # seconds

Ready = Annotated[BatchingClassifier, Depends(ready_classifier)]


class CorrectionAnswer(BaseModel):
    """A stored correction. It is kept until its id is deleted, or an operator deletes it."""

    id: str = Field(description="DELETE /corrections/{id} takes it back. Nobody else knows this id.")


_FORM = {
    "type": "object",
    "required": [FIELD, "label"],
    "properties": {
        FIELD: {"type": "string", "format": "binary", "description": "The image file that /predict got"},
        "label": {"type": "string", "description": f"What it is: a class of /model, or `{NONE_OF_THESE}`"},
        "strokes": {
            "type": "string",
            "description": "The drawing as JSON: a list of strokes, each a list of [x, y] on the 280-unit paper",
        },
        "writer": {"type": "string", "description": "A random id, the same for all drawings of one person"},
        "version": {"type": "string", "description": "The version of the model that answered"},
    },
}
_TOO_MANY = {"model": ErrorAnswer, "description": "Too many from this address; Retry-After says when to try again"}
_NOT_STORED = {"model": ErrorAnswer, "description": "Not ready, too busy, or the database cannot be used"}
_ERRORS: dict[int | str, dict[str, Any]] = {
    **ERRORS,
    422: {"model": ErrorAnswer, "description": "The label is not a class, another field is wrong, or nothing is drawn"},
    429: _TOO_MANY,
    503: _NOT_STORED,
}


@router.post(
    "/corrections",
    status_code=201,
    summary="Say what a drawing is",
    responses=_ERRORS,
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}},
        "parameters": [PARAMETER],
    },
)
async def add(request: Request, classifier: Ready) -> CorrectionAnswer:
    """Store a drawing with its right label, whether the model was wrong or right, for a person to review.

    Only what is sent here is kept, and no address with it. An image is stored without its metadata.
    """
    state = request.app.state
    settings: Settings = state.settings
    model = classifier.classifier.model
    async with state.uploads.received(request) as upload:
        _limit_rate(request, "corrections")
        label = parse_label(upload.fields.get("label"), model.classes)
        strokes = parse_strokes(upload.fields.get("strokes"))
        writer = parse_writer(upload.fields.get("writer"))
        version = parse_version(upload.fields.get("version")) or model.version
        prediction = (await classifier.classify(upload.image)).prediction
        image = await asyncio.to_thread(clean_image, upload.image, settings.max_pixels)
    agreement = 1 - prediction.confidence if label is None else prediction.probabilities[label]
    correction = NewCorrection(
        label,
        image,
        strokes,
        writer,
        version,
        prediction.label,
        prediction.confidence,
        agreement,
        chosen_other(request),
    )
    storage: Storage = state.storage
    number = await storage.write(_add, correction, settings.max_waiting_corrections)
    if number is None:
        detail = "Enough corrections wait for review already. Thank you; try again another day."
        raise HTTPException(503, detail, {"Retry-After": str(_DAY)})
    state.metrics.count_correction(NONE_OF_THESE if label is None else label, label == prediction.label)
    return CorrectionAnswer(id=number)


@router.delete(
    "/corrections/{id}",
    status_code=204,
    summary="Take a correction back",
    responses={
        404: {"model": ErrorAnswer, "description": "No correction has this id"},
        # Any text is an id that may be unknown, so nothing gets a 422. Left out, FastAPI would describe its own form.
        422: {"model": ErrorAnswer},
        429: _TOO_MANY,
        503: _NOT_STORED,
    },
)
async def withdraw(request: Request, number: Annotated[str, Path(alias="id")]) -> Response:
    """Delete a stored correction for good. Models that have learned from it by then stay as they are."""
    _limit_rate(request, "withdrawals")
    if not await request.app.state.storage.write(_withdraw, number):
        raise HTTPException(404, "There is no correction with this id. It may have been deleted before.")
    return Response(status_code=204)


def _add(connection: Connection, correction: NewCorrection, most_waiting: int) -> str | None:
    """Store a correction and return its id, or None if too many wait for review."""
    from app.storage import corrections  # not before it is needed, see Storage

    if corrections.count_waiting(connection) >= most_waiting:
        return None
    return corrections.add(connection, correction)


def _withdraw(connection: Connection, number: str) -> bool:
    from app.storage import corrections

    return corrections.withdraw(connection, number)


def _limit_rate(request: Request, what: str) -> None:
    """Count a request of the client's address, in memory. Raises HTTPException (429) if there are too many."""
    settings: Settings = request.app.state.settings
    limiter: RateLimiter = request.app.state.rate_limiter
    limit = settings.correction_limit
    if not limiter.hit(limit, what, network_of(request)):
        raise HTTPException(
            429,
            "Too many corrections came from your address in a short time. Thank you; try again later.",
            {"Retry-After": str(limit.get_expiry())},
        )
