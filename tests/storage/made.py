"""Corrections to store."""

from __future__ import annotations

from typing import Any

from app.storage.records import NewCorrection


def new(label: str | None = "7", agreement: float = 0.2, **values: Any) -> NewCorrection:
    """A correction whose other fields do not matter, or are given."""
    defaults: dict[str, Any] = {
        "image": b"\x89PNG\x00\xff",
        "strokes": [[[1.5, 2.0], [3.0, 4.0]]],
        "writer": "somebody",
        "model_version": "abcdef123456",
        "predicted": "1",
        "confidence": 0.8,
        "model": None,
    }
    return NewCorrection(label=label, agreement=agreement, **{**defaults, **values})
