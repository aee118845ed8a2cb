"""What is stored: plain values. Importing them does not import SQLAlchemy, which takes 0.2 s and 11 MB."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Status = Literal["waiting", "accepted", "rejected"]
STATUSES: tuple[Status, ...] = get_args(Status)
# How a drawing that shows no class is labelled, by clients and on the command line.
NONE_OF_THESE = "none of these"
# The ids of corrections: 128 random bits. PostgreSQL takes no text with a NUL character, so that other text is refused
# before it is asked for.
CORRECTION_ID = re.compile(r"[0-9a-f]{32}")

Strokes = list[list[list[float]]]


@dataclass(frozen=True)
class NewCorrection:
    """What is stored of a correction: see `app.storage.tables` for the meaning of each field."""

    label: str | None
    image: bytes
    strokes: Strokes | None
    writer: str | None
    model_version: str
    predicted: str
    confidence: float
    agreement: float
    model: str | None


@dataclass(frozen=True)
class Correction(NewCorrection):
    """A stored correction. Anyone who knows its id can withdraw it."""

    id: str
    created_at: datetime
    status: Status
    reviewed_at: datetime | None

    @property
    def label_text(self) -> str:
        """The label in words."""
        return NONE_OF_THESE if self.label is None else self.label
