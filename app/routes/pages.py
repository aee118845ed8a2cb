"""The page to draw on, and the one that documents the API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from app import errors
from app.errors import NotReadyError
from app.html import MODULES, compressed, own_address
from app.models import UnknownModelError, ready_classifier
from app.recognition.classifier import Prediction
from app.recognition.model_card import ModelCard
from app.recognition.preprocessing import Preprocessing
from app.routes.predict import recognise
from app.storage.corrections import NONE_OF_THESE

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(Path(__file__).resolve().parents[1] / "templates")
# More classes than this are not listed one below the other, nor in the invitation to draw one of them.
_FEW = 12
_LONGEST_LIST = 60
# Such a name must not turn the sentence around it.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufefc]")
# Names longer than this need wide columns.
_SHORT = 6
# A first choice below this is none.
_HARD = 0.25
_SEEN = {
    "ink": "Your character, cropped, scaled and centred in",
    "plain": "Your picture, scaled to",
}


@router.get("/")
def index(request: Request) -> Response:
    """The page, for the classes of the model that the address chooses."""
    try:
        return _page(request, ready_classifier(request).classifier.model)
    except NotReadyError:
        return _page(request, None)
    except UnknownModelError as error:
        return _page(request, request.app.state.classifier.classifier.model, error=error.detail, status=404)


@router.post("/")
async def recognise_without_script(request: Request) -> Response:
    """The page with the answer to an uploaded picture, for browsers that run no scripts."""
    model = None
    try:
        model = ready_classifier(request).classifier.model
        recognition = await recognise(request)
        return _page(request, recognition.model, recognition.prediction)
    except errors.EXPECTED as error:
        status, detail, _ = errors.describe(error)
        return _page(request, model, error=detail, status=status)


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API's documentation, from files of our own server where FastAPI's page would load them from a CDN."""
    return _templates.TemplateResponse(request, "docs.html", {"static": request.app.state.static.url})


def _page(
    request: Request,
    model: ModelCard | None,
    answer: Prediction | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    title, hint = invitation(model) if model else ("Draw a character", "The model is being loaded.")
    classes = model.classes if model else ()
    preprocessing = model.preprocessing if model else Preprocessing()
    values = {
        "static": request.app.state.static.url,
        "base": own_address(request),
        "modules": MODULES,
        "title": title,
        "hint": hint,
        "description": "Draw a character with mouse, finger or pen and see what a neural network reads.",
        "classes": classes,
        "layout": _layout(classes),
        "size": preprocessing.size,
        "method": preprocessing.method,
        "seen": _SEEN[preprocessing.method],
        "unsure_below": request.app.state.settings.unsure_below,
        "subject": subject(classes),
        "answer": answer,
        "corrections": bool(request.app.state.settings.database_url),
        "none_of_these": NONE_OF_THESE,
        "verdict": answer and _verdict(answer, request.app.state.settings.unsure_below, subject(classes)),
        "error": error,
    }
    # The page names the versions of its files, so it must be asked for anew.
    headers = {"Cache-Control": "no-cache"}
    return compressed(request, _templates.TemplateResponse(request, "index.html", values, status, headers))


def _verdict(answer: Prediction, unsure_below: float, subject: str) -> str:
    """What static/words.js says of an answer, in a line."""
    if not answer.known:
        return f"That does not look like {subject}"
    if answer.confidence < _HARD:
        return "That is hard to read"
    if answer.confidence < unsure_below:
        label, other = sorted(answer.probabilities, key=lambda name: -answer.probabilities[name])[:2]
        return f"Not sure: {label} or {other}"
    # Certainty is not to be had.
    return "Over 99 % sure" if answer.confidence >= 0.995 else f"{answer.confidence:.0%} sure".replace("%", " %")


def _layout(classes: Sequence[str]) -> str:
    """The CSS classes of the list of probabilities."""
    if len(classes) <= _FEW:
        return "few"
    return "many wide" if max(map(len, classes)) > _SHORT else "many"


def subject(classes: Sequence[str]) -> str:
    """What all classes are, within a sentence."""
    if classes and all(name in "0123456789" for name in classes):
        return "a digit"
    if classes and all(len(name) == 1 and name.isalpha() for name in classes):
        return "a letter"
    return "anything that it knows"


def invitation(model: ModelCard) -> tuple[str, str]:
    """The page's title and a line below it that says what to do, from what the model knows."""
    classes = model.classes
    anywhere = "Any size, anywhere on the paper, any pen: a small neural network says which it is."
    if model.preprocessing.method == "plain":
        title, hint = "Recognise a picture", "Choose, drop or paste one: a small neural network says what it shows."
    elif all(name in "0123456789" for name in classes):
        title, hint = "Draw a digit", anywhere
    elif all(len(name) == 1 and name.isalpha() for name in classes):
        title, hint = "Draw a letter", anywhere
    else:
        title, hint = "Draw a character", anywhere
    names = [f"\u2068{name}\u2069" if _RIGHT_TO_LEFT.search(name) else name for name in classes]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    if len(classes) > _FEW or len(listed) > _LONGEST_LIST:
        hint = f"{hint} It knows {len(classes)} of them."
    elif title != "Draw a digit":
        hint = f"{hint} It knows {listed}."
    return model.title or title, hint
