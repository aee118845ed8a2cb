"""The web application: `app.main:app` is what a server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from xstatic.pkg import jquery

from app import about, api, logs, operation, pages
from app.assets import Assets
from app.edge import Edge
from app.metrics import Metrics
from app.settings import Settings, read_settings
from app.shortcut import Application, answer_upload
from app.startup import OneLineStartupErrors, lifespan
from app.uploads import Room

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without settings, from the environment."""
    settings = settings or read_settings()
    logs.configure(settings.log_format)
    app = Application(
        title="handwritten",
        description="Send an image of a handwritten character, get its class.",
        lifespan=lifespan(settings),
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.recogniser = None
    app.state.room = Room(settings.max_upload_bytes, settings.upload_seconds, settings.max_held_bytes)
    app.state.metrics = Metrics(
        ["/predict", "/", "/about", "/static", "/model", "/docs", "/openapi.json", *operation.PATHS]
    )
    app.uploads = answer_upload
    if settings.cors_origins:
        sites: dict[str, Any] = {"allow_origins": settings.cors_origins, "allow_methods": ["GET", "POST"]}
        app.add_middleware(CORSMiddleware, **sites)
        app.uploads = CORSMiddleware(app.uploads, **sites)
    app.add_middleware(OneLineStartupErrors)
    log = logs.RequestLog(settings.log_format) if settings.log_requests else None
    app.add_middleware(Edge, state=app.state, log=log)
    app.uploads = Edge(app.uploads, app.state, log)
    app.include_router(api.router)
    app.include_router(operation.router)
    app.include_router(pages.router)
    app.include_router(about.router)
    app.state.assets = Assets(
        {
            "": ROOT / "static",
            "jquery": Path(jquery.BASE_DIR),
            "swagger": Path(fastapi_offline.__file__).parent / "static",
        }
    )
    app.mount("/static", app.state.assets)
    return app


app: Any = create_app()
