"""Writing the report's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
from torch import Tensor

from training.checkpoint import Checkpoint, write_whole
from training.evaluate import Evaluation
from training.fit import Epoch, Fit
from training.images import ImageSet
from training.metrics import interval
from training.report import inside, pictures
from training.report.description import describe

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
# With more classes there is no confusion matrix; the most frequent confusions are always listed.
_WIDEST_TABLE = 62
_CONFUSIONS = 12
_MISTAKES = 60
_PAGE = "report.html"
_BESIDE = "begun.html"


@dataclass(frozen=True)
class Confusion:
    """`count` images of the class `actual` were taken for `predicted`."""

    actual: str
    predicted: str
    count: int


class Report:
    """The report on one training, rewritten while it runs."""

    def __init__(self, folder: Path, title: str, sets: Mapping[str, ImageSet]) -> None:
        self._folder, self._title, self._sets = folder, title, sets
        self._shown: dict[str, Any] = {}

    def begin(self, augment: Mapping[str, float], seed: int) -> Path:
        """Write what is known before training: the number of images, and some of them.

        An earlier training's report is kept until this one has finished an epoch; the page returned is beside it.
        """
        train = self._sets["train"]
        self._shown = {
            "sheet": pictures.class_sheet(train),
            "augmented": pictures.augmented_sheet(train, augment, seed) if augment else None,
            "augment": augment,
        }
        name = _BESIDE if (self._folder / _PAGE).exists() else _PAGE
        _write(self._folder, name, title=self._title, sets=self._sets, running=True, **self._shown)
        return self._folder / name

    def go_on(self, result: Fit, epochs: int, seconds_left: float) -> None:
        """Write the curves so far, and the time left."""
        _write(
            self._folder,
            _PAGE,
            title=self._title,
            sets=self._sets,
            running=True,
            last=result.epochs[-1],
            of=epochs,
            left=_duration(seconds_left),
            curves=pictures.curves(result.epochs, result.best_epoch),
            **self._shown,
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"


def write_after(
    folder: Path,
    title: str,
    sets: Mapping[str, ImageSet],
    model: Checkpoint,
    epochs: Sequence[Epoch],
    evaluation: Evaluation,
    network: bytes | None = None,
) -> Path:
    """Write the whole report and return its page. Without `epochs` it has no curves, without training images no sheets,
    without test images (after cross-validation) no mistakes, and without `network`, the ONNX file that is served, no
    feature maps."""
    history = {
        "classes": list(model.classes),
        "epochs": [asdict(epoch) for epoch in epochs],
        "test": evaluation.figures,
        "per_class": [asdict(row) for row in evaluation.per_class],
        "confusion": evaluation.confusion.tolist(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "history.json", lambda file: file.write(json.dumps(history, indent=1).encode()))
    matrix = evaluation.confusion
    recipe = model.provenance.get("recipe")
    augment = recipe.get("augment") if isinstance(recipe, dict) else None
    if not isinstance(augment, dict):  # a model of an earlier version: names without strengths
        augment = dict.fromkeys(augment or (), 1.0)
    train = sets.get("train")
    _write(
        folder,
        _PAGE,
        title=title,
        sets=sets,
        sheet=pictures.class_sheet(train) if train else None,
        augmented=pictures.augmented_sheet(train, augment, model.provenance.get("seed", 0))
        if train and augment
        else None,
        augment=augment,
        model=model,
        epochs=epochs,
        curves=pictures.curves(epochs, model.provenance.get("best epoch")) if epochs else None,
        evaluation=evaluation,
        interval=interval,
        shades=_shades(matrix) if len(model.classes) <= _WIDEST_TABLE else None,
        confusions=_confusions(matrix, model.classes),
        mistakes=pictures.mistakes(sets["test"], evaluation, model.classes, _MISTAKES) if "test" in sets else [],
        inside=inside.look(network, sets["test"]) if network and "test" in sets else None,
        wrong=int(matrix.sum() - matrix.diagonal().sum()),
        made=describe(model),
    )
    return folder / _PAGE


def _write(folder: Path, name: str, **values: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page = _TEMPLATES.get_template("report.html").render(values)
    write_whole(folder / name, lambda file: file.write(page.encode()))
    if name == _PAGE:
        (folder / _BESIDE).unlink(missing_ok=True)


def _shades(matrix: Tensor) -> list[list[float]]:
    """The darkness of each cell, 0 to 1: the cube root of its share of the row, so that rare mistakes are visible."""
    shares = matrix.double() / matrix.sum(1, keepdim=True).clamp(min=1)
    return [[float(value) for value in row] for row in shares ** (1 / 3)]


def _confusions(matrix: Tensor, classes: Sequence[str]) -> list[Confusion]:
    off_diagonal = matrix.clone().fill_diagonal_(0).flatten()
    counts, places = off_diagonal.sort(descending=True, stable=True)
    return [
        Confusion(classes[place // len(classes)], classes[place % len(classes)], count)
        for count, place in zip(counts[:_CONFUSIONS].tolist(), places[:_CONFUSIONS].tolist(), strict=True)
        if count
    ]
