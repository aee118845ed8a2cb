"""The models that a training takes from: one to start from, one that teaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.recognition.preprocessing import Preprocessing
from training import checkpoint
from training.checkpoint import Checkpoint
from training.errors import TrainingError
from training.recipes import Recipe


@dataclass(frozen=True)
class GivenModels:
    """The models that a recipe names, None where it names none."""

    init: Checkpoint | None = None
    teacher: Checkpoint | None = None

    @classmethod
    def load(cls, recipe: Recipe) -> GivenModels:
        """Read them. Raises ModelFileError for an unusable file, TrainingError for one whose images are prepared in
        another way."""
        loaded = {}
        for option, name in (("init", recipe.init), ("teacher", recipe.teacher)):
            model = checkpoint.load(Path(name)) if name else None
            if model and model.preprocessing != Preprocessing(recipe.preprocessing, recipe.size):
                own = model.preprocessing
                raise TrainingError(
                    f"--{option} {name}: its images are prepared otherwise. "
                    f"Add --preprocessing {own.method} --size {own.size}."
                )
            loaded[option] = model
        return cls(**loaded)

    def require_classes(self, classes: tuple[str, ...], recipe: Recipe) -> None:
        """Raises TrainingError if the teacher has other classes."""
        if self.teacher and self.teacher.classes != classes:
            raise TrainingError(
                f"--teacher {recipe.teacher}: it knows other classes than the folder. "
                "Give a model that was trained on the same ones."
            )

    @property
    def by_name(self) -> Mapping[str, Checkpoint | None]:
        """Each under the name of its option."""
        return {"init": self.init, "teacher": self.teacher}
