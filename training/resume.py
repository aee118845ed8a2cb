"""The state of an unfinished training, beside the model that it will write."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from training.checkpoint import Checkpoint, write_whole
from training.errors import TrainingError
from training.fit import Trainer
from training.images import ImageSet
from training.outputs import unfinished_of
from training.recipes import Recipe


def conditions(
    architecture: str,
    arguments: dict[str, Any],
    recipe: Recipe,
    sets: Mapping[str, ImageSet | None],
    processes: int,
    models: Mapping[str, Checkpoint | None],
) -> dict[str, Any]:
    """What must be the same for the rest of a training to make sense, by the words that a message names it with.

    `sets` are the images that it learns and chooses from, `models` those that it takes from: a teacher, say.
    """
    same: dict[str, Any] = {
        "architecture": architecture,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()},
        "processes": processes,
        **{name: value for name, value in dataclasses.asdict(recipe).items() if name not in ("device", "patience")},
        # Not where they lie: another may lie there by then.
        **{name: model.version if model else "" for name, model in models.items()},
        **{f"images {part}": images.fingerprint if images else "" for part, images in sets.items()},
    }
    if recipe.lr_scheduler != "cosine":
        # More may be asked for, as the learning rate does not depend on how many there are.
        del same["epochs"]
    return same


class Resumable:
    """Saves a training after every epoch, so that it can go on after whatever stopped it."""

    def __init__(self, output: Path, conditions: dict[str, Any]) -> None:
        self.path = unfinished_of(output)
        self._conditions = conditions

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
        damaged = TrainingError(f"{self.path}: damaged. Remove it and begin again without --resume.")
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            begun, state = dict(saved["conditions"]), saved["state"]
        except Exception as error:  # whatever a damaged archive makes the reader stumble over
            raise damaged from error
        for name in {**self._conditions, **begun}:
            if begun.get(name) != self._conditions.get(name):
                raise TrainingError(f"{self.path}: {self._difference(name, begun)}")
        try:
            trainer.load_state_dict(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise damaged from error

    def _difference(self, name: str, begun: dict[str, Any]) -> str:
        if name.startswith("images "):
            return (
                f"was begun with other images in {name.removeprefix('images ')}. "
                "Put them back as they were, or begin again without --resume."
            )
        return (
            f"was begun with {name} {begun.get(name)!r}, not {self._conditions.get(name)!r}. "
            "Give the same options and data, or begin again without --resume."
        )

    def finished(self) -> None:
        """Remove the state: the model is written."""
        self.path.unlink(missing_ok=True)
