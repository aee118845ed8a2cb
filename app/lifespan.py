"""Load the model once, before the first request, and stop with one clear line if that cannot be done."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.batching import Recogniser
from app.recognition.classifier import Classifier
from app.recognition.model_card import ModelCard
from app.recognition.model_file import ModelFileError
from app.settings import Settings

logger = logging.getLogger("handwritten")


def lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The application's life: `app.state.recogniser` is there while it can answer."""

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        classifier = Classifier.load(settings.model_path)
        classifier.warm_up()
        app.state.metrics.use_model(classifier.model)
        recogniser = Recogniser(classifier, settings.max_pixels, settings.max_waiting)
        app.state.recogniser = recogniser
        logger.info("%s", _summary(settings, classifier.model))
        yield
        app.state.recogniser = None
        recogniser.close()

    return live


def _summary(settings: Settings, model: ModelCard) -> str:
    workers = os.environ.get("WEB_CONCURRENCY", "1")
    return (
        f"serving {settings.model_path} ({model.version}, {model.architecture}, {len(model.classes)} classes); "
        f"WEB_CONCURRENCY={workers}; "
        f"uploads up to {settings.max_upload_bytes / 1e6:g} MB and {settings.max_pixels / 1e6:g} million pixels, "
        f"{settings.max_waiting} at a time"
    )


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
        except ModelFileError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
