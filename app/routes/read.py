"""POST /read: recognise every character of an image."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import to_json

from app.models import PARAMETER, ready_classifier
from app.recognition.pictures import png
from app.recognition.reading import Character
from app.routes.predict import ERRORS, FORM, INK, data_url, included_parts, prefers_plain_text

router = APIRouter()
_EXAMPLE: JsonDict = {
    "text": "42",
    "confidence": 0.9741,
    "characters": [
        {"label": "4", "confidence": 0.9987, "known": True, "box": [31, 64, 112, 208]},
        {"label": "2", "confidence": 0.9754, "known": True, "box": [140, 70, 219, 203]},
    ],
}


class CharacterAnswer(BaseModel):
    """One character. `probabilities` and `input` are only there if they were asked for."""

    label: str = Field(description="The most probable class")
    confidence: float = Field(description="Its probability", ge=0, le=1)
    known: bool = Field(description="False for what is probably none of the classes")
    box: tuple[int, int, int, int] = Field(
        description="Left, top, right and bottom in pixels of the upload, turned upright if its EXIF data say so"
    )
    probabilities: dict[str, float] | None = Field(None, description="The probability of every class")
    input: str | None = Field(None, description="The network's input, as the data URL of a PNG image")


class ReadingAnswer(BaseModel):
    """All characters in reading order: lines from top to bottom, each from left to right.

    `ink` is only in the answer if it was asked for.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    text: str = Field(description="All labels, without spaces; lines are separated by a line feed")
    confidence: float = Field(description="The product of all confidences: how probably all is right", ge=0, le=1)
    characters: list[CharacterAnswer] = Field(description="At least one", min_length=1)
    ink: str | None = Field(None, description=INK)


_INCLUDE = {
    "name": "include",
    "in": "query",
    "required": False,
    "schema": {"type": "array", "items": {"type": "string", "enum": ["probabilities", "input", "ink"]}},
    "description": "`probabilities` adds the probability of every class to each character, `input` the network's "
    "input; `ink` adds the ink that was found; several: `include=probabilities&include=ink`",
}
_READING_ERRORS = {
    **ERRORS,
    422: {
        **ERRORS[422],
        "description": "No image field, nothing drawn, a wrong parameter, or more than 200 characters",
    },
}


@router.post(
    "/read",
    summary="Recognise several characters",
    responses={200: {"model": ReadingAnswer, "content": {"text/plain": {"example": "42"}}}, **_READING_ERRORS},
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}},
        "parameters": [_INCLUDE, PARAMETER],
    },
)
async def read(request: Request) -> Response:
    """Send an image of up to 200 characters, in one line or several. A single one is read as /predict reads it.

    The answer is JSON; with `Accept: text/plain` it is the text alone. What is far more probably no character than one,
    as dots, dashes and printed lines are, is left out. `X-Model-Version` says which model answered.
    """
    included = included_parts(request, "probabilities", "input", "ink")
    state = request.app.state
    classifier = ready_classifier(request)
    started = time.perf_counter()
    async with state.uploads.received(request) as upload:
        reading = await classifier.read(upload.image, "ink" in included)
    model = classifier.classifier.model
    state.metrics.count_reading(reading, model, time.perf_counter() - started, state.settings.unsure_below)
    headers = {"X-Model-Version": model.version}
    if prefers_plain_text(request.headers.get("accept", "")):
        return PlainTextResponse(reading.text, headers=headers)
    answer: dict[str, Any] = {
        "text": reading.text,
        "confidence": reading.confidence,
        "characters": [_answer(character, included) for character in reading.characters],
    }
    if "ink" in included:
        answer["ink"] = reading.ink and data_url(reading.ink)
    return Response(to_json(answer), media_type="application/json", headers=headers)


def _answer(character: Character, included: set[str]) -> dict[str, Any]:
    label, confidence, known, probabilities = character.prediction
    answer: dict[str, Any] = {"label": label, "confidence": confidence, "known": known, "box": character.box}
    if "probabilities" in included:
        answer["probabilities"] = probabilities
    if "input" in included:
        answer["input"] = data_url(png(character.seen))
    return answer
