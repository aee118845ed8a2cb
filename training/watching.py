"""Progress of a running training: a line for each epoch, the report, and TensorBoard's curves."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training import metrics
from training.errors import TrainingError
from training.fit import Epoch, Fit
from training.material import Material
from training.recipes import Recipe

if TYPE_CHECKING:
    from training.report.folder import Report

# The share of the training time that rewriting the report after each epoch may take.
_REPORT_SHARE = 0.05
# Seconds until the report is written for the first time, which takes a second for its imports alone.
_REPORT_AFTER = 20.0
# A network that is no better than guessing after so many steps, and this share of the epochs, will not learn.
_ENOUGH_STEPS, _ENOUGH_EPOCHS = 300, 0.25
_HEAD_ALONE = (
    "a head for the new classes is fitted to the model of --init, which stays as it is; if that reads too little, "
    "perhaps as another pen was used, train it too: --epochs 16 --lr 0.002"
)


class Watch:
    """Reports the progress of a training in every way that the options ask for."""

    def __init__(
        self, heading: str, material: Material, recipe: Recipe, report: Path | None, tensorboard: Path | None
    ) -> None:
        """Raises TrainingError if TensorBoard was asked for and is not installed."""
        self._material, self._recipe = material, recipe
        self._report: Report | None = None
        if report:
            from training.report.folder import Report  # its templates and pictures are not needed without it

            self._report = Report(report, heading, material.sets)
        self._tensorboard = _summary_writer(tensorboard) if tensorboard else None
        self._gives_up = False
        self._due = 0.0

    def before(self, given_up: bool) -> None:
        """Report the images before training. `given_up`: whether to end a training that is no better than guessing."""
        self._gives_up = given_up
        if not self._recipe.epochs:
            print(_HEAD_ALONE)
        if self._report:
            page = self._report.begin(self._recipe.augment, self._recipe.seed)
            self._due = time.perf_counter() + _REPORT_AFTER
            print(f"the training images, as the network sees them: {page}")

    def after_epoch(self, result: Fit) -> None:
        """Report the last epoch. Raises TrainingError if the training is no better than guessing."""
        last = result.epochs[-1]
        print(self._line(result), flush=True)
        if self._tensorboard:
            _add(self._tensorboard, last)
        if self._gives_up:
            self._require_hope(result)
        if self._report and time.perf_counter() >= self._due:
            started = time.perf_counter()
            self._report.go_on(result, self._recipe.epochs, self._seconds_left(result))
            took = time.perf_counter() - started
            self._due = started + took / _REPORT_SHARE

    def _line(self, result: Fit) -> str:
        last = result.epochs[-1]
        line = f"epoch {last.number}/{self._recipe.epochs}  {last.seconds:.1f} s"
        line += f"  loss {last.loss:.4f}  accuracy {last.accuracy:.2%}"
        if last.validation and self._material.validation:
            scores = last.validation
            low, high = metrics.interval(scores.accuracy, len(self._material.validation))
            line += f"  validation: loss {scores.loss:.4f}  accuracy {scores.accuracy:.2%} ({low:.1%} to {high:.1%})"
            line += f"  AUC {scores.auc:.5f}" if scores.auc is not None else ""
            line += "  best" if result.best_epoch == last.number else ""
        return line

    def _seconds_left(self, result: Fit) -> float:
        recent = statistics.mean(epoch.seconds for epoch in result.epochs[-5:])
        return recent * (self._recipe.epochs - len(result.epochs))

    def _require_hope(self, result: Fit) -> None:
        validation, done = self._material.validation, len(result.epochs)
        steps = done * max(1, len(self._material.train) // self._recipe.batch_size)
        if validation is None or steps < _ENOUGH_STEPS or done < _ENOUGH_EPOCHS * self._recipe.epochs:
            return
        guessing = max(validation.counts.values()) / len(validation)
        scatter = (guessing * (1 - guessing) / len(validation)) ** 0.5
        recent = [epoch.validation.accuracy for epoch in result.epochs[done // 2 :] if epoch.validation]
        if recent and statistics.mean(recent) <= guessing + scatter:
            raise TrainingError(
                f"after {done} epochs it reads {statistics.mean(recent):.0%} of {len(validation)} validation images, "
                f"which is guessing: nothing was written. Check that every folder holds what its name says, or train "
                f"on with --epochs {self._recipe.epochs}."
            )


def _summary_writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingError("--tensorboard: not installed. Install it with: pip install tensorboard") from error
    return SummaryWriter(str(folder))


def _add(writer: Any, epoch: Epoch) -> None:
    figures = {"loss/training": epoch.loss, "accuracy/training": epoch.accuracy, "learning rate": epoch.lr}
    if epoch.validation:
        scores = {"loss": epoch.validation.loss, "accuracy": epoch.validation.accuracy, "auc": epoch.validation.auc}
        figures |= {f"{name}/validation": value for name, value in scores.items() if value is not None}
    for name, value in figures.items():
        writer.add_scalar(name, value, epoch.number)
    writer.flush()
