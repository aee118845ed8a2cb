"""Files anywhere: local ones, https://… ones, and those in buckets that pyarrow can open (s3://…, gs://…, hdfs://…;
others as fsspec+az://…, with fsspec's package for them)."""

from __future__ import annotations

import functools
import os
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.error import URLError
from urllib.parse import unquote, urlsplit

from app.recognition.batch import names
from app.recognition.batch.answers import MAX_BYTES, read_file, within_limit
from app.recognition.batch.errors import BatchError
from app.recognition.batch.names import SUFFIXES, is_url

_SECONDS = 60
# Image URLs that cannot be listed: each is one file.
_WEB = ("http", "https")


def require_there(inputs: Iterable[str]) -> None:
    """Raises BatchError for a local file or folder that is not there."""
    names.require_there(name for name in inputs if not is_url(name))


def find(inputs: Iterable[str], null: bool = False) -> Iterator[str]:
    """The names of all files to read, as `names.find`; a folder in a bucket gives the images in it.

    A bucket's listing is held in memory, as its service gives it.
    """
    for name in names.find(inputs, null):
        if not is_url(name) or urlsplit(name).scheme in _WEB:
            # A worker on another machine has another working folder.
            yield name if is_url(name) else os.path.abspath(name)
        else:
            yield from _listed(name)


def read(name: str) -> bytes:
    """The bytes of a file. Raises OSError."""
    if not is_url(name):
        return read_file(name)
    try:
        if urlsplit(name).scheme in _WEB:
            with urllib.request.urlopen(name, timeout=_SECONDS) as answer:
                return within_limit(answer.read(MAX_BYTES + 1))
        filesystem, path = _place(name)
        with filesystem.open_input_stream(path) as file:
            return within_limit(file.read(MAX_BYTES + 1))
    except URLError as error:
        raise OSError(str(error)) from error
    except ValueError as error:  # a malformed URL; pyarrow's errors are ValueError or OSError
        raise OSError(str(error)) from error


def _listed(url: str) -> Iterator[str]:
    """The images of a folder in a bucket, in alphabetical order; or the file itself."""
    from pyarrow import fs

    try:
        filesystem, path = _place(url)
        kind = filesystem.get_file_info(path).type
        if kind != fs.FileType.Directory:
            yield url
            return
        found = filesystem.get_file_info(fs.FileSelector(path, recursive=True))
    except (OSError, ValueError) as error:
        raise BatchError(f"{url}: cannot be listed ({error}). Check the address and the credentials.") from error
    images = sorted(one.path for one in found if one.is_file and one.path.lower().endswith(SUFFIXES))
    if not images:
        raise BatchError(f"{url}: no images in this folder. Their names end in {', '.join(SUFFIXES)}.")
    parts = urlsplit(url)
    # pyarrow's paths begin with the bucket.
    for image in images:
        yield parts._replace(path="/" + image.removeprefix(parts.netloc).lstrip("/")).geturl()


def _place(url: str) -> tuple[Any, str]:
    """The file system that a URL is in, and the path there."""
    parts = urlsplit(url)
    filesystem, base = _filesystem(parts._replace(path="/" if not parts.netloc else "").geturl())
    return filesystem, f"{base.rstrip('/')}/{unquote(parts.path).lstrip('/')}".rstrip("/") or "/"


@functools.lru_cache(maxsize=16)
def _filesystem(root: str) -> tuple[Any, str]:
    """Opened once: a bucket's region is asked for each time."""
    from pyarrow import fs

    found: tuple[Any, str] = fs.FileSystem.from_uri(root)
    return found
