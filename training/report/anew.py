"""`python -m training report model.pt DATA`: the report again, or on other data, without training again."""

from __future__ import annotations

import json
from pathlib import Path

from app.recognition import checkpoint
from app.recognition.checkpoint import Checkpoint
from training.errors import TrainingError
from training.evaluate import evaluate, read_for
from training.fit import Epoch
from training.images import CACHE
from training.report.folder import write_after
from training.tree import find_part, require_part


def run(model_path: Path, data: Path, folder: Path, skip_unreadable: bool) -> None:
    """Write the report on a model and a tree to `folder`; the curves are those that `folder` already has, if any.

    The tree needs a test part; the sheet of the classes is drawn if it has a training part too. Raises CheckpointError
    for an unusable model and TrainingError for an unusable tree.
    """
    model = checkpoint.load(model_path)
    parts = {"test": require_part(data, "test")}
    parts |= {part: found for part in ("train", "validation") if (found := find_part(data, part))}
    sets = {part: read_for(model, found, skip_unreadable, data / CACHE) for part, found in parts.items()}
    evaluation = evaluate(model, sets["test"])
    epochs = _epochs_of(model, folder / "history.json")
    title = f"{model_path.name}: {model.architecture} on {data.resolve().name}"
    try:
        write_after(folder, title, sets, model, epochs, evaluation)
    except OSError as error:
        raise TrainingError(f"{folder}: cannot be written ({error.strerror}). Choose another --output.") from error
    if not epochs:
        print(f"without curves: {folder / 'history.json'} is not this model's")
    print(f"test accuracy {evaluation.figures['accuracy']:.2%} of {len(sets['test']):,} images")
    print(f"report in {folder / 'report.html'}")


def _epochs_of(model: Checkpoint, history: Path) -> list[Epoch]:
    """The epochs of a history.json, none if it is not there or belongs to another training."""
    try:
        found = json.loads(history.read_text())
        epochs = [Epoch.from_dict(epoch) for epoch in found["epochs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    own = found["classes"] == list(model.classes) and len(epochs) == model.provenance.get("epochs")
    return epochs if own else []
