"""What a model file says about its network, without the weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from app.recognition.preprocessing import Preprocessing

FORMAT = 1


class UnknownFormatError(Exception):
    """A model card in a format that this version does not read."""


@dataclass(frozen=True)
class ModelCard:
    """A model's description, for the server and for people.

    `temperature` divides the logits before softmax, so that the confidence is the expected accuracy (Guo et al., "On
    Calibration of Modern Neural Networks", 2017). `metrics` maps the name of a test set to its figures (`accuracy` 0 to
    1, `count`). `provenance` says how the model was made; its keys are for people, none is required. `title` is for the
    page's heading. `version` is twelve digits that differ between any two sets of weights, `parameters` the number of
    learned values. `quantised` says whether the network is served in 8-bit integers. `learned_unknown` says that the
    network has one more output than classes, for images of none of them. An answer is known from `known_threshold` on
    (see `Classifier`); without one, all are. `look_alikes` are groups of classes that differ only in size or context.
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
    quantised: bool = False
    learned_unknown: bool = False
    known_threshold: float | None = None
    look_alikes: tuple[tuple[str, ...], ...] = ()

    def alike(self, label: str) -> tuple[str, ...]:
        """This class, followed by the classes that differ from it only in size or context."""
        group = next((group for group in self.look_alikes if label in group), ())
        return (label, *(name for name in group if name != label))

    def sureness(self, label: str, probabilities: Mapping[str, float]) -> float:
        """The probability of a class and of those that look like it. Below a limit the page says "not sure"."""
        return sum(probabilities[name] for name in self.alike(label))

    def to_json(self) -> str:
        """As text, for the record in model.pt."""
        return json.dumps({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The inverse of `to_json`. Unknown keys are ignored, as a later version may write more.

        Raises UnknownFormatError for another format; ValueError, KeyError or TypeError for any other text.
        """
        values = json.loads(text)
        if values["format"] != FORMAT:
            raise UnknownFormatError(values["format"])
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in values.items() if name in known}
        values["classes"] = tuple(values["classes"])
        values["look_alikes"] = tuple(map(tuple, values.get("look_alikes", ())))
        values["preprocessing"] = Preprocessing(**values["preprocessing"])
        return cls(**values)
