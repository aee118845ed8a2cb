"""The model that is served, and what happens when its file is replaced."""

from __future__ import annotations

import logging
from pathlib import Path

from app.model_updates import FileState
from app.recognition.classifier import Classifier
from app.recognition.model_file import ModelFileError

logger = logging.getLogger("handwritten")


class ServedModel:
    """Loads the model file. `classifier` is None until the first time, `state` that of the loaded file.

    Under gunicorn the parent process loads it, and the workers inherit the classifier. So all workers serve the same
    model, and one that replaces another starts even if the file is damaged by then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.classifier: Classifier | None = None
        self.state: FileState | None = None

    def load(self) -> Classifier:
        """Load the file. Raises ModelFileError if it cannot be used; `classifier` then stays as it is."""
        state = FileState.of(self.path)
        classifier = Classifier.load(self.path)
        classifier.warm_up()
        self.state = state
        self.classifier = classifier
        return classifier

    def reload(self) -> bool:
        """Load the file again. If it cannot be used, log that, keep the previous classifier and return False."""
        try:
            self.load()
        except ModelFileError as error:
            logger.error("%s The previous model is still served.", error)
            return False
        except Exception:  # whatever it is, it must not end the server
            logger.exception("%s cannot be loaded. The previous model is still served.", self.path)
            return False
        return True
