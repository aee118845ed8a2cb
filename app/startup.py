"""Load the model once, before the first request, and stop with one clear line if that cannot be done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.recognition.checkpoint import CheckpointError
from app.recognition.classifier import Classifier
from app.settings import Settings


def lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The application's life: `app.state.classifier` holds the model while it can answer."""

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        app.state.classifier = Classifier.load(settings.model_path)
        yield
        app.state.classifier = None

    return live


class OneLineStartupErrors:
    """ASGI middleware: a model that cannot be loaded is reported in one line instead of a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; only a failed start is reworded."""
        if scope["type"] != "lifespan":
            return await self._app(scope, receive, send)

        async def hold_back_failure(message: Message) -> None:
            if message["type"] != "lifespan.startup.failed":
                await send(message)

        try:
            await self._app(scope, receive, hold_back_failure)
        except CheckpointError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
