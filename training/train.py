"""`python -m training train DATA --output my.pt`: from a folder of labelled images to a model that can be served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from app.recognition.model_file import Network
from app.recognition.preprocessing import Preprocessing
from training import checkpoint, metrics, neighbours, networks
from training.calibration import fit_temperature
from training.checkpoint import Checkpoint
from training.distributed import Team, joined
from training.errors import InterruptionError, TrainingError
from training.evaluate import Evaluation, evaluate, pooled, summary, table
from training.fit import Fit, Trainer
from training.given_models import GivenModels
from training.images import ImageSet
from training.interruption import end_on_sigterm, on_interruption
from training.look_alikes import Groups, require_classes
from training.material import Division, Material, read_material
from training.objective import class_weights
from training.onnx_export import ServedNetwork
from training.outputs import require_writable
from training.provenance import provenance
from training.quantisation import served_network
from training.recipes import Recipe
from training.resume import Resumable, conditions
from training.transfer import start_from
from training.unknown import Unknown, read_unknown, with_threshold
from training.watching import Watch


@dataclass(frozen=True)
class Options:
    """What to train, on what, and where to write it.

    `arguments` are those of the architecture, `unknown` is a folder of images of no class. `report` is the folder of
    the report, None for none, `tensorboard` one for TensorBoard. `quantise` serves the network in 8-bit integers, if it
    reads as well so. `look_alikes` are explained in training.look_alikes. So many training images go into the model as
    `neighbours`, for the server to show. `command`, the command line's arguments, is noted in the model.
    """

    data: Path
    output: Path
    architecture: str
    arguments: dict[str, Any]
    recipe: Recipe
    division: Division = field(default_factory=Division)
    skip_unreadable: bool = False
    resume: bool = False
    report: Path | None = None
    tensorboard: Path | None = None
    title: str = ""
    command: Sequence[str] = ()
    unknown: Path | None = None
    quantise: bool = True
    neighbours: int = neighbours.DEFAULT_COUNT
    look_alikes: Groups = ()

    @property
    def preprocessing(self) -> Preprocessing:
        """How every image is prepared."""
        return Preprocessing(self.recipe.preprocessing, self.recipe.size)

    @property
    def heading(self) -> str:
        """What is trained on what, in words."""
        return f"{self.output.name}: {self.architecture} on {self.data.resolve().name}"


def run(options: Options) -> None:
    """Train, print the figures and write the model.

    Raises TrainingError, before training, for whatever would make it fail afterwards, and InterruptionError if it was
    interrupted; that says which files there are.
    """
    end_on_sigterm()
    with joined(options.recipe.device) as (team, device):
        options = replace(options, recipe=replace(options.recipe, device=device))
        require_writable(options.output)
        models = GivenModels.load(options.recipe)
        with team.leader_first(), on_interruption(f"interrupted: {options.output} is as it was"):
            material = read_material(options.data, options.recipe, options.division, options.skip_unreadable)
            unknown = read_unknown(options.unknown, options.preprocessing, options.recipe.seed)
        models.require_classes(material.train.classes, options.recipe)
        require_classes(options.look_alikes, material.train.classes)
        print(material)
        if unknown:
            print(f"{len(unknown.train):,} images of no class to train on, {len(unknown.validation):,} to validate")
        training = Training(options, material, models, unknown, team)
        with on_interruption(f"interrupted: {options.output} is as it was"):
            cross_validated = training.cross_validate() if material.folds else None
        result = training.fit()
        if team.leads:
            training.finish(result, cross_validated)
        if result.interrupted:
            raise InterruptionError(
                f"interrupted after epoch {len(result.epochs)}: {options.output} has the best so far, of epoch "
                f"{result.best_epoch}; --resume goes on with the rest"
            )


class Training:
    """A training of one network, or of one for each fold and then one on all images."""

    def __init__(
        self, options: Options, material: Material, models: GivenModels, unknown: Unknown | None, team: Team
    ) -> None:
        self._options, self._material, self._models = options, material, models
        self._unknown, self._team = unknown, team
        self._recipe = options.recipe.settled(len(material.train))
        of_no_class = {"of no class": unknown.train, "of no class to validate": unknown.validation} if unknown else {}
        same = conditions(
            options.architecture,
            options.arguments,
            self._recipe,
            {"train": material.train, "validation": material.validation, **of_no_class},
            team.size,
            models.by_name,
        )
        self._resumable = Resumable(options.output, same)

    def cross_validate(self) -> Evaluation:
        """Train on each division into folds, and evaluate all images by the networks that have not seen them."""
        evaluations = []
        for number, (train, validation, test) in enumerate(self._material.folds, 1):
            result = self._trainer(train, validation).fit()
            if result.interrupted:
                raise KeyboardInterrupt
            model = self._calibrated(self._model(result), validation)
            evaluations.append(evaluate(model, test))
            print(f"fold {number} of {len(self._material.folds)}: accuracy {summary(evaluations[-1].figures)}")
        return pooled(evaluations, self._material.train.classes)

    def fit(self) -> Fit:
        """Train, or go on with it. Raises InterruptionError if no epoch was completed."""
        options = self._options
        with on_interruption(f"interrupted before the first epoch: {options.output} is as it was"):
            trainer = self._trainer(self._material.train, self._material.validation)
            if options.resume:
                self._resumable.load(trainer)
                print(f"resuming after epoch {len(trainer.result.epochs)}")
            report, tensorboard = (options.report, options.tensorboard) if self._team.leads else (None, None)
            watch = Watch(options.heading, self._material, self._recipe, report, tensorboard)
            watch.before(given_up=not options.recipe.epochs)

        def on_epoch(trainer: Trainer) -> None:
            if self._team.leads:
                self._resumable.save(trainer)
            try:
                watch.after_epoch(trainer.result)
            except TrainingError:
                self._resumable.finished()
                raise

        result = trainer.fit(on_epoch)
        if not result.epochs:
            raise InterruptionError(f"interrupted in the first epoch: {options.output} is as it was")
        return result

    def finish(self, result: Fit, cross_validated: Evaluation | None) -> None:
        """Calibrate, test, save and report. Raises InterruptionError at another Ctrl-C."""
        options, material = self._options, self._material
        with on_interruption(
            f"interrupted: {options.output} is as it was; --resume goes on after epoch {len(result.epochs)}"
        ):
            model = self._calibrated(self._model(result), material.validation)
            served = served_network(model, material.train, material.validation, quantised=options.quantise)
            chosen = neighbours.choose(
                served.onnx, material.train, options.neighbours, neighbours.credit_of(options.data)
            )
            served = replace(served, neighbours=chosen)
            quantised = Network(served.onnx) if served.quantised else None
            evaluations = {part: evaluate(model, images, quantised) for part, images in material.tests.items()}
            if cross_validated:
                evaluations["test"] = cross_validated
            model = replace(model, metrics={part: evaluation.figures for part, evaluation in evaluations.items()})
            checkpoint.save(model, options.output, served)
        with on_interruption(f"interrupted: {options.output} is written, its report is not"):
            if not result.interrupted:
                self._resumable.finished()
            self._tell(model, served, result, evaluations["test"])

    def _trainer(self, train: ImageSet, validation: ImageSet | None) -> Trainer:
        options, recipe = self._options, self._recipe
        torch.manual_seed(recipe.seed)
        outputs = len(train.classes) + (self._unknown is not None)
        network = networks.build(options.architecture, outputs, recipe.size, **options.arguments)
        if self._models.init:
            start_from(network, self._models.init, train)
        teacher = self._models.teacher.network() if self._models.teacher else None
        weights = class_weights(recipe, train)
        return Trainer(network, train, validation, recipe, weights, self._team, teacher, self._unknown)

    def _model(self, result: Fit) -> Checkpoint:
        options = self._options
        return Checkpoint(
            architecture=options.architecture,
            arguments=options.arguments,
            classes=self._material.train.classes,
            state=result.state,
            preprocessing=options.preprocessing,
            provenance=provenance(
                options.data,
                self._material,
                self._recipe,
                result,
                options.command,
                self._models.by_name,
                options.unknown,
            ),
            title=options.title,
            learned_unknown=self._unknown is not None,
            look_alikes=options.look_alikes,
        )

    def _calibrated(self, model: Checkpoint, validation: ImageSet | None) -> Checkpoint:
        """The model with all that is chosen by validation images."""
        if validation is None:
            return model
        logits = metrics.logits_of(model.network(), validation)
        model = replace(model, temperature=fit_temperature(logits, validation.targets))
        return with_threshold(model, validation, self._unknown)

    def _tell(self, model: Checkpoint, served: ServedNetwork, result: Fit, evaluation: Evaluation) -> None:
        options = self._options
        print(table(evaluation.per_class))
        if self._material.skipped:
            print(f"skipped {self._material.skipped} unreadable files")
        if options.report:
            from training.report import folder

            page = folder.write_after(
                options.report, options.heading, self._material.sets, model, result.epochs, evaluation, served.onnx
            )
            print(f"report in {page}")
        for part, figures in model.metrics.items():
            print(f"{part} accuracy {summary(figures)}")
        print(f"wrote {options.output}")
        if served.neighbours:
            kept = len(served.neighbours.images)
            print(
                f"with {kept:,} training images, for the server to show as neighbours; --no-neighbours leaves them out"
            )
