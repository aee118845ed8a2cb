"""The page's files, under addresses that change with their contents, so that browsers may cache them for ever."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

import deflate
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_CACHE_FOR_EVER = "public, max-age=31536000, immutable"
# Under an address without a version the contents may change: the browser keeps the file, but asks each time.
_REVALIDATE = "no-cache"
_COMPRESSIBLE = {".css", ".html", ".js", ".json", ".svg", ".txt"}
# Compressing less saves no packet.
_SMALLEST = 1000


class StaticFolders:
    """ASGI application for folders of files. `folders` maps a prefix, or "" for none, to a folder.

    `url("page.css")` is a file's address with the version in it. The address without it works too.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        digest = hashlib.blake2b(digest_size=5)
        for folder in folders.values():
            for path in sorted(folder.glob("*.*")):
                digest.update(path.read_bytes())
        self._version = digest.hexdigest()
        # Longest prefix first: "" would match everything.
        self._folders = [
            (f"/{prefix}" if prefix else "", _Files(directory=folder))
            for prefix, folder in sorted(folders.items(), reverse=True)
        ]

    def url(self, name: str) -> str:
        """The address of a file, under which its contents will never change."""
        return f"/static/{self._version}/{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file. As in every mounted application, the scope's root path ends with the mount's path."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        versioned = f"/{self._version}/"
        cached = path.startswith(versioned)
        path = "/" + path.removeprefix(versioned if cached else "/")
        prefix, files = next((prefix, app) for prefix, app in self._folders if path.startswith(f"{prefix}/"))
        cache_control = _CACHE_FOR_EVER if cached else _REVALIDATE
        scope = {**scope, "path": path.removeprefix(prefix), "root_path": "", "cache_control": cache_control}
        await files(scope, receive, send)


class _Files(StaticFiles):
    """Starlette's, with gzip. Its own GZipMiddleware would compress a file anew for every request."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if isinstance(response, FileResponse) and response.status_code == 200:
            response = await _compressed(response, Headers(scope=scope))
        response.headers["Cache-Control"] = scope["cache_control"]
        return response


async def _compressed(response: FileResponse, request: Headers) -> Response:
    path = Path(response.path)
    if path.suffix not in _COMPRESSIBLE or int(response.headers["content-length"]) < _SMALLEST:
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" not in request.get("accept-encoding", "") or "range" in request:
        return response
    etag = response.headers["etag"]
    contents = await run_in_threadpool(_gzipped, path, etag)
    # Weak: the entity tag is that of the file, and these are not its bytes.
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "ETag": f"W/{etag}"}
    headers["Last-Modified"] = response.headers["last-modified"]
    return Response(contents, headers=headers, media_type=response.media_type)


@functools.lru_cache(maxsize=64)
def _gzipped(path: Path, _etag: str) -> bytes:
    """A file's compressed contents. The entity tag changes when the file does."""
    return bytes(deflate.gzip_compress(path.read_bytes(), 12))  # 2 % smaller than what zlib makes
