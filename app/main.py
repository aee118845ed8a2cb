"""The web application: `app.main:app` is what a server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from xstatic.pkg import jquery

from app import api, errors, pages
from app.settings import Settings
from app.startup import OneLineStartupErrors, lifespan

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without settings, from the environment."""
    settings = settings or Settings()
    app = FastAPI(
        title="handwritten",
        description="Send an image of a handwritten character, get its class.",
        lifespan=lifespan(settings),
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.classifier = None
    app.add_middleware(OneLineStartupErrors)
    errors.install(app)
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static/jquery", StaticFiles(directory=jquery.BASE_DIR))
    app.mount("/static/swagger", StaticFiles(packages=[("fastapi_offline", "static")]))
    app.mount("/static", StaticFiles(directory=ROOT / "static"))
    return app


app: Any = create_app()
