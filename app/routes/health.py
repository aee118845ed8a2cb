"""Liveness, readiness, the loaded model and metrics, for operators and platforms."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from app.batching import BatchingClassifier
from app.metrics import CONTENT_TYPE
from app.models import PARAMETER, offered, ready_classifier
from app.routes.predict import ErrorAnswer
from app.served_model import title

router = APIRouter()

Ready = Annotated[BatchingClassifier, Depends(ready_classifier)]


class StatusAnswer(BaseModel):
    """`ok` or `ready`."""

    status: str = Field(examples=["ok"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="The process lives")
async def healthz() -> StatusAnswer:
    """Answers 200 as long as the process can answer."""
    return StatusAnswer(status="ok")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="A model is loaded", responses={503: {"model": ErrorAnswer}})
async def readyz(_: Ready) -> StatusAnswer:
    """Answers 200 while predictions can be made, 503 otherwise.

    Under gunicorn a worker listens only while predictions can be made, so that connections wait or are refused instead.
    """
    return StatusAnswer(status="ready")


class Input(BaseModel):
    """How an image becomes the network's input."""

    method: str = Field(description="`ink`: cropped to the ink, scaled, centred; `plain`: scaled", examples=["ink"])
    size: int = Field(description="Width and height in pixels", examples=[28])


class ModelAnswer(BaseModel):
    """A loaded model."""

    title: str = Field(description="What people choose it by", examples=["Digits"])
    version: str = Field(description="Differs between any two models", examples=["6b1f0c9ad2e4"])
    classes: list[str] = Field(description="In the order of the probabilities", examples=[["0", "1", "2"]])
    look_alikes: list[list[str]] = Field(
        description="Groups of classes that only size or context tells apart", examples=[[["0", "O", "o"]]]
    )
    architecture: str = Field(examples=["resnet"])
    arguments: dict[str, Any] = Field(description="The architecture's arguments", examples=[{"widths": [16, 32, 64]}])
    parameters: int = Field(description="Number of learned values", examples=[482666])
    input: Input
    metrics: dict[str, dict[str, Any]] = Field(
        description="Figures on each test set", examples=[{"test": {"count": 10000, "accuracy": 0.9968}}]
    )
    provenance: dict[str, Any] = Field(
        description="Data sets, command, seed, versions, date", examples=[{"date": "2026-11-20", "seed": 0}]
    )


class OfferedModel(BaseModel):
    """A model that can be chosen by `?model=NAME`."""

    name: str = Field(description="What to send as `model`", examples=["digits"])
    title: str = Field(description="What people choose it by", examples=["Digits"])
    default: bool = Field(description="Whether it answers where no model is named")
    version: str = Field(description="Differs between any two models", examples=["6b1f0c9ad2e4"])
    classes: list[str] = Field(description="In the order of the probabilities", examples=[["0", "1", "2"]])


@router.head("/models", include_in_schema=False)
@router.get("/models", summary="The models to choose from", responses={503: {"model": ErrorAnswer}})
async def models(request: Request) -> list[OfferedModel]:
    """All models that are loaded, the default first; `/model?model=NAME` has more of each."""
    return [
        OfferedModel(
            name=name,
            title=title(one.classifier.model) or name,
            default=index == 0,
            version=one.classifier.model.version,
            classes=list(one.classifier.model.classes),
        )
        for index, (name, one) in enumerate(offered(request).items())
    ]


@router.head("/model", include_in_schema=False)
@router.get(
    "/model",
    summary="A loaded model",
    responses={404: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}},
    openapi_extra={"parameters": [PARAMETER]},
)
async def model(classifier: Ready) -> ModelAnswer:
    """Classes in order, architecture, number of parameters, figures on its test sets, and how it was trained."""
    loaded = classifier.classifier.model
    return ModelAnswer(
        title=title(loaded),
        version=loaded.version,
        classes=list(loaded.classes),
        look_alikes=[list(group) for group in loaded.look_alikes],
        architecture=loaded.architecture,
        arguments=loaded.arguments,
        parameters=loaded.parameters,
        input=Input(method=loaded.preprocessing.method, size=loaded.preprocessing.size),
        metrics=loaded.metrics,
        provenance=loaded.provenance,
    )


@router.head("/metrics", include_in_schema=False)
@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def metrics(request: Request) -> Response:
    """Requests, latencies, predictions and confidences of all workers, in Prometheus's text format."""
    return Response(request.app.state.metrics.exposition(), media_type=CONTENT_TYPE)
