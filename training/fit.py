"""The training loop: memory-mapped images, augmentation of whole batches, averaged weights as the result."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from training.augmentation import augmenter
from training.distributed import Team
from training.errors import TrainingError
from training.images import ImageSet
from training.metrics import Scores, score
from training.objective import Objective
from training.optimisation import averaged, learning_rate, make_optimizers
from training.progress import bar
from training.recipes import Recipe
from training.unknown import Unknown


@dataclass
class Epoch:
    """The figures of one pass over the images. `loss` and `accuracy` are means over the training steps, on augmented
    images; `validation` is measured after the epoch, with the averaged weights."""

    number: int
    seconds: float
    loss: float
    accuracy: float
    lr: float
    validation: Scores | None = None

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Epoch:
        """The inverse of `dataclasses.asdict`."""
        validation = values["validation"]
        return cls(**{**values, "validation": Scores(**validation) if validation else None})


@dataclass
class Fit:
    """The best weights so far (by validation loss; without a validation set, the latest) and every epoch's figures.

    `blend` is how far they lie on the way from the weights that the training started with (training.blend).
    """

    state: dict[str, Tensor]
    best_epoch: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    interrupted: bool = False
    blend: float = 1.0

    @property
    def best_loss(self) -> float:
        """The lowest validation loss so far."""
        return min((epoch.validation.loss for epoch in self.epochs if epoch.validation), default=math.inf)


class Trainer:
    """Trains a network epoch by epoch.

    The same seed, data, machine and number of threads give the same weights, and so does a run that was interrupted
    and resumed: every epoch draws its random numbers from the seed and its own number alone.
    """

    def __init__(
        self,
        network: nn.Module,
        train: ImageSet,
        validation: ImageSet | None,
        recipe: Recipe,
        class_weights: Tensor | None = None,
        team: Team | None = None,
        teacher: nn.Module | None = None,
        unknown: Unknown | None = None,
    ) -> None:
        self.recipe = recipe
        self.team = team or Team()
        if min(recipe.batch_size, len(train)) < self.team.size:
            raise TrainingError(
                f"{self.team.size} processes for batches of {min(recipe.batch_size, len(train))} images: "
                "each needs one at least. Start fewer, or give a larger --batch-size."
            )
        self._device = torch.device(recipe.device)
        self._train, self._validation = train, validation
        plain = network.to(self._device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = averaged(plain, recipe.model_ema_decay)
        self._network = self.team.share(plain)
        self._optimizers = make_optimizers(plain, recipe)
        self._unknown = unknown
        self._augment = augmenter(recipe.augment)
        classes = len(train.classes)
        self._class_weights = class_weights
        self._objective = Objective(
            classes,
            classes + (unknown is not None),
            recipe.label_smoothing,
            None if class_weights is None else class_weights.to(self._device),
            teacher.to(self._device) if teacher else None,
            self.team,
        )
        self._batch_size = min(recipe.batch_size, len(train)) // self.team.size * self.team.size
        # Batch normalisation needs two images, and every process one.
        least = self._batch_size if recipe.drop_last else min(self._batch_size, max(2, self.team.size))
        self._batches = _Batches(len(train), self._batch_size, least)
        self.result = Fit(_copy(self._average.module))

    def fit(self, on_epoch: Callable[[Trainer], None] = lambda _: None) -> Fit:
        """Train up to the recipe's last epoch, or until its patience ends; `on_epoch` is called after each epoch.

        Ctrl-C ends the training with the best weights so far; before the end of the first epoch there are none. Raises
        TrainingError if the training diverges.
        """
        try:
            for number in range(len(self.result.epochs) + 1, self.recipe.epochs + 1):
                self._keep_best(self._epoch(number))
                on_epoch(self)
                patience = self.recipe.patience or math.inf
                if self.team.agree(number - self.result.best_epoch >= patience):
                    break
        except KeyboardInterrupt:
            self.result.interrupted = True
        return self.result

    def _epoch(self, number: int) -> Epoch:
        started = time.perf_counter()
        seed = self.recipe.seed * 1_000_003 + number
        batches = self._batches.draw(Generator().manual_seed(seed))
        # Each process of a team distorts its images, and drops out units, in its own way.
        generator = Generator().manual_seed(seed * 1009 + self.team.rank)
        torch.manual_seed(seed * 1009 + self.team.rank)
        self._network.train()
        # The loss, the right answers and the images, summed over the steps.
        sums = torch.zeros(3, dtype=torch.double)
        description = f"epoch {number}/{self.recipe.epochs}"
        with bar(
            total=len(self._train), desc=description, unit="image", leave=False, disable=not self.team.leads
        ) as progress:
            for step, batch in enumerate(batches):
                mine = self._train.subset(batch[self.team.rank :: self.team.size])
                images, targets = mine.images[mine.rows], mine.targets
                if self._unknown:
                    images, targets = self._unknown.joined(images, targets, len(mine.classes), generator)
                targets = targets.to(self._device)
                inputs = self._augment(images.to(self._device).float() / 255, generator)
                epoch = number - 1 + step / len(batches)
                if epoch < self.recipe.progressive_resizing * self.recipe.epochs:
                    inputs = F.avg_pool2d(inputs, 2)
                lr = learning_rate(self.recipe, epoch)
                loss, right = self._step(inputs, targets, lr)
                self._average.update_parameters(_plain(self._network))
                sums += torch.tensor([loss, right, len(targets)], dtype=torch.double)
                losses, rights, seen = sums.tolist()
                progress.set_postfix(loss=f"{losses / (step + 1):.4f}", accuracy=f"{rights / seen:.2%}", refresh=False)
                progress.update(len(batch))
        losses, rights, seen = self.team.sum(sums).tolist()
        losses /= len(batches) * self.team.size
        self._require_finite(number, losses)
        return Epoch(number, time.perf_counter() - started, losses, rights / seen, lr)

    def _require_finite(self, number: int, loss: float) -> None:
        weights = self._average.module.parameters()
        if not math.isfinite(loss) or not all(value.isfinite().all() for value in weights):
            raise TrainingError(
                f"the training diverged in epoch {number}: the loss or the weights are no numbers any more. "
                f"Nothing was written. Give a lower --lr than {self.recipe.lr:g}."
            )

    def _step(self, inputs: Tensor, targets: Tensor, lr: float) -> tuple[float, int]:
        """Take one step on a batch. Returns the loss and the number of right answers."""
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr
        inputs = inputs.to(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.recipe.amp):
            logits = self._network(inputs).float()
            taught = self._objective.taught(inputs, targets)
        loss = self._objective(logits, taught)
        self._network.zero_grad()
        loss.backward()
        for optimizer in self._optimizers:
            optimizer.step()
        return loss.item(), int((logits.detach().argmax(1) == targets).sum())

    def _keep_best(self, epoch: Epoch) -> None:
        best = self.result.best_loss
        if self._validation is not None and self.team.leads:
            epoch.validation = score(self._average.module, self._validation, self._class_weights)
        # First the weights: an interruption between the two lines must not leave an epoch without its weights.
        if epoch.validation is None or epoch.validation.loss <= best:
            self.result.state, self.result.best_epoch = _copy(self._average.module), epoch.number
        self.result.epochs.append(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Everything that resuming needs, as tensors and plain values."""
        return {
            "network": _plain(self._network).state_dict(),
            "average": self._average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "best": self.result.state,
            "best_epoch": self.result.best_epoch,
            "epochs": [asdict(epoch) for epoch in self.result.epochs],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from the result of `state_dict`."""
        _plain(self._network).load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        for optimizer, values in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(values)
        epochs = [Epoch.from_dict(epoch) for epoch in state["epochs"]]
        self.result = Fit(state["best"], state["best_epoch"], epochs)


@dataclass(frozen=True)
class _Batches:
    """Divides an epoch's images into batches of `size`; a smaller last one is used if it has at least `least` images.
    Images that are left out are used in other epochs, because the order is random."""

    images: int
    size: int
    least: int

    def draw(self, generator: Generator) -> list[Tensor]:
        """The indices of each batch's images, in random order."""
        batches = list(torch.randperm(self.images, generator=generator).split(self.size))
        return batches[:-1] if len(batches[-1]) < self.least else batches


def _plain(network: nn.Module) -> nn.Module:
    """The network without the wrapper that shares gradients."""
    return network.module if isinstance(network, DistributedDataParallel) else network


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in network.state_dict().items()}
