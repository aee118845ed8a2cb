"""The short way to /predict."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app import errors
from app.api import predict


class Shortcut:
    """ASGI middleware: takes POST /predict straight to its function. It gets the bare request and gives the response,
    so it has no use for what FastAPI does on the way, which takes as long as reading the upload."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _is_upload(scope):
            return await self._app(scope, receive, send)
        try:
            response = await predict(Request(scope, receive))
        except Exception as error:
            response = errors.answer(error)
        return await response(scope, receive, send)


def _is_upload(scope: Scope) -> bool:
    # A server that is told of a proxy's prefix may put it in front of the path.
    return (
        scope["type"] == "http"
        and scope["method"] == "POST"
        and scope["path"] in ("/predict", scope.get("root_path", "") + "/predict")
    )
