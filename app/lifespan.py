"""Load the model before the first request, and stop with one clear line if it cannot be used."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.batching import BatchingClassifier, Queue
from app.metrics import Metrics
from app.model_updates import ModelUpdates
from app.recognition.classifier import Classifier
from app.recognition.model_card import ModelCard
from app.recognition.model_file import ModelFileError
from app.settings import Settings
from app.storage.storage import Storage

logger = logging.getLogger("handwritten")


def lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The application's lifespan. `app.state.classifier` is a BatchingClassifier while predictions can be made."""

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        loaded = app.state.served_model.classifier or app.state.served_model.load()
        metrics: Metrics = app.state.metrics
        metrics.workers.set(1)
        drawings = Queue(settings.max_waiting, metrics.queue_depth.labels("drawings"))
        photographs = Queue(settings.max_waiting_photographs, metrics.queue_depth.labels("photographs"))
        app.state.storage = storage = Storage(settings.database_url, metrics.report_storage)

        def use(classifier: Classifier) -> None:
            # The classifier before is not closed: requests under way use it, and its thread ends with the last of them.
            app.state.classifier = BatchingClassifier(classifier, settings.max_pixels, drawings, photographs)
            metrics.use_model(classifier.model)

        use(loaded)
        updates = ModelUpdates(
            storage,
            settings.model_path,
            app.state.served_model.state,
            use,
            metrics.model_rejected.set,
            metrics.waiting_corrections.set,
        )
        await updates.at_start()
        logger.info("%s", _summary(settings, app.state.classifier.classifier.model))
        updating = asyncio.create_task(updates.run(settings.model_poll_seconds))
        yield
        updating.cancel()
        last, app.state.classifier = app.state.classifier, None
        metrics.workers.set(0)
        if last:
            last.close()
        storage.close()

    return live


def _summary(settings: Settings, model: ModelCard) -> str:
    workers = os.environ.get("WEB_CONCURRENCY", "1")
    return (
        f"serving {settings.model_path} ({model.version}, {model.architecture}, {len(model.classes)} classes); "
        f"WEB_CONCURRENCY={workers}; "
        f"uploads up to {settings.max_upload_bytes / 1e6:g} MB and {settings.max_pixels / 1e6:g} million pixels"
    )


class OneLineStartupErrors:
    """ASGI middleware: reports a model file that cannot be used in one line, not with a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, except the message of a failed start, which is replaced."""
        if scope["type"] != "lifespan":
            return await self._app(scope, receive, send)

        async def send_unless_failed(message: Message) -> None:
            if message["type"] != "lifespan.startup.failed":
                await send(message)

        try:
            await self._app(scope, receive, send_unless_failed)
        except ModelFileError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
