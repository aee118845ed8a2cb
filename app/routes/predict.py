"""The API: /predict."""

from __future__ import annotations

import base64
import io
import time
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from PIL import Image
from pydantic import BaseModel
from pydantic_core import to_json

from app.batching import Recogniser, Recognition
from app.forms import FIELD
from app.recognition.segmentation import Grey
from app.uploads import read_image

# Uploads come by app.shortcut; here /predict is documented, and other methods than POST are refused.
router = APIRouter()


class PredictionAnswer(BaseModel):
    """The most probable class, and the probability of every class in class order; `known` is false for what is probably
    none of them.

    `input` is there only if it was asked for: what the network saw, as the data URL of a PNG image.
    """

    label: str
    confidence: float
    known: bool
    probabilities: dict[str, float]
    input: str | None = None


class ErrorAnswer(BaseModel):
    """What went wrong and what to do about it."""

    detail: str


def ready_recogniser(request: Request) -> Recogniser:
    """What answers, or 503 while it cannot."""
    recogniser: Recogniser | None = request.app.state.recogniser
    if recogniser is None:
        raise HTTPException(503, "The model is not loaded yet. Try again in a few seconds.", {"Retry-After": "2"})
    return recogniser


_FORM = {
    "type": "object",
    "required": [FIELD],
    "properties": {FIELD: {"type": "string", "format": "binary", "description": "PNG, JPEG, WebP, GIF or BMP"}},
}
_INCLUDE = {
    "name": "include",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": ["input"]},
    "description": "`input`: add what the network saw, as the data URL of a PNG image",
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "Not a readable image"},
    408: {"model": ErrorAnswer, "description": "The upload took too long to arrive"},
    413: {"model": ErrorAnswer, "description": "Too many bytes or pixels"},
    415: {"model": ErrorAnswer, "description": "An image format that is not offered"},
    422: {"model": ErrorAnswer, "description": "No image field, or nothing is drawn"},
    500: {"model": ErrorAnswer, "description": "A fault of the server, which has been logged"},
    503: {"model": ErrorAnswer, "description": "Not ready, or too busy; Retry-After says when to come back"},
}


@router.post(
    "/predict",
    summary="Recognise a character",
    responses={200: {"model": PredictionAnswer, "content": {"text/plain": {"example": "7"}}}, **_ERRORS},
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}},
        "parameters": [_INCLUDE],
    },
)
async def predict(request: Request) -> Response:
    """Send an image of one character: dark on light or light on dark, anywhere in the picture, drawn or photographed.

    The answer is JSON; with `Accept: text/plain`, the bare label.
    """
    recognition = await recognise(request)
    prediction = recognition.prediction
    if prefers_plain_text(request.headers.get("accept", "")):
        return PlainTextResponse(prediction.label)
    answer: dict[str, Any] = {
        "label": prediction.label,
        "confidence": prediction.confidence,
        "known": prediction.known,
        "probabilities": prediction.probabilities,
    }
    if request.scope["query_string"] and request.query_params.get("include") == "input":
        answer["input"] = _data_url(recognition.prepared)
    return Response(to_json(answer), media_type="application/json")


async def recognise(request: Request) -> Recognition:
    """Read the request's upload, within the limits, recognise it, and count that."""
    state = request.app.state
    recogniser = ready_recogniser(request)
    try:
        with recogniser.admitted(), state.room.account() as account:
            state.metrics.set_queue_depth(recogniser.waiting)
            recognition = await recogniser.recognise(await read_image(request, state.room, account))
    finally:
        state.metrics.set_queue_depth(recogniser.waiting)
    seconds = time.perf_counter() - request.scope["started"]
    state.metrics.count_prediction(
        recognition, seconds, recognition.prediction.confidence < state.settings.unsure_below
    )
    return recognition


def _data_url(pixels: Grey) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def prefers_plain_text(accept: str) -> bool:
    """Whether an Accept header (RFC 9110, 12.5.1) ranks text/plain above JSON; JSON wins a draw."""
    quality = {"text/plain": 0.0, "application/json": 0.0}
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        if kind in quality:
            weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
            try:
                quality[kind] = float(weights[0]) if weights else 1.0
            except ValueError:
                quality[kind] = 1.0
    return quality["text/plain"] > quality["application/json"]
