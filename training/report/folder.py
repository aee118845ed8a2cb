"""Writing the report's folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
from torch import Tensor

from training.checkpoint import Checkpoint, write_whole
from training.evaluate import Evaluation
from training.fit import Epoch
from training.images import ImageSet
from training.report import pictures
from training.report.facts import facts

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
# More classes than this make a table that nobody reads; the most frequent confusions are listed for any number.
_WIDEST_TABLE = 62
_CONFUSIONS = 12
_MISTAKES = 60


@dataclass(frozen=True)
class Confusion:
    """`count` images of the class `actual` were taken for `predicted`."""

    actual: str
    predicted: str
    count: int


def write_before(folder: Path, title: str, sets: dict[str, ImageSet]) -> None:
    """Write the report as far as it goes before training: how many images there are, and the first of each class."""
    _write(folder, title=title, sets=sets, sheet=pictures.class_sheet(sets["train"]))


def write_after(
    folder: Path,
    title: str,
    sets: dict[str, ImageSet],
    model: Checkpoint,
    epochs: Sequence[Epoch],
    evaluation: Evaluation,
) -> None:
    """Write the whole report. Without `epochs` there are no curves, without training images no sheet of the classes."""
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
    _write(
        folder,
        title=title,
        sets=sets,
        sheet=pictures.class_sheet(sets["train"]) if "train" in sets else None,
        model=model,
        epochs=epochs,
        curves=pictures.curves(epochs, model.provenance.get("best epoch")) if epochs else None,
        evaluation=evaluation,
        shades=_shades(matrix) if len(model.classes) <= _WIDEST_TABLE else None,
        confusions=_confusions(matrix, model.classes),
        mistakes=pictures.mistakes(sets["test"], evaluation, model.classes, _MISTAKES),
        wrong=int(matrix.sum() - matrix.diagonal().sum()),
        made=facts(model),
    )


def _write(folder: Path, **values: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page = _TEMPLATES.get_template("report.html").render(values)
    write: Callable[[Any], Any] = lambda file: file.write(page.encode())  # noqa: E731
    write_whole(folder / "report.html", write)


def _shades(matrix: Tensor) -> list[list[float]]:
    """How dark each cell of the table is, 0 to 1: the share of the row, its cube root so that rare mistakes show."""
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
