"""Evaluation metrics of a network on a set of images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from app.recognition.drift import CONFIDENCE_BINS, CONFIDENCE_BOUNDS
from app.recognition.model_file import Network
from training.calibration import fit_temperature
from training.images import ImageSet

# Larger than a batch in training, because no gradients are kept; small enough to stay in the processor's cache.
_BATCH = 500


@dataclass(frozen=True)
class Scores:
    """Mean cross-entropy in nats; accuracy; macro-averaged area under the ROC curves of each class against the rest, or
    None if a class is missing."""

    loss: float
    accuracy: float
    auc: float | None


@dataclass(frozen=True)
class ClassFigures:
    """One class: `count` images of it; precision, recall and their harmonic mean, 0 to 1."""

    name: str
    count: int
    precision: float
    recall: float
    f1: float


def logits_of(network: nn.Module | Network, images: ImageSet) -> Tensor:
    """Logits of the classes, float32 (n, classes) on the CPU, by PyTorch or by ONNX Runtime."""
    return outputs_of(network, images)[:, : len(images.classes)]


@torch.inference_mode()
def outputs_of(network: nn.Module | Network, images: ImageSet) -> Tensor:
    """All outputs of the network: the logits of the classes, then the logit for images of no class, if it has one
    (training.unknown)."""
    if isinstance(network, Network):
        return torch.cat([torch.from_numpy(network(batch.squeeze(1).numpy())) for batch, _ in images.batches(_BATCH)])
    network.eval()
    device = next(network.parameters()).device
    return torch.cat(
        [
            network((batch.to(device).float() / 255).to(memory_format=torch.channels_last)).float().cpu()
            for batch, _ in images.batches(_BATCH)
        ]
    )


def calibrated_loss(logits: Tensor, targets: Tensor) -> float:
    """Mean cross-entropy in nats of logits (n, classes) after temperature scaling, as the probabilities are served."""
    return F.cross_entropy(logits / fit_temperature(logits, targets), targets).item()


def score(network: nn.Module, images: ImageSet, class_weights: Tensor | None = None) -> Scores:
    """The figures of a validation set; with `class_weights` (classes,) the loss is a weighted mean, as in training.

    The loss is computed after temperature scaling, as the probabilities are served. Without it, a few wrong labels make
    the loss rise as the network becomes more confident, and too early an epoch would be chosen.
    """
    logits, targets = logits_of(network, images), images.targets
    logits = logits / fit_temperature(logits, targets)
    return Scores(
        loss=F.cross_entropy(logits, targets, class_weights).item(),
        accuracy=accuracy(logits.argmax(1), targets),
        auc=macro_auc(logits.softmax(1), targets),
    )


def accuracy(predicted: Tensor, targets: Tensor) -> float:
    """Share of right answers, 0 to 1."""
    return (predicted == targets).double().mean().item()


def interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share of `count` (Wilson, "Probable Inference, the Law of Succession, and
    Statistical Inference", 1927)."""
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def macro_auc(probabilities: Tensor, targets: Tensor) -> float | None:
    """Mean over the classes of the area under the ROC curve against the rest; None if a class has no image."""
    from sklearn.metrics import roc_auc_score  # takes a second to import

    classes = probabilities.shape[1]
    if len(targets.unique()) < classes:
        return None
    one_hot = F.one_hot(targets, classes)
    return float(roc_auc_score(one_hot.numpy(), probabilities.double().numpy(), average="macro"))


def confusion(predicted: Tensor, targets: Tensor, classes: int) -> Tensor:
    """int64 (classes, classes): the number of images of each class (row) with each answer (column)."""
    return torch.bincount(targets * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def per_class(predicted: Tensor, targets: Tensor, names: tuple[str, ...]) -> list[ClassFigures]:
    """Precision, recall and F1 of each class; 0 where the denominator is 0."""
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        targets.numpy(), predicted.numpy(), labels=range(len(names)), zero_division=0
    )
    return [
        ClassFigures(name, int(count), float(precision), float(recall), float(f1))
        for name, precision, recall, f1, count in zip(names, *columns, strict=True)
    ]


def shares(values: Tensor, bins: int) -> list[float]:
    """The share of each integer from 0 to `bins` - 1 among int64 (n,)."""
    return (torch.bincount(values, minlength=bins).double() / max(1, len(values))).tolist()


def confidence_shares(probabilities: Tensor) -> list[float]:
    """The share of answers in each of the bins by confidence, of probabilities (n, classes)."""
    bins = torch.bucketize(probabilities.max(1).values, torch.tensor(CONFIDENCE_BOUNDS, dtype=torch.double), right=True)
    return shares(bins, CONFIDENCE_BINS)


def expected_calibration_error(probabilities: Tensor, targets: Tensor, bins: int = 15) -> float:
    """The mean difference between confidence and accuracy, 0 to 1 (Guo et al., 2017, equation 3)."""
    confidence, predicted = probabilities.max(1)
    right = (predicted == targets).double()
    bin_of = (confidence * bins).ceil().long().clamp(1, bins)
    gaps = [
        (right[inside].mean() - confidence[inside].double().mean()).abs() * inside.sum()
        for inside in (bin_of == index for index in range(1, bins + 1))
        if inside.any()
    ]
    return float(sum(gaps) / len(targets))
