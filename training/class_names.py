"""Class names as folder names, and back. Any text can be a class; not any text can be a folder.

Characters that some file system refuses are written as URLs write them: `/` is the folder `%2F`, `.` is `%2E`. Class
names that need none of this are the folders' names.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_REFUSED = re.compile(r'[\x00-\x1f/\\:*?"<>|%]|^[. ]|[. ]$')
# What Windows takes for devices, with any ending.
_DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def folder_of(name: str, letters: bool = False) -> str:
    """The folder for a class. With `letters` these are escaped too: for `A` beside `a`, where the disk ignores case."""
    if letters:
        return _escaped(name)
    name = _REFUSED.sub(lambda found: _escaped(found[0]), name)
    return _DEVICES.sub(lambda found: _escaped(found[0][0]) + found[0][1:], name)


def class_of(folder: str) -> str:
    """The class of a folder: its name, with what is escaped in it put back. What is no such escape stays."""
    try:
        return _ESCAPED.sub(lambda found: unquote(found[0], errors="strict"), folder)
    except UnicodeDecodeError:
        return folder


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
