"""The page that tells people what the model is, how well it reads and what it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from app.html import READ, compressed
from app.models import chosen_other, query, ready_classifier
from app.recognition.model_card import ModelCard

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(Path(__file__).resolve().parents[1] / "templates")
# A probability is off by less than this on average where the page says that it can be taken at its word.
_CALIBRATED = 0.02


@router.api_route("/about", methods=READ)
def about(request: Request) -> Response:
    """The model card for people; /model is the same for programs."""
    model = ready_classifier(request).classifier.model
    values = {
        "static": request.app.state.static.url,
        "model": model,
        "query": query(chosen_other(request)),
        "tests": test_sets(model),
        "sources": sources(model),
        "date": str(model.provenance.get("date", ""))[:10],
        "corrections": bool(request.app.state.settings.database_url),
        "unsure_below": request.app.state.settings.unsure_below,
    }
    headers = {"Cache-Control": "no-cache"}
    return compressed(request, _templates.TemplateResponse(request, "about.html", values, headers=headers))


def test_sets(model: ModelCard) -> list[dict[str, Any]]:
    """Each test set: name, where its characters come from, their number, the accuracy, that with look-alikes taken for
    one another, if the model has any, and whether it is calibrated."""
    found = []
    for name, figures in model.metrics.items():
        if "accuracy" not in figures:
            continue
        origins = [
            str(source.get("credit", key)).split(";")[0]
            for key, source in _sources(model).items()
            if source.get("images", {}).get(name)
        ]
        found.append(
            {
                "name": name,
                "origins": origins,
                "count": figures.get("count"),
                "accuracy": figures["accuracy"],
                "merged": figures.get("accuracy_merged"),
                "calibrated": figures.get("calibration_error", 1) < _CALIBRATED,
            }
        )
    return found


def sources(model: ModelCard) -> list[dict[str, Any]]:
    """What it learned from: name, number of images, credit with licence."""
    return [
        {"name": name, "count": source.get("images", {}).get("train", 0), "credit": source.get("credit", name)}
        for name, source in _sources(model).items()
    ]


def _sources(model: ModelCard) -> dict[str, dict[str, Any]]:
    data = model.provenance.get("data")
    found = data.get("sources") if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}
