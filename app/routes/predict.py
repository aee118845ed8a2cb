"""POST /predict: recognise a character."""

from __future__ import annotations

import base64
import time
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import to_json

from app.batching import Recognition
from app.models import PARAMETER, ready_classifier
from app.recognition.pictures import png
from app.uploads import FIELD

router = APIRouter()
_EXAMPLE: JsonDict = {"label": "7", "confidence": 0.9987, "known": True, "probabilities": {"1": 0.0013, "7": 0.9987}}


INK = (
    "The ink that was found, as the data URL of a PNG image that lies over the whole upright upload, at most 480 "
    "pixels wide and high: black, opaque where what was read is, fainter where other ink was found, transparent "
    "elsewhere. Null if the model does not look for ink"
)


class PredictionAnswer(BaseModel):
    """The most probable class, its probability, and the probability of every class in class order.

    `input` and `ink` are only in the answer if they were asked for.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    label: str = Field(description="The most probable class")
    confidence: float = Field(description="Its probability", ge=0, le=1)
    known: bool = Field(description="False for what is probably none of the classes")
    probabilities: dict[str, float] = Field(description="The probability of every class; they add up to 1")
    input: str | None = Field(None, description="The network's input, as the data URL of a PNG image")
    ink: str | None = Field(None, description=INK)


class ErrorAnswer(BaseModel):
    """An error."""

    detail: str = Field(
        description="What is wrong, and what to do", examples=["No image was sent. Send the image as …"]
    )


FORM = {
    "type": "object",
    "required": [FIELD],
    "properties": {FIELD: {"type": "string", "format": "binary", "description": "A PNG, JPEG, WebP, GIF or BMP file"}},
}
# Declared as an argument of the function, it would cost each request 3 % of its time.
_INCLUDE = {
    "name": "include",
    "in": "query",
    "required": False,
    "schema": {"type": "array", "items": {"type": "string", "enum": ["input", "ink"]}},
    "description": "`input` adds the network's input to the answer, `ink` the ink that was found; both: "
    "`include=input&include=ink`",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "Not a readable image"},
    404: {"model": ErrorAnswer, "description": "No such model; the detail lists those that there are"},
    408: {"model": ErrorAnswer, "description": "The upload took too long to arrive"},
    413: {"model": ErrorAnswer, "description": "Too many bytes or pixels"},
    415: {"model": ErrorAnswer, "description": "Another image format"},
    422: {"model": ErrorAnswer, "description": "No image field, nothing drawn, or a wrong parameter"},
    500: {"model": ErrorAnswer, "description": "An error in the server; it has been logged"},
    503: {"model": ErrorAnswer, "description": "Not ready, or too busy; Retry-After says when to try again"},
}


@router.post(
    "/predict",
    summary="Recognise a character",
    responses={200: {"model": PredictionAnswer, "content": {"text/plain": {"example": "7"}}}, **ERRORS},
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}},
        "parameters": [_INCLUDE, PARAMETER],
    },
)
async def predict(request: Request) -> Response:
    """Send an image of one character: dark on light or light on dark, anywhere in the image, drawn or photographed.

    The answer is JSON; with `Accept: text/plain` it is the label alone. `X-Model-Version` says which model answered.
    """
    included = included_parts(request, "input", "ink")
    recognition = await recognise(request, "ink" in included)
    prediction = recognition.prediction
    headers = {"X-Model-Version": recognition.model.version}
    if prefers_plain_text(request.headers.get("accept", "")):
        return PlainTextResponse(prediction.label, headers=headers)
    answer = prediction._asdict()
    if "input" in included:
        answer["input"] = data_url(png(recognition.preprocessed))
    if "ink" in included:
        answer["ink"] = recognition.ink and data_url(recognition.ink)
    return Response(to_json(answer), media_type="application/json", headers=headers)


async def recognise(request: Request, show_ink: bool = False) -> Recognition:
    """Receive the request's image, classify it, and count that."""
    state = request.app.state
    classifier = ready_classifier(request)
    started = time.perf_counter()
    async with state.uploads.received(request) as upload:
        recognition = await classifier.classify(upload.image, show_ink)
    prediction = recognition.prediction
    sureness = recognition.model.sureness(prediction.label, prediction.probabilities)
    unsure = sureness < state.settings.unsure_below
    state.metrics.count_prediction(recognition, time.perf_counter() - started, unsure)
    return recognition


def included_parts(request: Request, *offered: str) -> set[str]:
    """Which of the parts that are offered `include` asks for. Raises HTTPException (422) for another."""
    included = set(request.query_params.getlist("include")) if request.scope["query_string"] else set()
    for unknown in included.difference(offered):
        together = {1: "", 2: " or both"}.get(len(offered), " or several of them")
        each = ", ".join(f"include={part}" for part in offered) + together
        raise HTTPException(422, f"include={unknown[:50]} is not offered. Send {each}, or leave it out.")
    return included


def data_url(file: bytes) -> str:
    """Put a PNG file into a data URL (RFC 2397)."""
    return f"data:image/png;base64,{base64.b64encode(file).decode()}"


def prefers_plain_text(accept: str) -> bool:
    """Whether an Accept header (RFC 9110, 12.5.1) prefers text/plain to JSON; if it prefers neither, JSON it is."""
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
