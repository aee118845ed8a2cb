"""The trained models that a training uses: `--init`, to start from, and `--teacher`, to learn from."""

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
    """The models that a recipe names; None for an option that is not given."""

    init: Checkpoint | None = None
    teacher: Checkpoint | None = None

    @classmethod
    def load(cls, recipe: Recipe) -> GivenModels:
        """Read the models. Raises ModelFileError for an unusable file, and TrainingError for a model with another
        preprocessing."""
        loaded = {}
        for option, name in (("init", recipe.init), ("teacher", recipe.teacher)):
            model = checkpoint.load(Path(name)) if name else None
            if model and model.preprocessing != Preprocessing(recipe.preprocessing, recipe.size):
                own = model.preprocessing
                raise TrainingError(
                    f"--{option} {name}: it was trained with another preprocessing. "
                    f"Add --preprocessing {own.method} --size {own.size}."
                )
            loaded[option] = model
        return cls(**loaded)

    def require_classes(self, classes: tuple[str, ...], recipe: Recipe) -> None:
        """Raises TrainingError if the teacher has other classes."""
        if self.teacher and self.teacher.classes != classes:
            raise TrainingError(
                f"--teacher {recipe.teacher}: its classes are not those of the folder. "
                "Give a model that was trained on the same classes."
            )

    @property
    def by_name(self) -> Mapping[str, Checkpoint | None]:
        """The models by the names of their options."""
        return {"init": self.init, "teacher": self.teacher}
