"""`python -m training evaluate model.pt DATA/test`: accuracy, and the figures of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.recognition import model_file
from app.recognition.model_file import ModelFileError, Network
from training import checkpoint, metrics
from training.checkpoint import Checkpoint
from training.images import ImageSet, read_images
from training.look_alikes import merged
from training.metrics import ClassFigures
from training.tree import list_images, require_known_classes
from training.unknown import knownness


@dataclass(frozen=True)
class Evaluation:
    """A model's figures on a set of images.

    `figures` are those that model.pt stores; `probabilities` (n, classes) are calibrated, `targets` (n,) index the
    model's classes; `confusion` (classes, classes) counts images by class (row) and answer (column).
    """

    figures: dict[str, Any]
    probabilities: Tensor
    targets: Tensor
    confusion: Tensor
    per_class: list[ClassFigures]


def run(model_path: Path, folder: Path, skip_unreadable: bool) -> None:
    """Print a model's figures on a folder of class folders."""
    model = checkpoint.load(model_path)
    images = read_for(model, folder, skip_unreadable)
    evaluation = evaluate(model, images, quantised_network(model_path))
    print(table(evaluation.per_class))
    tell_skipped(images.skipped)
    figures = evaluation.figures
    print(f"accuracy {summary(figures)}, expected calibration error {figures['calibration_error']:.2%}")


def tell_skipped(count: int) -> None:
    """Print how many files could not be read, if any."""
    if count:
        print(f"skipped {count} unreadable {'file' if count == 1 else 'files'}")


def read_for(model: Checkpoint, folder: Path, skip_unreadable: bool, cache: Path | None = None) -> ImageSet:
    """Read a folder of class folders, preprocessed as the model requires; targets index the model's classes.

    Classes of the model without a folder are allowed. Raises TrainingError for a folder that is not one of its classes.
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
    """Classify images, whose targets index the model's classes, and compute the figures; those of the quantised network
    too, if there is one."""
    outputs = metrics.outputs_of(model.network(), images)
    logits = outputs[:, : len(model.classes)]
    evaluation = _counted((logits.double() / model.temperature).softmax(1), images.targets, model.classes)
    figures = evaluation.figures
    if model.known_threshold is not None:
        known = knownness(outputs, len(model.classes)) >= model.known_threshold
        figures["known_share"] = known.double().mean().item()
    if model.look_alikes:
        predicted, targets = (
            merged(indices, model.look_alikes, model.classes) for indices in (logits.argmax(1), images.targets)
        )
        figures["accuracy_merged"] = metrics.accuracy(predicted, targets)
    if quantised:
        rounded = metrics.logits_of(quantised, images).argmax(1)
        figures["accuracy_8_bit"] = metrics.accuracy(rounded, images.targets)
    return evaluation


def pooled(evaluations: Sequence[Evaluation], classes: tuple[str, ...]) -> Evaluation:
    """Join the evaluations of a cross-validation's folds into one."""
    probabilities = torch.cat([evaluation.probabilities for evaluation in evaluations])
    together = _counted(probabilities, torch.cat([evaluation.targets for evaluation in evaluations]), classes)
    together.figures["folds"] = [evaluation.figures["accuracy"] for evaluation in evaluations]
    return together


def _counted(probabilities: Tensor, targets: Tensor, classes: tuple[str, ...]) -> Evaluation:
    predicted = probabilities.argmax(1)
    figures = {
        "accuracy": metrics.accuracy(predicted, targets),
        "count": len(targets),
        "calibration_error": metrics.expected_calibration_error(probabilities, targets),
        # The service compares its predictions with these, to detect drift.
        "predicted_share": dict(zip(classes, metrics.shares(predicted, len(classes)), strict=True)),
        "confidence_share": metrics.confidence_shares(probabilities),
    }
    matrix = metrics.confusion(predicted, targets, len(classes))
    return Evaluation(figures, probabilities, targets, matrix, metrics.per_class(predicted, targets, classes))


def summary(figures: dict[str, Any]) -> str:
    """A model's accuracy on a set of images, as a sentence."""
    text = f"{figures['accuracy']:.2%}"
    if "accuracy_8_bit" in figures:
        text += f" ({figures['accuracy_8_bit']:.2%} in 8-bit integers)"
    if "accuracy_merged" in figures:
        text += f", {figures['accuracy_merged']:.2%} with look-alikes merged"
    low, high = metrics.interval(figures["accuracy"], figures["count"])
    text += f" of {figures['count']:,} images, 95 % interval {low:.2%} to {high:.2%}"
    if "folds" in figures:
        text += f", cross-validated in {len(figures['folds'])} folds"
    return text


def table(rows: list[ClassFigures]) -> str:
    """Precision, recall and F1 of each class as text."""
    width = max(5, *(len(row.name) for row in rows))
    lines = [f"{'class':<{width}}  images  precision  recall      F1"]
    lines += [
        f"{row.name:<{width}}  {row.count:>6}  {row.precision:>9.2%}  {row.recall:>6.2%}  {row.f1:>6.2%}"
        for row in rows
    ]
    return "\n".join(lines)
