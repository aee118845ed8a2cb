"""The page's files under names that change with their contents, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

_FOR_EVER = "public, max-age=31536000, immutable"
# A plain name may change at any time: the browser keeps the file, but asks whether it is still good.
_ASK = "no-cache"


class StaticFolders:
    """Serves folders under /static: `folders` maps a prefix, "" for none, to a folder.

    `url("page.css")` is the address for pages, with the version in it; /static/page.css works too.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        digest = hashlib.blake2b(digest_size=5)
        for folder in folders.values():
            for path in sorted(folder.glob("*.*")):
                digest.update(path.read_bytes())
        self._version = digest.hexdigest()
        # Longest prefix first: "" would match everything.
        self._folders: list[tuple[str, ASGIApp]] = [
            (f"/{prefix}" if prefix else "", GZipMiddleware(_Files(directory=folder)))
            for prefix, folder in sorted(folders.items(), reverse=True)
        ]

    def url(self, name: str) -> str:
        """The address of a file, whose contents will never change."""
        return f"/static/{self._version}/{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file; the mount's path is in the scope's root path, as Starlette has it."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        versioned = f"/{self._version}/"
        cached = path.startswith(versioned)
        path = "/" + path.removeprefix(versioned if cached else "/")
        prefix, files = next((prefix, app) for prefix, app in self._folders if path.startswith(f"{prefix}/"))
        scope = {**scope, "path": path.removeprefix(prefix), "root_path": "", "cache": _FOR_EVER if cached else _ASK}
        await files(scope, receive, send)


class _Files(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = scope["cache"]
        return response
