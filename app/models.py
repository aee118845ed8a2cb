"""The models that are offered, each under a name: `?model=NAME` in an address chooses one, no name the default.

`app.state.classifier` is the default while predictions can be made, otherwise None; `app.state.default_name` is its
name; `app.state.others` has the others by name, in the order in which people are shown them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import HTTPException, Request

from app.batching import BatchingClassifier
from app.errors import NotReadyError

# For the OpenAPI description. Declared as an argument of a function, it would cost each prediction 3 % of its time.
PARAMETER: dict[str, Any] = {
    "name": "model",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "The name of one of the models of /models; without it, the default",
}


class UnknownModelError(HTTPException):
    """There is no model of this name."""

    def __init__(self, name: str, offered: list[str]) -> None:
        super().__init__(404, f"model={name[:50]!r} is not offered. Send one of {', '.join(offered)}, or leave it out.")


def ready_classifier(request: Request) -> BatchingClassifier:
    """The classifier that the request chooses. Raises NotReadyError (503), UnknownModelError (404)."""
    state = request.app.state
    default: BatchingClassifier | None = state.classifier
    if default is None:
        raise NotReadyError
    name = request.query_params.get("model") if request.scope["query_string"] else None
    if not name or name == state.default_name:
        return default
    other: BatchingClassifier | None = state.others.get(name)
    if other is None:
        raise UnknownModelError(name, list(offered(request)))
    return other


def chosen_other(request: Request) -> str | None:
    """The name of the model that the request chooses, if that is not the default. To be called after
    `ready_classifier`, which refuses unknown names."""
    name = request.query_params.get("model")
    return name if name in request.app.state.others else None


def query(name: str | None) -> str:
    """What an address of this application ends with, to choose a model that is not the default."""
    return f"?model={quote(name, safe='')}" if name else ""


def offered(request: Request) -> dict[str, BatchingClassifier]:
    """All classifiers by name, the default first. Raises NotReadyError (503)."""
    state = request.app.state
    if state.classifier is None:
        raise NotReadyError
    return {state.default_name: state.classifier, **state.others}
