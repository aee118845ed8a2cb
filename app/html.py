"""What the HTML pages have in common: style, modules, their own address, and how they travel."""

from __future__ import annotations

import base64
import gzip
import hashlib
from pathlib import Path

from fastapi import Request, Response

_STATIC = Path(__file__).resolve().parent.parent / "static"
# The page's style stands in the page itself: as a file it would keep the first sight of the page waiting.
STYLE = (_STATIC / "page.css").read_text(encoding="utf-8")
# What a content security policy allows it by (CSP level 3, section 2.3.1).
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
# What static/page.js imports only when it is needed.
_LATER = (
    "canvas",
    "card",
    "change",
    "correction",
    "crop",
    "frame",
    "game",
    "inside",
    "layers",
    "overlay",
    "parcels",
    "picture",
    "several",
    "share",
    "why",
)
# All that it imports at once, so that the browser asks for them together and not one after the other.
MODULES = sorted(path.stem for path in _STATIC.glob("*.js") if path.stem not in ("page", "docs", "review", *_LATER))


# HEAD asks for what GET does, without the contents (RFC 9110, 9.3.2). FastAPI does not add it, as Starlette does.
READ = ["GET", "HEAD"]


def own_address(request: Request) -> str:
    """Where this application is, as the client named it, without a slash at the end: link previews want it in full."""
    return str(request.base_url).rstrip("/")


def compressed(request: Request, response: Response) -> Response:
    """The same response, gzipped for clients that accept it."""
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("accept-encoding", ""):
        response.body = gzip.compress(bytes(response.body), 6)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    return response
