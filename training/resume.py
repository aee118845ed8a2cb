"""The state of an unfinished training, beside the model that it will write."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch

from training.checkpoint import Checkpoint, write_whole
from training.errors import TrainingError
from training.fit import Trainer
from training.images import ImageSet
from training.recipes import Recipe
from training.unknown import Unknown

_DEFAULTS = dataclasses.asdict(Recipe())


class Resumable:
    """Saves a training after every epoch, so that it can go on after whatever stopped it."""

    def __init__(
        self,
        output: Path,
        architecture: str,
        arguments: dict[str, Any],
        recipe: Recipe,
        train: ImageSet,
        teacher: Checkpoint | None = None,
        unknown: Unknown | None = None,
    ) -> None:
        self.path = output.with_name(f"{output.name}.unfinished")
        # What must be the same for the rest of the training to make sense. More epochs may be asked for, if the
        # learning rate does not depend on how many there are.
        self._conditions: dict[str, Any] = {
            "architecture": architecture,
            **arguments,
            "classes": list(train.classes),
            "images": len(train),
            **{name: value for name, value in dataclasses.asdict(recipe).items() if name not in ("device", "patience")},
        }
        # Not where it lies: another may lie there by then.
        self._conditions["teacher"] = teacher.version if teacher else ""
        self._conditions["images of no class"] = len(unknown.train) if unknown else 0
        if recipe.lr_scheduler != "cosine":
            del self._conditions["epochs"]

    def save(self, trainer: Trainer) -> None:
        """Write the state, whole or not at all."""
        contents = {"conditions": self._conditions, "state": trainer.state_dict()}
        write_whole(self.path, lambda file: torch.save(contents, file))

    def load(self, trainer: Trainer) -> None:
        """Go on where the saved training stopped.

        Raises TrainingError if there is none, or one of another kind.
        """
        if not self.path.exists():
            raise TrainingError(f"{self.path}: no unfinished training to resume. Leave --resume out to begin one.")
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            conditions, state = saved["conditions"], saved["state"]
        except Exception as error:  # whatever a damaged archive makes the reader stumble over
            raise TrainingError(f"{self.path}: damaged. Remove it and begin again without --resume.") from error
        for name, value in self._conditions.items():
            # Tuples come back as they were, lists too; both compare by their elements. What a training was begun
            # without, because it was not there yet, has its default.
            begun = conditions.get(name, _DEFAULTS.get(name, 0))
            if begun != value:
                raise TrainingError(
                    f"{self.path}: was begun with {name} {begun!r}, not {value!r}. "
                    "Give the same options and data, or begin again without --resume."
                )
        trainer.load_state_dict(state)

    def finished(self) -> None:
        """Remove the state: the model is written."""
        self.path.unlink(missing_ok=True)
