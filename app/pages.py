"""The page to draw on, and the one that documents the API."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from app.recognition.classifier import Classifier

router = APIRouter()
_templates = Jinja2Templates(Path(__file__).parent / "templates")


@router.get("/", include_in_schema=False)
def index(request: Request) -> Response:
    """The page to draw on, for the classes of the loaded model."""
    classifier: Classifier | None = request.app.state.classifier
    classes = classifier.model.classes if classifier else ()
    return _templates.TemplateResponse(request, "index.html", {"classes": classes})


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> Response:
    """The API's documentation, from files of our own server where FastAPI's page would load them from a CDN."""
    return _templates.TemplateResponse(request, "docs.html")
