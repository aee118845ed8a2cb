"""The sources of an image folder: DATA/sources.json, which the trainer copies into the model.

It also has the regular expression that finds the writer in files' paths, so that each writer's images stay together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_NAME = "sources.json"


def record(data: Path, name: str, credit: str, written: dict[str, int], group_by: str = "") -> None:
    """Record the number of images of the source `name` in each part; replaces an earlier record.

    `group_by` is a regular expression for the paths of the source's files; files with the same text in its group belong
    together (training.division).
    """
    sources = read(data)
    sources[name] = {"credit": credit, "images": written}
    if group_by:
        sources[name]["group_by"] = group_by
    unfinished = data / f"{_NAME}.part"
    unfinished.write_text(json.dumps(sources, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(data / _NAME)


def read(data: Path) -> dict[str, Any]:
    """The records of a folder; empty if there are none or they are damaged."""
    try:
        sources = json.loads((data / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return sources if isinstance(sources, dict) else {}
