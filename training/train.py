"""`python -m training train DATA --output model.pt`: from a tree of labelled images to a model that can be served."""

from __future__ import annotations

import os
import platform
import shlex
import signal
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import PIL
import torch

from app.recognition.model_file import Network
from app.recognition.preprocessing import Preprocessing
from training import checkpoint, metrics, networks
from training.calibration import fit_temperature
from training.checkpoint import Checkpoint
from training.distributed import Team, joined
from training.errors import TrainingError
from training.evaluate import evaluate, summary, table
from training.fit import Fit, Trainer
from training.images import ImageSet
from training.onnx_export import ServedNetwork
from training.parts import class_weights, read_parts, split_validation
from training.prepare import sources
from training.quantisation import served_network
from training.recipes import Recipe
from training.resume import Resumable


@dataclass(frozen=True)
class Options:
    """What to train, on what, and where to write it.

    `arguments` are those of the architecture. `report` is the folder of the report, None for none; `command`, the
    command line's arguments, is noted in the model.
    """

    data: Path
    output: Path
    architecture: str
    arguments: dict[str, Any]
    preprocessing: Preprocessing
    recipe: Recipe
    validation_fraction: float
    skip_unreadable: bool
    resume: bool
    report: Path | None
    title: str
    command: Sequence[str]


def run(options: Options) -> None:
    """Train, print the figures and write the model.

    Raises TrainingError, before training, for whatever would make it fail afterwards.
    """
    _end_on_sigterm()
    with joined(options.recipe.device) as (team, device):
        options = replace(options, recipe=replace(options.recipe, device=device))
        require_writable(options.output)
        teacher = _teacher(options)
        with team.leader_first():
            sets = read_parts(options.data, options.preprocessing, options.skip_unreadable)
        if teacher and teacher.classes != sets["train"].classes:
            raise TrainingError(
                f"--teacher {options.recipe.teacher}: it knows other classes than the tree. "
                "Give a model that was trained on the same ones."
            )
        train, validation = split_validation(sets, options.validation_fraction, options.recipe.seed)
        print(
            f"{len(train):,} images to train on, {len(validation) if validation else 0:,} to validate, "
            f"{len(sets['test']):,} to test, {len(train.classes)} classes"
        )
        options = replace(options, recipe=options.recipe.settled(len(train)))
        if options.report and team.leads:
            from training.report import folder

            folder.write_before(options.report, _title(options), sets)
            print(f"the first images of each class are in {options.report / 'report.html'}")
        result = _fit(options, train, validation, team, teacher)
        if team.leads:
            model = _finished_model(options, sets, validation, result, teacher)
            _test_and_save(options, model, served_network(model, sets["train"], validation), sets, result)


def require_writable(output: Path) -> None:
    """Raises TrainingError if a file cannot be written there: better now than after training."""
    if output.is_dir():
        raise TrainingError(f"{output}: is a folder. Name the file to write, such as {output / 'model.pt'}.")
    try:
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise TrainingError(
            f"{output}: cannot be written ({error.strerror}). Create {output.parent}, or choose another --output."
        ) from error


