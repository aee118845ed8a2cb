"""The models that are served, and what happens when their files are replaced."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.model_updates import FileState
from app.recognition.classifier import Classifier
from app.recognition.model_card import ModelCard
from app.recognition.model_file import TRAIN, ModelFileError

logger = logging.getLogger("handwritten")

# In a folder without a file that is called one of these, the first file by name is the default.
_DEFAULTS = ("model.pt", "digits.pt")


class ServedModel:
    """A model file. `classifier` is None until the file has been loaded, `state` is that of the loaded file, `rejected`
    that of a later one that could not be loaded.

    Under gunicorn the parent process loads it, and the workers inherit the classifier. So all workers serve the same
    model, and one that replaces another starts even if the file is damaged by then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.classifier: Classifier | None = None
        self.state: FileState | None = None
        self.rejected: FileState | None = None

    @property
    def name(self) -> str:
        """The model's name in addresses: that of its file. The name model.pt says nothing, so there it is the model's
        title, or "digits"."""
        if self.path.stem == "model" and self.classifier:
            return title(self.classifier.model).lower().replace(" ", "-") or "model"
        return self.path.stem

    def load(self) -> Classifier:
        """Load the file. Raises ModelFileError if it cannot be used; `classifier` then stays as it is."""
        state = FileState.of(self.path)
        classifier = Classifier.load(self.path)
        classifier.warm_up()
        self.state, self.rejected = state, None
        self.classifier = classifier
        return classifier

    def reload(self) -> bool:
        """Load the file again. If it cannot be used, log that, keep the previous classifier and return False."""
        self.rejected = FileState.of(self.path)
        try:
            self.load()
        except ModelFileError as error:
            logger.error("%s %s", error, self._instead)
            return False
        except Exception:  # nothing in a file may end the server
            logger.exception("%s cannot be loaded. %s", self.path, self._instead)
            return False
        return True

    @property
    def _instead(self) -> str:
        return "The previous model is still served." if self.classifier else "The others are served."


class ServedModels:
    """The model files that MODEL_PATH names, in the order in which people are shown them: the default, then the others
    as MODEL_PATH names them, those of a folder in the order of their classes: digits, capitals, small letters, words.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self._places = places
        self._models: dict[Path, ServedModel] = {}

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models.values())

    def named(self) -> dict[str, ServedModel]:
        """The models by name. A name that was there before gets a number."""
        found: dict[str, ServedModel] = {}
        for model in self:
            same = sum(other.name == model.name for other in found.values())
            found[f"{model.name}-{same + 1}" if same else model.name] = model
        return found

    def load(self) -> None:
        """Load all. A file that cannot be used is left out and logged.

        Raises ModelFileError if that is the file which MODEL_PATH names first, or if none is left.
        """
        first = self._places[0]
        if not first.is_dir():
            self._models[first] = ServedModel(first)
            self._models[first].load()
        self.reload()
        if not any(model.classifier for model in self):
            raise ModelFileError(f"{first}: no model file in it that can be used. {TRAIN}, or set MODEL_PATH.")

    def reload(self) -> None:
        """Load those files that are there now and have changed. One that cannot be used is logged."""
        paths = [path for place in self._places for path in _files(place)]
        # A model whose file is gone is served until the server ends: the folder may just be being replaced.
        self._models = {path: self._models.get(path) or ServedModel(path) for path in [*paths, *self._models]}
        for model in self:
            if model.state is None or model.state != FileState.of(model.path):
                model.reload()
        # The default must be a model that can be used.
        models = sorted(self, key=lambda model: model.classifier is None)
        self._models = {model.path: model for model in models[:1] + sorted(models[1:], key=self._place)}

    def _place(self, model: ServedModel) -> tuple[bool, int, tuple[str, ...]]:
        """The sort key of the models that are not the default."""
        places = (number for number, place in enumerate(self._places) if place in (model.path, model.path.parent))
        classes = model.classifier.model.classes if model.classifier else ()
        return model.classifier is None, next(places), classes


def title(model: ModelCard) -> str:
    """The name by which people choose a model: its title, "Digits" if all its classes are digits, or nothing."""
    if model.title:
        return model.title
    if all(name in "0123456789" for name in model.classes):
        return "Digits"
    return ""


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        # Only the folder of further models may be missing.
        return [place] if place.suffix else []
    return sorted(place.glob("*.pt"), key=lambda path: (path.name not in _DEFAULTS, path.name != _DEFAULTS[0], path))
