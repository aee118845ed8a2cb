"""The training loop: images mapped into memory, augmented by the batch, the averaged weights as the result."""

from __future__ import annotations

import copy
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
from training.images import ImageSet
from training.metrics import Scores, score
from training.optimisation import Average, learning_rate, make_optimizer
from training.progress import bar
from training.recipes import Recipe
from training.unknown import Unknown


@dataclass
class Epoch:
    """What one pass over the images came to: the loss and accuracy in training are of the moment, augmented; those of
    validation are of the averaged weights after it."""

    number: int
    seconds: float
    loss: float
    accuracy: float
    lr: float
    validation: Scores | None = None

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Epoch:
        """The epoch of which `dataclasses.asdict` gave these values."""
        validation = values["validation"]
        return cls(**{**values, "validation": Scores(**validation) if validation else None})


@dataclass
class Fit:
    """The best weights so far (by validation loss; without a validation set, the latest) and the way there."""

    state: dict[str, Tensor]
    best_epoch: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    interrupted: bool = False

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
        self._device = torch.device(recipe.device)
        self._train, self._validation = train, validation
        plain = network.to(self._device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = copy.deepcopy(plain)
        self._network = self.team.share(plain)
        self._optimizer = make_optimizer(plain, recipe)
        self._following = Average(plain, self._average, recipe.model_ema_decay)
        self._teacher = teacher.to(self._device).eval() if teacher else None
        self._unknown = unknown
        self._augment = augmenter(recipe.augment)
        if class_weights is not None and unknown:
            class_weights = torch.cat([class_weights, torch.ones(1)])
        self._class_weights = None if class_weights is None else class_weights.to(self._device)
        # Only whole batches, so that every step weighs the same; what is left over has its turn in other epochs.
        self._batch_size = min(recipe.batch_size, len(train)) // self.team.size * self.team.size
        self._steps = len(train) // self._batch_size
        self.result = Fit(_copy(self._average))

    def fit(self, on_epoch: Callable[[Trainer], None] = lambda _: None) -> Fit:
        """Train up to the recipe's last epoch, or until its patience ends; `on_epoch` is called after each epoch.

        Ctrl-C ends the training with what is best so far.
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
        order = torch.randperm(len(self._train), generator=Generator().manual_seed(seed))
        # Each process of a team distorts its images, and drops out units, in its own way.
        generator = Generator().manual_seed(seed * 1009 + self.team.rank)
        torch.manual_seed(seed * 1009 + self.team.rank)
        self._network.train()
        losses, right, seen = 0.0, 0, 0
        description = f"epoch {number}/{self.recipe.epochs}"
        with bar(
            total=len(order), desc=description, unit="image", leave=False, disable=not self.team.leads
        ) as progress:
            for step in range(self._steps):
                batch = order[step * self._batch_size : (step + 1) * self._batch_size]
                mine = self._train.subset(batch[self.team.rank :: self.team.size])
                images, targets = mine.images[mine.rows], mine.targets
                if self._unknown:
                    images, targets = self._unknown.joined(images, targets, len(mine.classes), generator)
                targets = targets.to(self._device)
                inputs = self._augment(images.to(self._device).float() / 255, generator)
                lr = learning_rate(self.recipe, number - 1 + step / self._steps)
                loss, logits = self._step(inputs, targets, lr)
                self._following.follow((number - 1) * self._steps + step)
                losses += loss
                right += int((logits.argmax(1) == targets).sum())
                seen += len(targets)
                progress.set_postfix(loss=f"{losses / (step + 1):.4f}", accuracy=f"{right / seen:.2%}", refresh=False)
                progress.update(len(batch))
        return Epoch(number, time.perf_counter() - started, losses / self._steps, right / seen, lr)

    def _step(self, inputs: Tensor, targets: Tensor, lr: float) -> tuple[float, Tensor]:
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        inputs = inputs.to(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.recipe.amp):
            logits = self._network(inputs).float()
            taught = self._taught(inputs, targets)
        if taught is None:
            smoothing = self.recipe.label_smoothing
            loss = F.cross_entropy(logits, targets, self._class_weights, label_smoothing=smoothing)
        else:
            loss = F.cross_entropy(logits, taught, self._class_weights)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return loss.item(), logits.detach()

    @torch.no_grad()
    def _taught(self, inputs: Tensor, targets: Tensor) -> Tensor | None:
        """What the teacher, if there is one, makes of a batch: probabilities, as many columns as the network has."""
        if not self._teacher:
            return None
        classes = len(self._train.classes)
        logits: Tensor = self._teacher(inputs).float()
        if not self._unknown:
            return logits[:, :classes].softmax(1)
        if logits.shape[1] > classes:
            return logits.softmax(1)
        # A teacher that knows nothing of images of no class: what they are is taken from their targets.
        taught = F.pad(logits.softmax(1), (0, 1))
        strange = F.one_hot(targets, classes + 1).float()
        return torch.where((targets == classes)[:, None], strange, taught)

    def _keep_best(self, epoch: Epoch) -> None:
        best = self.result.best_loss
        if self._validation is not None and self.team.leads:
            epoch.validation = score(self._average, self._validation)
        self.result.epochs.append(epoch)
        if epoch.validation is None or epoch.validation.loss <= best:
            self.result.state, self.result.best_epoch = _copy(self._average), epoch.number

    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the training depends on, as tensors and plain values."""
        return {
            "network": _plain(self._network).state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "best": self.result.state,
            "best_epoch": self.result.best_epoch,
            "epochs": [asdict(epoch) for epoch in self.result.epochs],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        _plain(self._network).load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        epochs = [Epoch.from_dict(epoch) for epoch in state["epochs"]]
        self.result = Fit(state["best"], state["best_epoch"], epochs)


def _plain(network: nn.Module) -> nn.Module:
    """The network without the wrapper that shares gradients."""
    return network.module if isinstance(network, DistributedDataParallel) else network


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in network.state_dict().items()}
