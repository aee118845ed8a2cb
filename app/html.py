"""What the HTML pages have in common: style, modules, their own address, and compression."""

from __future__ import annotations

import base64
import gzip
import hashlib
from pathlib import Path

from fastapi import Request, Response

_STATIC = Path(__file__).resolve().parent.parent / "static"
# The style is part of the page: as a file of its own it would delay the first paint.
STYLE = (_STATIC / "page.css").read_text(encoding="utf-8")
# The hash by which the content security policy allows it (CSP level 3, section 2.3.1).
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
# Modules that static/page.js imports only when they are needed.
_LATER = (
    "alone",
    "canvas",
    "card",
    "change",
    "correction",
    "crop",
    "frame",
    "game",
    "inside",
    "layer-detail",
    "layers",
    "overlay",
    "picture",
    "several",
    "share-content",
    "share-dialog",
    "stroke-encoding",
    "why",
)
# Those that it imports at once, listed so that the browser requests them together and not one after the other.
MODULES = sorted(path.stem for path in _STATIC.glob("*.js") if path.stem not in ("page", "docs", "review", *_LATER))


# HEAD asks for what GET does, without the contents (RFC 9110, 9.3.2). FastAPI does not add it, as Starlette does.
READ = ["GET", "HEAD"]


def own_address(request: Request) -> str:
    """The application's address as the client used it, without a slash at the end: link previews need it in full."""
    return str(request.base_url).rstrip("/")


def compressed(request: Request, response: Response) -> Response:
    """The same response, gzipped for clients that accept it."""
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("accept-encoding", ""):
        response.body = gzip.compress(bytes(response.body), 6)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    return response
