"""All that was asked for of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.recognition.preprocessing import Preprocessing
from training import neighbours
from training.look_alikes import Groups
from training.material import Division
from training.recipes import Recipe


@dataclass(frozen=True)
class Options:
    """What to train, on what, and where to write it.

    `arguments` are those of the architecture, `unknown` is a folder of images of no class. `report` is the folder of
    the report, None for none, `tensorboard` one for TensorBoard. `quantise` serves the network in 8-bit integers, if it
    reads as well so. `look_alikes` are explained in training.look_alikes. So many training images go into the model as
    `neighbours`, for the server to show. `command`, the command line's arguments, is noted in the model.
    """

    data: Path
    output: Path
    architecture: str
    arguments: dict[str, Any]
    recipe: Recipe
    division: Division = field(default_factory=Division)
    skip_unreadable: bool = False
    resume: bool = False
    report: Path | None = None
    tensorboard: Path | None = None
    title: str = ""
    command: Sequence[str] = ()
    unknown: Path | None = None
    quantise: bool = True
    neighbours: int = neighbours.DEFAULT_COUNT
    look_alikes: Groups = ()

    @property
    def preprocessing(self) -> Preprocessing:
        """How every image is prepared."""
        return Preprocessing(self.recipe.preprocessing, self.recipe.size)

    @property
    def heading(self) -> str:
        """What is trained on what, in words."""
        return f"{self.output.name}: {self.architecture} on {self.data.resolve().name}"
