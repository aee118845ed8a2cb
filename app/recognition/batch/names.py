"""The files to read, in the order of the input: named one by one, on standard input, or found in folders.

Nothing here is as large as the input: the names of a folder are sorted piece by piece.
"""

from __future__ import annotations

import heapq
import os
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from app.recognition.batch.errors import BatchError
from app.recognition.batch.options import STANDARD_INPUT

# In folders these are images. A file that is named is read whatever it is called.
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp")
# A folder is listed again for every so many of its names; only these are held in memory: about 10 MB.
_SORTED_AT_ONCE = 50_000
# Names longer than this are refused by every file system; a file that is no list of names is one endless line.
_LONGEST = 65_536


def is_url(name: str) -> bool:
    """Whether a name is a URL, as https://… and s3://… are."""
    scheme, separator, _ = name.partition("://")
    return bool(separator) and scheme.replace("+", "").isalnum()


def require_there(inputs: Iterable[str]) -> None:
    """Raises BatchError for an argument that is not there, and for a folder without images, probably mistyped."""
    for name in inputs:
        if name == STANDARD_INPUT:
            continue
        if is_url(name):
            raise BatchError(f"{name}: URLs are read with --ray, such as: --ray local")
        if not os.path.lexists(name):
            raise BatchError(f"{_shown(name)}: no such file or folder.")
        if os.path.isdir(name) and next(images_in(name), None) is None:
            raise BatchError(f"{_shown(name)}: no images in this folder. Their names end in {', '.join(SUFFIXES)}.")


def find(inputs: Iterable[str], null: bool = False) -> Iterator[str]:
    """The names of all files to read. Folders give the images in them, in alphabetical order.

    A file that is named twice comes twice. With `null`, names on standard input end in a zero byte.
    """
    for name in inputs:
        named = names_on(sys.stdin.buffer, null) if name == STANDARD_INPUT else [name]
        for one in named:
            if os.path.isdir(one):
                yield from images_in(one)
            else:
                yield one


def names_on(stream: BinaryIO, null: bool) -> Iterator[str]:
    """The names in a stream: one in a line, or each with a zero byte behind it. Empty ones are left out."""
    end = b"\0" if null else b"\n"
    rest = b""
    while piece := stream.read1(_LONGEST) if hasattr(stream, "read1") else stream.read(_LONGEST):
        *whole, rest = (rest + piece).split(end)
        if len(rest) > _LONGEST:
            raise BatchError("standard input is no list of names: one of them is longer than 65,536 bytes.")
        yield from (os.fsdecode(name) for name in _named(whole, null))
    yield from (os.fsdecode(name) for name in _named([rest], null))


def _named(names: list[bytes], null: bool) -> Iterator[bytes]:
    for name in names:
        # Lists made on Windows have two bytes at the end of a line.
        name = name if null else name.removesuffix(b"\r")
        if name:
            yield name


def images_in(folder: str, above: tuple[tuple[int, int], ...] = ()) -> Iterator[str]:
    """The images in a folder and, in their places, in its folders. What is hidden is left out; links are followed, but
    not to a folder that they lie in. What cannot be listed raises BatchError."""
    try:
        status = os.stat(folder)
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        for name, is_folder in _sorted_entries(folder):
            path = os.path.join(folder, name)
            if is_folder:
                yield from images_in(path, (*above, here))
            elif name.lower().endswith(SUFFIXES):
                yield path
    except OSError as error:
        raise BatchError(f"{_shown(folder)}: cannot be listed ({error.strerror}). Make it readable.") from error


def _sorted_entries(folder: str) -> Iterator[tuple[str, bool]]:
    """Names in alphabetical order, and whether each is a folder."""
    last = ""
    while True:
        with os.scandir(folder) as entries:
            following = (
                (entry.name, entry.is_dir())
                for entry in entries
                if entry.name > last and not entry.name.startswith(".")
            )
            piece = heapq.nsmallest(_SORTED_AT_ONCE, following)
        yield from piece
        if len(piece) < _SORTED_AT_ONCE:
            return
        last = piece[-1][0]


def _shown(name: str) -> str:
    """A name for a message of one line."""
    return name if name.isprintable() else ascii(name)
