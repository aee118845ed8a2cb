"""The page to draw on, and the one that documents the API."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from app.api import recognise
from app.recogniser import Recogniser
from app.recognition.checkpoint import Checkpoint
from app.recognition.classifier import Prediction
from app.recognition.decoding import ImageError
from app.uploads import UploadError

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(Path(__file__).parent / "templates")
# More classes than this are not listed in the invitation to draw one of them.
_FEW = 12


@router.get("/")
def index(request: Request) -> Response:
    """The page, for the classes of the loaded model."""
    return _page(request)


@router.post("/")
async def recognise_without_script(request: Request) -> Response:
    """The page with the answer to an uploaded picture, for browsers that run no scripts."""
    try:
        return _page(request, (await recognise(request)).prediction)
    except (ImageError, UploadError) as error:
        return _page(request, error=str(error))


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API's documentation, from files of our own server where FastAPI's page would load them from a CDN."""
    return _templates.TemplateResponse(request, "docs.html", {"static": request.app.state.assets.url})


def _page(request: Request, answer: Prediction | None = None, error: str | None = None) -> Response:
    recogniser: Recogniser | None = request.app.state.recogniser
    model = recogniser.classifier.model if recogniser else None
    title, hint = invitation(model) if model else ("Draw a character", "The model is being loaded.")
    values = {
        "static": request.app.state.assets.url,
        "title": title,
        "hint": hint,
        "classes": model.classes if model else (),
        "size": model.preparation.size if model else 28,
        "unsure_below": request.app.state.settings.unsure_below,
        "answer": answer,
        "error": error,
    }
    return _templates.TemplateResponse(request, "index.html", values)


def invitation(model: Checkpoint) -> tuple[str, str]:
    """The page's title and a line below it that says what to do, from what the model knows."""
    classes = model.classes
    anywhere = "Any size, anywhere on the paper, any pen: a small neural network says which it is."
    if model.preparation.method == "plain":
        title, hint = "Recognise a picture", "Choose, drop or paste one: a small neural network says what it shows."
    elif all(name in "0123456789" for name in classes):
        title, hint = "Draw a digit", anywhere
    elif all(len(name) == 1 and name.isalpha() for name in classes):
        title, hint = "Draw a letter", anywhere
    else:
        title, hint = "Draw a character", anywhere
    if len(classes) <= _FEW and title != "Draw a digit":
        hint = f"{hint} It knows {', '.join(classes[:-1])} and {classes[-1]}."
    return model.title or title, hint
