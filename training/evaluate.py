"""`python -m training evaluate model.pt DATA/test`: accuracy, and the figures of each class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from app.recognition import model_file
from app.recognition.model_file import ModelFileError, Network
from training import checkpoint, metrics
from training.checkpoint import Checkpoint
from training.images import ImageSet, read_images
from training.metrics import ClassFigures
from training.tree import list_images, require_known_classes


@dataclass(frozen=True)
class Evaluation:
    """How a model does on a set of images.

    `figures` are those that model.pt stores; `probabilities` (n, classes) are calibrated, `targets` (n,) index the
    model's classes; `confusion` (classes, classes) counts the row's class taken for the column's.
    """

    figures: dict[str, Any]
    probabilities: Tensor
    targets: Tensor
    confusion: Tensor
    per_class: list[ClassFigures]


def run(model_path: Path, folder: Path, skip_unreadable: bool) -> None:
    """Print how a model does on a folder of class folders."""
    model = checkpoint.load(model_path)
    images = read_for(model, folder, skip_unreadable)
    evaluation = evaluate(model, images, quantised_network(model_path))
    print(table(evaluation.per_class))
    if images.skipped:
        print(f"skipped {images.skipped} unreadable files")
    figures = evaluation.figures
    print(f"accuracy {summary(figures)}, expected calibration error {figures['calibration_error']:.2%}")


def read_for(model: Checkpoint, folder: Path, skip_unreadable: bool, cache: Path | None = None) -> ImageSet:
    """The images of a folder of class folders, preprocessed as the model requires, targets indexing its classes.

    Some of the model's classes may have no folder. Raises TrainingError for a folder that is no class of the model.
    """
    listing = list_images(folder)
    require_known_classes(listing, model.classes)
    return read_images(listing, model.preprocessing, skip_unreadable, cache).with_classes(model.classes)


def quantised_network(model_path: Path) -> Network | None:
    """The network in 8-bit integers that a model file has for the server, or None if it has none."""
    try:
        card, network = model_file.load(model_path)
    except ModelFileError:  # PyTorch can still read it
        return None
    return network if card.quantised else None


def evaluate(model: Checkpoint, images: ImageSet, quantised: Network | None = None) -> Evaluation:
    """Classify images whose targets index the model's classes, and count; also with the quantised network, if any."""
    logits = metrics.logits_of(model.network(), images)
    probabilities = (logits.double() / model.temperature).softmax(1)
    predicted = probabilities.argmax(1)
    matrix = metrics.confusion(predicted, images.targets, len(model.classes))
    figures = {
        "accuracy": metrics.accuracy(predicted, images.targets),
        "count": len(images),
        "calibration_error": metrics.expected_calibration_error(probabilities, images.targets),
        # What the service compares its own answers with.
        "predicted_share": dict(zip(model.classes, metrics.shares(predicted, len(model.classes)), strict=True)),
        "confidence_share": metrics.confidence_shares(probabilities),
    }
    if quantised:
        rounded = metrics.logits_of(quantised, images).argmax(1)
        figures["accuracy_8_bit"] = metrics.accuracy(rounded, images.targets)
    return Evaluation(figures, probabilities, images.targets, matrix, metrics.per_class(matrix, model.classes))


def summary(figures: dict[str, Any]) -> str:
    """A model's accuracy on a set of images, in words."""
    text = f"{figures['accuracy']:.2%}"
    if "accuracy_8_bit" in figures:
        text += f" ({figures['accuracy_8_bit']:.2%} in 8-bit integers)"
    return f"{text} of {figures['count']:,} images"


def table(rows: list[ClassFigures]) -> str:
    """Precision, recall and F1 of each class as text."""
    width = max(5, *(len(row.name) for row in rows))
    lines = [f"{'class':<{width}}  images  precision  recall      F1"]
    lines += [
        f"{row.name:<{width}}  {row.count:>6}  {row.precision:>9.2%}  {row.recall:>6.2%}  {row.f1:>6.2%}"
        for row in rows
    ]
    return "\n".join(lines)