def _end_on_sigterm() -> None:
    """A platform's way of stopping is as good as Ctrl-C: the best so far is kept."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _fit(options: Options, train: ImageSet, validation: ImageSet | None, team: Team, teacher: Checkpoint | None) -> Fit:
    recipe = options.recipe
    torch.manual_seed(recipe.seed)
    network = networks.build(options.architecture, len(train.classes), options.preprocessing.size, **options.arguments)
    trainer = Trainer(
        network, train, validation, recipe, class_weights(recipe, train), team, teacher.network() if teacher else None
    )
    resumable = Resumable(options.output, options.architecture, options.arguments, recipe, train, teacher)
    if options.resume:
        resumable.load(trainer)
        print(f"resuming after epoch {len(trainer.result.epochs)}")

    def on_epoch(trainer: Trainer) -> None:
        if team.leads:
            resumable.save(trainer)
        print(_line(trainer.result, recipe), flush=True)

    result = trainer.fit(on_epoch)
    if result.interrupted:
        print(f"interrupted: keeping the best so far, of epoch {result.best_epoch}; --resume goes on with the rest")
    elif team.leads:
        resumable.finished()
    return result


def _teacher(options: Options) -> Checkpoint | None:
    path = options.recipe.teacher
    if not path:
        return None
    teacher = checkpoint.load(Path(path))
    if teacher.preprocessing != options.preprocessing:
        raise TrainingError(
            f"--teacher {path}: its preprocessing is {teacher.preprocessing.method!r}. Give the same --preprocessing."
        )
    return teacher


def _line(result: Fit, recipe: Recipe) -> str:
    last = result.epochs[-1]
    line = (
        f"epoch {last.number}/{recipe.epochs}  {last.seconds:.1f} s  loss {last.loss:.4f}  accuracy {last.accuracy:.2%}"
    )
    if last.validation:
        scores = last.validation
        line += f"  validation: loss {scores.loss:.4f}  accuracy {scores.accuracy:.2%}"
        line += f"  AUC {scores.auc:.5f}" if scores.auc is not None else ""
        line += "  best" if result.best_epoch == last.number else ""
    return line


def _finished_model(
    options: Options,
    sets: dict[str, ImageSet],
    validation: ImageSet | None,
    result: Fit,
    teacher: Checkpoint | None,
) -> Checkpoint:
    model = Checkpoint(
        architecture=options.architecture,
        arguments=options.arguments,
        classes=sets["train"].classes,
        state=result.state,
        preprocessing=options.preprocessing,
        provenance=_provenance(options, sets, result, teacher),
        title=options.title,
    )
    if validation is None:
        return model
    logits = metrics.logits_of(model.network(), validation)
    return replace(model, temperature=fit_temperature(logits, validation.targets))


def _test_and_save(
    options: Options, model: Checkpoint, served: ServedNetwork, sets: dict[str, ImageSet], result: Fit
) -> None:
    quantised = Network(served.onnx) if served.quantised else None
    evaluations = {part: evaluate(model, images, quantised) for part, images in sets.items() if part.startswith("test")}
    model = replace(model, metrics={part: evaluation.figures for part, evaluation in evaluations.items()})
    checkpoint.save(model, options.output, served)
    print(table(evaluations["test"].per_class))
    skipped = sum(images.skipped for images in sets.values())
    if skipped:
        print(f"skipped {skipped} unreadable files")
    if options.report:
        from training.report import folder

        folder.write_after(options.report, _title(options), sets, model, result.epochs, evaluations["test"])
        print(f"report in {options.report / 'report.html'}")
    for part, figures in model.metrics.items():
        print(f"{part} accuracy {summary(figures)}")
    print(f"wrote {options.output}")


def _title(options: Options) -> str:
    return f"{options.output.name}: {options.architecture} on {options.data.resolve().name}"


def _provenance(options: Options, sets: dict[str, ImageSet], result: Fit, teacher: Checkpoint | None) -> dict[str, Any]:
    return {
        "data": {
            "folder": options.data.name,
            "images": {part: len(images) for part, images in sets.items()},
            "sources": sources.read(options.data),
            "training images by class": sets["train"].counts,
            "skipped files": sum(images.skipped for images in sets.values()),
        },
        "command": shlex.join(["python", "-m", "training", *options.command]),
        "recipe": asdict(options.recipe),
        "teacher": _summary(teacher) if teacher else None,
        "seed": options.recipe.seed,
        "epochs": len(result.epochs),
        "best epoch": result.best_epoch,
        "interrupted": result.interrupted,
        "training seconds": round(sum(epoch.seconds for epoch in result.epochs), 1),
        "versions": {"torch": torch.__version__, "pillow": PIL.__version__, "python": platform.python_version()},
        "machine": {"device": options.recipe.device, "threads": torch.get_num_threads(), "cores": os.cpu_count()},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _summary(teacher: Checkpoint) -> dict[str, Any]:
    return {
        "version": teacher.version,
        "architecture": teacher.architecture,
        "parameters": teacher.parameters,
        "accuracy": {part: figures["accuracy"] for part, figures in teacher.metrics.items()},
        "command": teacher.provenance.get("command"),
    }
