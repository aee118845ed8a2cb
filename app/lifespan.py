"""Load the models before the first request, and end the start with one clear line if none can be used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.batching import BatchingClassifier, Queue, Threads
from app.metrics import Metrics
from app.model_updates import ModelUpdates
from app.recognition.classifier import Classifier
from app.recognition.model_card import ModelCard
from app.recognition.model_file import ModelFileError
from app.served_model import ServedModels
from app.settings import Settings
from app.storage.storage import Storage

logger = logging.getLogger("handwritten")


def lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The application's lifespan. While predictions can be made, `app.state` has the models, see app.models."""

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        served: ServedModels = app.state.served_models
        if not any(served):  # gunicorn's parent process has loaded them before
            served.load()
        metrics: Metrics = app.state.metrics
        metrics.workers.set(1)
        drawings = Queue(settings.max_waiting, metrics.queue_depth.labels("drawings"))
        photographs = Queue(settings.max_waiting_photographs, metrics.queue_depth.labels("photographs"))
        app.state.storage = storage = Storage(settings.database_url, metrics.report_storage)

        threads = Threads()  # the same for all models: photographs take up to seconds, and much memory
        named = served.named()
        app.state.default_name = default = next(iter(named))

        def use(name: str, classifier: Classifier) -> None:
            # The previous classifier finishes the requests that it has.
            batching = BatchingClassifier(classifier, settings.max_pixels, drawings, photographs, threads)
            if name == default:
                app.state.classifier = batching
            else:
                app.state.others[name] = batching
            metrics.use_model(classifier.model, name)

        for name, model in named.items():
            metrics.report_model_file(name, rejected=model.rejected is not None)
            if model.classifier:
                use(name, model.classifier)
        updates = [
            ModelUpdates(
                storage if name == default else None,  # what is published takes the place of the default
                model.path,
                model.state,
                model.rejected,
                partial(use, name),
                partial(metrics.report_model_file, name),
                metrics.waiting_corrections.set,
            )
            for name, model in named.items()
        ]
        await updates[0].at_start()
        logger.info("%s", _summary(settings, default, app.state))
        updating = [asyncio.create_task(one.run(settings.model_poll_seconds)) for one in updates]
        yield
        for task in updating:
            task.cancel()
        app.state.classifier = None
        app.state.others.clear()
        metrics.workers.set(0)
        threads.shutdown()
        storage.close()

    return live


def _summary(settings: Settings, default: str, state: State) -> str:
    models = {default: state.classifier, **state.others}
    listed = ", ".join(_describe(name, batching.classifier.model) for name, batching in models.items())
    return (
        f"serving {listed}; "
        f"WEB_CONCURRENCY={settings.web_concurrency}; "
        f"uploads up to {settings.max_upload_bytes / 1e6:g} MB and {settings.max_pixels / 1e6:g} million pixels"
    )


def _describe(name: str, model: ModelCard) -> str:
    return f"{name} ({model.version}, {model.architecture}, {len(model.classes)} classes)"


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
