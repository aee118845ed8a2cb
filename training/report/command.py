"""`python -m training report model.pt DATA`: write the report again, or for other data, without training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from app.recognition import model_file
from app.recognition.model_file import ModelFileError
from training import checkpoint
from training.checkpoint import Checkpoint
from training.errors import TrainingError
from training.evaluate import evaluate, quantised_network, read_for, summary
from training.fit import Epoch
from training.images import CACHE
from training.report.folder import write_after
from training.tree import extra_tests, find_part, require_part


def run(model_path: Path, data: Path, folder: Path, skip_unreadable: bool) -> None:
    """Write the report on a model and a tree to `folder`; the curves are those that `folder` already has, if any.

    The tree needs a test part; the sheet of the classes is drawn if it has a training part too. Raises ModelFileError
    for an unusable model and TrainingError for an unusable tree.
    """
    model = checkpoint.load(model_path)
    parts = {part: found for part in ("train", "validation") if (found := find_part(data, part))}
    parts |= {"test": require_part(data, "test")}
    parts |= {found.name: found for found in extra_tests(data)}
    sets = {part: read_for(model, found, skip_unreadable, data / CACHE) for part, found in parts.items()}
    quantised = quantised_network(model_path)
    evaluations = {part: evaluate(model, images, quantised) for part, images in sets.items() if part.startswith("test")}
    model = replace(model, metrics={part: evaluation.figures for part, evaluation in evaluations.items()})
    epochs = _epochs_of(model, folder / "history.json")
    title = f"{model_path.name}: {model.architecture} on {data.resolve().name}"
    try:
        page = write_after(folder, title, sets, model, epochs, evaluations["test"], _served(model_path))
    except OSError as error:
        raise TrainingError(f"{folder}: cannot be written ({error.strerror}). Choose another --output.") from error
    if not epochs:
        print(f"without curves: {folder / 'history.json'} is not this model's")
    for part, figures in model.metrics.items():
        print(f"{part} accuracy {summary(figures)}")
    print(f"report in {page}")


def _served(model_path: Path) -> bytes | None:
    """The network that the file has for the server, or None if it has none."""
    try:
        return model_file.load_inside(model_path, model_file.load(model_path)[0]).network
    except ModelFileError:  # PyTorch can still read it
        return None


def _epochs_of(model: Checkpoint, history: Path) -> list[Epoch]:
    """The epochs of a history.json, none if it is not there or belongs to another training."""
    try:
        found = json.loads(history.read_text())
        epochs = [Epoch.from_dict(epoch) for epoch in found["epochs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    own = found["classes"] == list(model.classes) and len(epochs) == model.provenance.get("epochs")
    return epochs if own else []
