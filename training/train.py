"""`python -m training train DATA --output my.pt`: from a folder of labelled images to a model that can be served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from app.recognition.model_file import Network
from training import checkpoint, metrics, neighbours, networks
from training.blend import best_blend, blend
from training.calibration import fit_temperature
from training.checkpoint import Checkpoint
from training.distributed import Team, joined
from training.errors import InterruptionError, TrainingError
from training.evaluate import Evaluation, evaluate, pooled, summary, table, tell_skipped
from training.fit import Fit, Trainer
from training.given_models import GivenModels
from training.images import ImageSet
from training.interruption import end_on_sigterm, on_interruption
from training.look_alikes import require_classes
from training.material import Material, read_material
from training.objective import class_weights
from training.onnx_export import ServedNetwork
from training.optimisation import remark_on_amp
from training.outputs import require_writable
from training.protocol import Options
from training.provenance import provenance
from training.quantisation import served_network
from training.resume import Resumable, conditions
from training.transfer import fits_head_alone, start_from, with_features
from training.unknown import Unknown, read_unknown, with_threshold
from training.watching import Watch


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
        print(f"{material}\n{unknown}" if unknown else material)
        remark_on_amp(options.recipe)
        training = Training(options, material, models, unknown, team)
        with on_interruption(f"interrupted: {options.output} is as it was"):
            cross_validated = training.cross_validate() if material.folds else None
        result = training.fit()
        state = training.refitted(result, material.train, material.validation)
        if team.leads:
            training.finish(result, state, cross_validated)
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
        self._material, self._models, self._unknown, self._team = material, models, unknown, team
        head_alone = unknown is None and fits_head_alone(models.init, material.train, options.recipe)
        self._options = options = with_features(options, models.init, material.train) if head_alone else options
        self._recipe = options.recipe.settled(len(material.train), head_alone)
        same = conditions(
            options.architecture,
            options.arguments,
            self._recipe,
            {"train": material.train, "validation": material.validation, **(unknown.sets if unknown else {})},
            team.size,
            models.by_name,
        )
        self._resumable = Resumable(options.output, same)

    def cross_validate(self) -> Evaluation:
        """Train on each division into folds, and evaluate all images by the networks that have not seen them."""
        evaluations = []
        for number, (train, validation, test) in enumerate(self._material.folds, 1):
            trainer = self._trainer(train, validation)
            start, result = trainer.result.state, trainer.fit()
            self._blend(result, start, validation)
            state = self.refitted(result, train, validation)
            if result.interrupted:
                raise KeyboardInterrupt
            model = replace(self._calibrated(self._model(result), validation), state=state)
            evaluations.append(evaluate(model, test))
            print(f"fold {number} of {len(self._material.folds)}: accuracy {summary(evaluations[-1].figures)}")
        return pooled(evaluations, self._material.train.classes)

    def fit(self) -> Fit:
        """Train, or go on with it. Raises InterruptionError if no epoch was completed."""
        options = self._options
        with on_interruption(f"interrupted before the first epoch: {options.output} is as it was"):
            trainer = self._trainer(self._material.train, self._material.validation)
            start = trainer.result.state
            if options.resume:
                self._resumable.load(trainer)
                print(f"resuming after epoch {len(trainer.result.epochs)}")
            report, tensorboard = (options.report, options.tensorboard) if self._team.leads else (None, None)
            watch = Watch(options.heading, self._material, self._recipe, report, tensorboard)
            watch.before(given_up=not options.recipe.epochs)

        def on_epoch(trainer: Trainer) -> None:
            if self._team.leads:
                self._resumable.save(trainer)
            watch.after_epoch(trainer.result)

        try:
            result = trainer.fit(on_epoch)
        except TrainingError:  # hopeless, so that there is nothing to go on with
            self._resumable.finished()
            raise
        if result.interrupted and not result.epochs:
            raise InterruptionError(f"interrupted in the first epoch: {options.output} is as it was")
        with on_interruption(self._resumes(result)):
            self._blend(result, start, self._material.validation)
        return result

    def refitted(self, result: Fit, train: ImageSet, validation: ImageSet | None) -> Mapping[str, Tensor]:
        """The weights of a second training with the recipe's `refit`, on the validation images too.

        Without it, without validation images, or with a validation folder, which the user chose, those of the first
        training; and so after an interruption, which is noted in `result`.
        """
        if not self._recipe.refit or result.interrupted or validation is None or validation.images is not train.images:
            return result.state
        images = train.joined(validation)
        if self._team.leads:
            print(f"training again, on all {len(images):,} images, with what the validation images have shown")
        with on_interruption(self._resumes(result)):
            trainer = self._trainer(images, None)
        start, again = trainer.result.state, trainer.fit()
        result.interrupted = again.interrupted
        if again.interrupted:
            return result.state
        return blend(self._network(start), self._network(again.state), result.blend).state_dict()

    def _resumes(self, result: Fit) -> str:
        """What an interruption after the last epoch leaves."""
        resumes = f"; --resume goes on after epoch {len(result.epochs)}" if result.epochs else ""
        return f"interrupted: {self._options.output} is as it was{resumes}"

    def finish(self, result: Fit, state: Mapping[str, Tensor], cross_validated: Evaluation | None) -> None:
        """Calibrate, test, save and report. Raises InterruptionError at another Ctrl-C.

        What validation images choose is chosen with the weights of the first training, which has not seen them.
        """
        options, material = self._options, self._material
        with on_interruption(self._resumes(result)):
            model = replace(self._calibrated(self._model(result), material.validation), state=state)
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
        recipe = self._recipe
        torch.manual_seed(recipe.seed)
        network = self._network()
        if self._models.init:
            start_from(network, self._models.init, train, recipe)
        teacher = self._models.teacher.network() if self._models.teacher else None
        factors = class_weights(recipe, train)
        return Trainer(network, train, validation, recipe, factors, self._team, teacher, self._unknown)

    def _network(self, state: Mapping[str, Tensor] | None = None) -> nn.Module:
        """A network with these weights, or fresh ones."""
        options = self._options
        outputs = len(self._material.train.classes) + (self._unknown is not None)
        network = networks.build(options.architecture, outputs, self._recipe.size, **options.arguments)
        if state:
            network.load_state_dict(state)
        return network

    def _blend(self, result: Fit, start: Mapping[str, Tensor], validation: ImageSet | None) -> None:
        """Go back towards the model that was started from, as far as the validation images say."""
        if self._recipe.init and result.epochs and validation is not None:
            network, result.blend = best_blend(self._network(start), self._network(result.state), validation)
            result.state = network.state_dict()
            if self._team.leads:
                print(f"taken: {result.blend:.0%} of the way from the weights at the start to those after training")

    def _model(self, result: Fit) -> Checkpoint:
        options, material = self._options, self._material
        return Checkpoint(
            architecture=options.architecture,
            arguments=options.arguments,
            classes=material.train.classes,
            state=result.state,
            preprocessing=options.preprocessing,
            provenance=provenance(
                options.data, material, self._recipe, result, options.command, self._models.by_name, options.unknown
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
        tell_skipped(self._material.skipped)
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
            print(f"with {kept:,} training images that the server shows as neighbours; --no-neighbours: without them")
