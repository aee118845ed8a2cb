"""Where an image folder's images come from: DATA/sources.json, which the trainer copies into the model.

It also says which images belong together, because one person wrote them: a regular expression for files' paths.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_NAME = "sources.json"


def record(data: Path, name: str, credit: str, written: dict[str, int], group_by: str = "") -> None:
    """Note that the source `name` gave so many images to each part; done again, it replaces the note.

    `group_by` is found in the paths of the source's files; its group is what they have in common with those that belong
    together with them (training.division).
    """
    sources = read(data)
    sources[name] = {"credit": credit, "images": written}
    if group_by:
        sources[name]["group_by"] = group_by
    unfinished = data / f"{_NAME}.part"
    unfinished.write_text(json.dumps(sources, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(data / _NAME)


def read(data: Path) -> dict[str, Any]:
    """The notes of a folder; none, if it was not prepared by us or they were damaged."""
    try:
        sources = json.loads((data / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return sources if isinstance(sources, dict) else {}
