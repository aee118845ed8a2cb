"""The page to draw on, and the page that documents the API."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from app import errors
from app.batching import BatchingClassifier
from app.errors import NotReadyError
from app.html import MODULES, READ, STYLE, compressed, own_address
from app.models import UnknownModelError, chosen_other, offered, query, ready_classifier
from app.recognition.classifier import Prediction
from app.recognition.model_card import ModelCard
from app.recognition.preprocessing import Preprocessing
from app.routes.predict import recognise
from app.served_model import title as model_title
from app.storage.records import NONE_OF_THESE

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(Path(__file__).resolve().parents[1] / "templates")
# More classes than this are not listed one below the other, nor in the invitation to draw one of them.
_FEW = 12
_LONGEST_LIST = 60
# Names in these scripts would reverse the order of the words around them.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufefc]")
# Names longer than this need wide columns.
_SHORT = 6
_ANYWHERE = "Any size, anywhere on the paper, any pen: a small neural network says which it is."
_PICTURE = "Choose, drop or paste one: a small neural network says what it shows."
_RANGES = (
    (string.digits, "0 to 9"),
    (string.ascii_uppercase, "A to Z"),
    (string.ascii_lowercase, "a to z"),
)
# Below this confidence the page names no class.
_HARD = 0.25
_SEEN = {
    "ink": "Your character, cropped, scaled and centred in",
    "plain": "Your picture, scaled to",
}


@router.api_route("/", methods=READ)
def index(request: Request) -> Response:
    """The page, for the classes of the model that the address chooses."""
    try:
        return _page(request, ready_classifier(request).classifier.model)
    except NotReadyError:
        return _page(request, None)
    except UnknownModelError as error:
        return _page(request, _default(request), error=error.detail, status=404)


@router.post("/")
async def recognise_without_script(request: Request) -> Response:
    """The page with the answer to an uploaded picture, for browsers that run no scripts."""
    model = _default(request)
    try:
        model = ready_classifier(request).classifier.model
        recognition = await recognise(request)
        return _page(request, recognition.model, recognition.prediction)
    except errors.EXPECTED as error:
        status, detail, _ = errors.describe(error)
        return _page(request, model, error=detail, status=status)


@router.api_route("/docs", methods=READ)
def docs(request: Request) -> Response:
    """The API's documentation, from files of our own server where FastAPI's page would load them from a CDN."""
    return _templates.TemplateResponse(request, "docs.html", {"static": request.app.state.static.url})


def _default(request: Request) -> ModelCard | None:
    classifier: BatchingClassifier | None = request.app.state.classifier
    return classifier.classifier.model if classifier else None


def _page(
    request: Request,
    model: ModelCard | None,
    answer: Prediction | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    chosen = chosen_other(request)
    choices = _choices(request, chosen)
    title, hint = invitation(model) if model else ("Draw a character", "The model is being loaded.")
    if choices and model:
        title, hint = task(model), f"{'; '.join(f'{one.title} reads {one.classes}' for one in choices)}."
    classes = model.classes if model else ()
    preprocessing = model.preprocessing if model else Preprocessing()
    unsure_below: float = request.app.state.settings.unsure_below
    values = {
        "static": request.app.state.static.url,
        "base": own_address(request),
        "modules": MODULES,
        "style": STYLE,
        "title": title,
        "hint": hint,
        "description": "Draw a character with mouse, finger or pen and see what a neural network reads.",
        "classes": classes,
        "query": query(chosen),
        "choices": choices,
        "look_alikes": model.look_alikes if model else (),
        "layout": _layout(classes),
        "size": preprocessing.size,
        "method": preprocessing.method,
        "seen": _SEEN[preprocessing.method],
        "unsure_below": unsure_below,
        "subject": subject(classes),
        "answer": answer,
        "unsure": model and answer and model.sureness(answer.label, answer.probabilities) < unsure_below,
        "corrections": bool(request.app.state.settings.database_url),
        "none_of_these": NONE_OF_THESE,
        "verdict": _verdict(model, answer, unsure_below) if model and answer else None,
        "error": error,
    }
    # The page names the versions of its files, so browsers must ask for it each time.
    headers = {"Cache-Control": "no-cache"}
    return compressed(request, _templates.TemplateResponse(request, "index.html", values, status, headers))


def _verdict(model: ModelCard, answer: Prediction, unsure_below: float) -> str:
    """The same line about an answer that static/answer-text.js writes."""
    if not answer.known:
        return f"That does not look like {subject(model.classes)}"
    names = model.alike(answer.label)
    confidence = model.sureness(answer.label, answer.probabilities)
    if confidence < _HARD:
        return "That is hard to read"
    if confidence < unsure_below:
        label, other = sorted(answer.probabilities, key=lambda name: -answer.probabilities[name])[:2]
        return f"Not sure: {label} or {other}"
    # No answer is certain, so none says 100 %.
    sure = "Over 99 % sure" if confidence >= 0.995 else f"{confidence:.0%} sure".replace("%", " %")
    return f"{sure}: {' or '.join(names)}" if len(names) > 1 else sure


@dataclass(frozen=True)
class _Choice:
    """A model in the page's choice: its title, its classes in words, the address's query, and whether it is chosen."""

    title: str
    classes: str
    query: str
    chosen: bool


def _choices(request: Request, chosen: str | None) -> list[_Choice]:
    """The models to choose from, none if there is only one."""
    if not request.app.state.others:
        return []
    state = request.app.state
    return [
        _Choice(
            model_title(one.classifier.model) or name.capitalize(),
            in_words(one.classifier.model.classes),
            query(None if name == state.default_name else name),
            name == (chosen or state.default_name),
        )
        for name, one in offered(request).items()
    ]


def _layout(classes: Sequence[str]) -> str:
    """The CSS classes of the list of probabilities."""
    if len(classes) <= _FEW:
        return "few"
    return "many wide" if max(map(len, classes)) > _SHORT else "many"


def subject(classes: Sequence[str]) -> str:
    """What all classes are, as part of a sentence: "a digit"."""
    if classes and all(name in "0123456789" for name in classes):
        return "a digit"
    if classes and all(len(name) == 1 and name.isalpha() for name in classes):
        return "a letter"
    if classes and all(len(name) == 1 and name.isalnum() for name in classes):
        return "a letter or digit"
    return "anything that it knows"


def task(model: ModelCard) -> str:
    """What to do, from what the model knows."""
    if model.preprocessing.method == "plain":
        return "Recognise a picture"
    known = subject(model.classes)
    return f"Draw {known}" if known.startswith("a ") else "Draw a character"


def invitation(model: ModelCard) -> tuple[str, str]:
    """The page's title and a line below it that says what to do, from what the model knows."""
    classes = model.classes
    hint = _PICTURE if model.preprocessing.method == "plain" else _ANYWHERE
    listed = _listed(classes)
    if len(classes) > _FEW or len(listed) > _LONGEST_LIST:
        hint = f"{hint} It knows {len(classes)} of them."
    elif subject(classes) != "a digit":
        hint = f"{hint} It knows {listed}."
    return model.title or task(model), hint


def in_words(classes: Sequence[str]) -> str:
    """All classes, as part of a sentence and as short as possible: "0 to 9"."""
    ranges = [(digits, text) for digits, text in _RANGES if set(digits) <= set(classes)]
    if ranges and set("".join(digits for digits, _ in ranges)) == set(classes):
        return _and([text for _, text in ranges])
    listed = _listed(classes)
    return f"{len(classes)} characters" if len(classes) > _FEW or len(listed) > _LONGEST_LIST else listed


def _listed(classes: Sequence[str]) -> str:
    return _and([f"\u2068{name}\u2069" if _RIGHT_TO_LEFT.search(name) else name for name in classes])


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
