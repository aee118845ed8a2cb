"""Class names to folder names, and back. Any text can be a class, but not every text can be a folder name.

Characters that a file system does not allow are percent-encoded as in URLs: `/` is the folder `%2F`, `.` is `%2E`. All
other class names are used as they are.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_REFUSED = re.compile(r'[\x00-\x1f/\\:*?"<>|%]|^[. ]|[. ]$')
# Names of devices in Windows, with any extension.
_DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def folder_of(name: str, letters: bool = False) -> str:
    """The folder of a class. `letters` encodes letters too, for file systems that ignore case (`A` beside `a`)."""
    if letters:
        return _escaped(name)
    name = _REFUSED.sub(lambda found: _escaped(found[0]), name)
    return _DEVICES.sub(lambda found: _escaped(found[0][0]) + found[0][1:], name)


def class_of(folder: str) -> str:
    """The class of a folder: its name, decoded. Invalid escapes are kept as they are."""
    try:
        return _ESCAPED.sub(lambda found: unquote(found[0], errors="strict"), folder)
    except UnicodeDecodeError:
        return folder


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
