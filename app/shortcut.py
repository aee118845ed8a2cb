"""The short way to /predict."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app import errors
from app.routes.predict import predict


class Application(FastAPI):
    """FastAPI, but that uploads never get there: they have no use for what it does on the way. `uploads` answers these,
    with all that other answers have in common around it."""

    uploads: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if _is_upload(scope):
            scope["app"] = self
            await self.uploads(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def answer_upload(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application: POST /predict. Its function gets the bare request and gives the response."""
    try:
        response = await predict(Request(scope, receive))
    except Exception as error:
        response = errors.answer(error)
    await response(scope, receive, send)


def _is_upload(scope: Scope) -> bool:
    # A server that is told of a proxy's prefix may put it in front of the path.
    return (
        scope["type"] == "http"
        and scope["method"] == "POST"
        and scope["path"] in ("/predict", scope.get("root_path", "") + "/predict")
    )
