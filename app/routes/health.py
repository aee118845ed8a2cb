"""What an operator or a platform asks: does it live, is it ready, what is loaded, how does it do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from app.batching import Recogniser
from app.metrics import CONTENT_TYPE
from app.routes.predict import ErrorAnswer, ready_recogniser

router = APIRouter()
PATHS = ("/healthz", "/readyz", "/metrics")

Ready = Annotated[Recogniser, Depends(ready_recogniser)]


class StatusAnswer(BaseModel):
    """Whether all is well, in a word."""

    status: str


@router.get("/healthz", summary="The process lives")
async def healthz() -> StatusAnswer:
    """Answers as long as the process can."""
    return StatusAnswer(status="ok")


@router.get("/readyz", summary="The model is loaded", responses={503: {"model": ErrorAnswer}})
async def readyz(_: Ready) -> StatusAnswer:
    """Answers 200 while predictions can be made; 503 before, and while shutting down."""
    return StatusAnswer(status="ready")


@router.get("/model", summary="What is loaded", responses={503: {"model": ErrorAnswer}})
async def model(recogniser: Ready) -> dict[str, Any]:
    """Classes in order, architecture, number of parameters, figures on which test sets, and how it was made."""
    loaded = recogniser.classifier.model
    return {
        "version": loaded.version,
        "classes": list(loaded.classes),
        "architecture": loaded.architecture,
        "arguments": loaded.arguments,
        "parameters": loaded.parameters,
        "input": {"method": loaded.preprocessing.method, "size": loaded.preprocessing.size},
        "metrics": loaded.metrics,
        "provenance": loaded.provenance,
    }


@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def metrics(request: Request) -> Response:
    """Requests, latencies, predictions, confidence and drift of all workers, in Prometheus's text format."""
    return Response(request.app.state.metrics.exposition(), media_type=CONTENT_TYPE)
