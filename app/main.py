"""The web application. A server runs `app.main:app`."""

from __future__ import annotations

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from xstatic.pkg import jquery

from app import errors, logs
from app.lifespan import OneLineStartupErrors, lifespan
from app.metrics import Metrics
from app.middleware import (
    MetricsMiddleware,
    RequestIdMiddleware,
    RequestLogMiddleware,
    SecurityHeadersMiddleware,
    UnexpectedErrorMiddleware,
)
from app.routes import about, corrections, explain, health, pages, predict, read, review
from app.served_model import ServedModels
from app.settings import Settings, read_settings
from app.static_files import StaticFolders
from app.uploads import UploadLimits, Uploads

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without settings, with those of the environment."""
    settings = settings or read_settings()
    logs.configure(settings.log_format, settings.log_requests)
    app = FastAPI(
        title="handwritten",
        description="Send an image of a handwritten character, get its class.",
        lifespan=lifespan(settings),
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.served_models = ServedModels(settings.model_path)
    app.state.classifier = None
    app.state.default_name = ""
    app.state.others = {}
    app.state.uploads = Uploads(
        UploadLimits(settings.max_upload_bytes, settings.upload_seconds, settings.max_held_bytes)
    )
    app.state.metrics = Metrics()
    app.state.storage = None
    app.state.rate_limiter = FixedWindowRateLimiter(MemoryStorage())
    app.state.static = StaticFolders(
        {
            "": ROOT / "static",
            "jquery": Path(jquery.BASE_DIR),
            "swagger": Path(fastapi_offline.__file__).parent / "static",
        }
    )
    _add_middleware(app, settings)
    errors.add_handlers(app)
    for module in (predict, read, explain, corrections, review, health, pages, about):
        app.include_router(module.router)
    app.mount("/static", app.state.static)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """From the inside out: the last one added is the first to see a request."""
    app.add_middleware(UnexpectedErrorMiddleware)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=["GET", "POST", "DELETE"])
    app.add_middleware(SecurityHeadersMiddleware)
    if settings.log_requests:
        app.add_middleware(RequestLogMiddleware)
    app.add_middleware(RequestIdMiddleware)
    app.add_middleware(MetricsMiddleware, metrics=app.state.metrics)
    app.add_middleware(OneLineStartupErrors)


app: FastAPI = create_app()
