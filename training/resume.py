"""Save and resume an unfinished training. Its state is a file beside the model that it will write."""

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
    """What must not change between the beginning of a training and its resumption, by the name that messages use.

    `sets` are the training and validation images, `models` the models that it uses, such as a teacher.
    """
    same: dict[str, Any] = {
        "architecture": architecture,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()},
        "processes": processes,
        **{name: value for name, value in dataclasses.asdict(recipe).items() if name not in ("device", "patience")},
        # The version, not the path: the file may have been replaced since.
        **{name: model.version if model else "" for name, model in models.items()},
        **{f"images {part}": images.fingerprint if images else "" for part, images in sets.items()},
    }
    if recipe.lr_scheduler != "cosine":
        # With a constant learning rate, a resumed training may have more epochs.
        del same["epochs"]
    return same


class Resumable:
    """Saves the state of a training after every epoch, so that it can be resumed."""

    def __init__(self, output: Path, conditions: dict[str, Any]) -> None:
        self.path = unfinished_of(output)
        self._conditions = conditions

    def save(self, trainer: Trainer) -> None:
        """Write the state atomically."""
        contents = {"conditions": self._conditions, "state": trainer.state_dict()}
        write_whole(self.path, lambda file: torch.save(contents, file))

    def load(self, trainer: Trainer) -> None:
        """Restore the saved state.

        Raises TrainingError if there is none, or it belongs to another training.
        """
        if not self.path.exists():
            raise TrainingError(f"{self.path}: no unfinished training to resume. Leave --resume out to begin one.")
        damaged = TrainingError(f"{self.path}: damaged. Remove it and start again without --resume.")
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            begun, state = dict(saved["conditions"]), saved["state"]
        except Exception as error:  # PyTorch raises many kinds of errors for a damaged file
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
                f"was started with other images in {name.removeprefix('images ')}. "
                "Restore them, or start again without --resume."
            )
        return (
            f"was started with {name} {begun.get(name)!r}, not {self._conditions.get(name)!r}. "
            "Give the same options and data, or start again without --resume."
        )

    def finished(self) -> None:
        """Remove the state: the model is written."""
        self.path.unlink(missing_ok=True)
