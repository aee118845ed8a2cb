"""The web application: `app.main:app` is what a server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI
from xstatic.pkg import jquery

from app import api, errors, pages
from app.assets import Assets
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
