"""What a model file says of itself, its weights apart; serving needs no more of it than this and a runtime."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from app.recognition.preprocessing import Preprocessing


class CheckpointError(Exception):
    """A model file that cannot be used. The message is one line: the file, what is wrong, what to do."""


@dataclass(frozen=True)
class ModelCard:
    """A model as people and the server see it: see `Checkpoint` for most fields.

    `version` is twelve digits that differ between any two models, `parameters` the number of learned values. An answer
    is known from `known_threshold` on (see `Classifier`); without one, all are.
    """

    architecture: str
    arguments: dict[str, Any]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    temperature: float
    metrics: dict[str, dict[str, Any]]
    provenance: dict[str, Any]
    title: str
    version: str
    parameters: int
    known_threshold: float | None = None

    def to_json(self) -> str:
        """As text, for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` gave."""
        values = json.loads(text)
        values["classes"] = tuple(values["classes"])
        values["preprocessing"] = Preprocessing(**values["preprocessing"])
        return cls(**values)
