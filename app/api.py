"""The API: /predict, and what an operator or a platform asks: /healthz, /readyz, /model."""

from __future__ import annotations

import base64
import io
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse
from PIL import Image
from pydantic import BaseModel

from app.recognition.classifier import Classifier, Prediction
from app.recognition.paper import Grey
from app.uploads import FIELD, read_image

router = APIRouter()


class PredictionAnswer(BaseModel):
    """The most probable class, and the probability of every class in class order.

    `input` is there only if it was asked for: what the network saw, as the data URL of a PNG image.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    input: str | None = None


class ErrorAnswer(BaseModel):
    """What went wrong and what to do about it."""

    detail: str


class StatusAnswer(BaseModel):
    """Whether all is well, in a word."""

    status: str


def ready_classifier(request: Request) -> Classifier:
    """The loaded model, or 503 while there is none."""
    classifier: Classifier | None = request.app.state.classifier
    if classifier is None:
        raise HTTPException(503, "The model is not loaded yet. Try again in a few seconds.", {"Retry-After": "2"})
    return classifier


Ready = Annotated[Classifier, Depends(ready_classifier)]

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
    413: {"model": ErrorAnswer, "description": "Too many bytes or pixels"},
    415: {"model": ErrorAnswer, "description": "An image format that is not offered"},
    422: {"model": ErrorAnswer, "description": "No image field, or nothing is drawn"},
    503: {"model": ErrorAnswer, "description": "Not ready"},
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
async def predict(request: Request, classifier: Ready) -> Response:
    """Send an image of one character: dark on light or light on dark, anywhere in the picture, drawn or photographed.

    The answer is JSON; with `Accept: text/plain`, the bare label.
    """
    settings = request.app.state.settings
    data = await read_image(request, settings.max_upload_bytes)

    def work() -> tuple[Grey, Prediction]:
        prepared = classifier.prepare(data, settings.max_pixels)
        return prepared, classifier.predict([prepared])[0]

    prepared, prediction = await run_in_threadpool(work)
    if prefers_plain_text(request.headers.get("accept", "")):
        return PlainTextResponse(prediction.label)
    answer = {
        "label": prediction.label,
        "confidence": prediction.confidence,
        "probabilities": prediction.probabilities,
    }
    if request.query_params.get("include") == "input":
        answer["input"] = _data_url(prepared)
    return JSONResponse(answer)


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


@router.get("/healthz", summary="The process lives")
async def healthz() -> StatusAnswer:
    """Answers as long as the process can."""
    return StatusAnswer(status="ok")


@router.get("/readyz", summary="The model is loaded", responses={503: {"model": ErrorAnswer}})
async def readyz(_: Ready) -> StatusAnswer:
    """Answers 200 once predictions can be made, 503 before."""
    return StatusAnswer(status="ready")


@router.get("/model", summary="What is loaded", responses={503: {"model": ErrorAnswer}})
async def model(classifier: Ready) -> dict[str, Any]:
    """Classes in order, architecture, number of parameters, figures on which test sets, and how it was made."""
    loaded = classifier.model
    return {
        "classes": list(loaded.classes),
        "architecture": loaded.architecture,
        "arguments": loaded.arguments,
        "parameters": loaded.parameters,
        "input": {"method": loaded.preparation.method, "size": loaded.preparation.size},
        "metrics": loaded.metrics,
        "provenance": loaded.provenance,
    }
