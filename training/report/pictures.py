"""The report's pictures, as data URLs, so that the page needs no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Generator

from training.augmentation import augmenter
from training.evaluate import Evaluation
from training.fit import Epoch
from training.images import ImageSet

_SHEET_COLUMNS = 22
_AUGMENTED_CLASSES = 12
_COLOURS = {"training": "#8a8f98", "validation": "#2f6fde"}


@dataclass(frozen=True)
class Strip:
    """The first images of a class, side by side."""

    name: str
    count: int
    picture: str


@dataclass(frozen=True)
class Mistake:
    """A misread image, with the answer and its confidence."""

    picture: str
    path: str
    actual: str
    predicted: str
    confidence: float


def class_sheet(images: ImageSet) -> list[Strip]:
    """The first images of each class that has any, as the network sees them."""
    strips = []
    for index, name, count in _present(images):
        first = images.subset((images.targets == index).nonzero().squeeze(1)[:_SHEET_COLUMNS])
        pixels = first.images[first.rows].squeeze(1).numpy()
        strips.append(Strip(name, count, data_url(np.concatenate(list(pixels), axis=1))))
    return strips


def augmented_sheet(images: ImageSet, augment: Mapping[str, float], seed: int) -> list[Strip]:
    """An image of each of the first classes, then the same as augmentation distorts it, as the network sees them in
    training."""
    distort, generator = augmenter(augment), Generator().manual_seed(seed)
    strips = []
    for index, name, count in _present(images)[:_AUGMENTED_CLASSES]:
        row = images.rows[int((images.targets == index).nonzero()[0])]
        original = images.images[row : row + 1].float() / 255
        versions = distort(original.repeat(_SHEET_COLUMNS - 1, 1, 1, 1), generator)
        pixels = (torch.cat([original, versions]).clamp(0, 1) * 255).round().byte().squeeze(1).numpy()
        strips.append(Strip(name, count, data_url(np.concatenate(list(pixels), axis=1))))
    return strips


def _present(images: ImageSet) -> list[tuple[int, str, int]]:
    """Index, name and number of images of each class; a tree that the model was not trained on may lack some."""
    return [(index, name, count) for index, (name, count) in enumerate(images.counts.items()) if count]


def mistakes(images: ImageSet, evaluation: Evaluation, classes: Sequence[str], most: int) -> list[Mistake]:
    """The wrong answers, the most confident first."""
    confidence, predicted = evaluation.probabilities.max(1)
    wrong = (predicted != evaluation.targets).nonzero().squeeze(1)
    worst = wrong[confidence[wrong].argsort(descending=True, stable=True)][:most]
    return [
        Mistake(
            picture=data_url(images.images[images.rows[place], 0].numpy()),
            path=images.paths[int(images.rows[place])],
            actual=classes[int(evaluation.targets[place])],
            predicted=classes[int(predicted[place])],
            confidence=float(confidence[place]),
        )
        for place in worst
    ]


def curves(epochs: Sequence[Epoch], best: int | None) -> dict[str, str]:
    """Loss, accuracy and AUC over the epochs, each an SVG element; the epoch numbered `best` is marked."""
    series: dict[str, dict[str, list[float | None]]] = {
        "Loss": {
            "training": [epoch.loss for epoch in epochs],
            "validation": [epoch.validation.loss if epoch.validation else None for epoch in epochs],
        },
        "Accuracy": {
            "training": [epoch.accuracy for epoch in epochs],
            "validation": [epoch.validation.accuracy if epoch.validation else None for epoch in epochs],
        },
        "AUC": {"validation": [epoch.validation.auc if epoch.validation else None for epoch in epochs]},
    }
    numbers = [epoch.number for epoch in epochs]
    drawn = {}
    for title, lines in series.items():
        known = {name: values for name, values in lines.items() if any(value is not None for value in values)}
        if known:
            drawn[title] = _chart(numbers, known, best, percent=title == "Accuracy")
    return drawn


def _chart(numbers: Sequence[int], lines: dict[str, list[float | None]], best: int | None, percent: bool) -> str:
    # The import takes a second. Figure without pyplot needs no window system and no closing.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = Figure(figsize=(4.2, 2.7), layout="constrained")
    axes = figure.subplots()
    for name, values in lines.items():
        points = [np.nan if value is None else value for value in values]
        axes.plot(
            numbers, points, label=name, color=_COLOURS[name], marker="o" if len(points) == 1 else "", linewidth=2
        )
    # The axis is cut off, because the first epochs' values would flatten the rest of the curve.
    settled = [value for values in lines.values() for value in values[len(values) // 10 :] if value is not None]
    if settled and min(settled) < max(settled):
        margin = 0.08 * (max(settled) - min(settled))
        axes.set_ylim(min(settled) - margin, max(settled) + margin)
    if best is not None and len(numbers) > 1:
        axes.axvline(best, color=_COLOURS["training"], linewidth=1, linestyle=":")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def data_url(pixels: NDArray[np.uint8] | torch.Tensor) -> str:
    """A grey picture, (height, width), as a data URL."""
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
