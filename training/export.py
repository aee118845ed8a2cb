"""`python -m training export model.pt`: write the network that the server computes into a model file.

`train` does this itself. The command is for model files without that network, to quantise it on other images, or to add
what the page's "Look inside" shows: the description of the layers, and training images as neighbours.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.recognition import model_file
from app.recognition.model_file import ModelFileError, Network
from training import checkpoint, neighbours
from training.checkpoint import Checkpoint
from training.division import Grouping, hold_out
from training.evaluate import evaluate, read_for
from training.images import CACHE, ImageSet
from training.networks import EIGHT_BIT
from training.onnx_export import ServedNetwork, to_onnx
from training.quantisation import served_network
from training.tree import extra_tests, find_part, require_part

# Share of the training images that the quantised network is compared on, if there are no validation images.
_VALIDATION_FRACTION = 0.1


def run(model_path: Path, data: Path | None, shown: Path | None, skip_unreadable: bool) -> None:
    """Write the records for serving; the weights, and so the model's version, stay the same.

    `data` is an image folder as for training: the network is quantised on its training images and tested on its test
    images. Without it the network is written in 32-bit floats. `shown` is an image folder too: its training images
    become the neighbours that the server shows. With `shown` alone, the network stays as it was.
    Raises ModelFileError for an unusable model and TrainingError for an unusable tree.
    """
    model = checkpoint.load(model_path)
    served = _as_before(model_path) if shown and not data else None
    if served is None:
        # The file's 8-bit figures belong to another quantised network.
        model = replace(model, metrics={part: _in_floats(figures) for part, figures in model.metrics.items()})
        served = ServedNetwork(to_onnx(model.network(), model.preprocessing.size))
    if data is not None:
        served, model = _quantised(model, data, skip_unreadable)
    if shown:
        train = read_for(model, require_part(shown, "train"), skip_unreadable, shown / CACHE)
        credit = neighbours.credit_of(shown)
        chosen = neighbours.choose(served.onnx, train, neighbours.DEFAULT_COUNT, credit)
    else:
        chosen = neighbours.kept(model_path, served.onnx)
    checkpoint.save(model, model_path, replace(served, neighbours=chosen))
    numbers = "8-bit integers" if served.quantised else "32-bit floats"
    images = f", with {len(chosen.images):,} training images to show as neighbours" if chosen else ""
    print(f"{model_path}: written, to be served in {numbers}{images}")
    if not served.quantised and data is None and model.architecture in EIGHT_BIT:
        print("With --data DATA, its training images, it could be quantised and answer in a third of the time")


def _as_before(model_path: Path) -> ServedNetwork | None:
    """The network that the file has for the server, or None if it has none."""
    try:
        card, _ = model_file.load(model_path)
    except ModelFileError:  # PyTorch can still read it
        return None
    return ServedNetwork(model_file.load_inside(model_path, card).network, card.quantised)


def _in_floats(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name != "accuracy_8_bit"}


def _quantised(model: Checkpoint, data: Path, skip_unreadable: bool) -> tuple[ServedNetwork, Checkpoint]:
    folders = {"train": require_part(data, "train")}
    for part in ("validation", "test"):
        if folder := find_part(data, part):
            folders[part] = folder
    folders |= {folder.name: folder for folder in extra_tests(data)}
    sets: dict[str, ImageSet] = {
        part: read_for(model, folder, skip_unreadable, data / CACHE) for part, folder in folders.items()
    }
    train, validation = sets["train"], sets.get("validation")
    if validation is None:
        train, validation = hold_out(train, _VALIDATION_FRACTION, 0, Grouping(data).of(train))
    served = served_network(model, train, validation if len(validation) else None)
    if not served.quantised:
        return served, model
    network = Network(served.onnx)
    tested = {
        part: evaluate(model, images, network).figures for part, images in sets.items() if part.startswith("test")
    }
    return served, replace(model, metrics={**model.metrics, **tested})
