"""The loss that training minimises: cross-entropy with labels or with a teacher's probabilities."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.distributed import Team
from training.errors import TrainingError
from training.images import ImageSet
from training.recipes import Recipe


class Objective:
    """The mean cross-entropy over the batch of all processes.

    `class_weights` (outputs,) are factors of each class's loss; the mean is then weighted. `classes` is the number of
    classes; a network with one more output has it for images of no class (training.unknown). With a `teacher`, its
    probabilities are learned instead of the labels.
    """

    def __init__(
        self,
        classes: int,
        outputs: int,
        label_smoothing: float = 0.0,
        class_weights: Tensor | None = None,
        teacher: nn.Module | None = None,
        team: Team | None = None,
    ) -> None:
        if class_weights is not None and outputs > classes:
            class_weights = F.pad(class_weights, (0, outputs - classes), value=1.0)
        self._classes, self._outputs = classes, outputs
        self._label_smoothing = label_smoothing
        self._class_weights = class_weights
        self._teacher = teacher.eval() if teacher else None
        self._team = team or Team()

    @torch.no_grad()
    def taught(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """What a batch should be answered with: the targets (n,), or the teacher's probabilities (n, outputs)."""
        if not self._teacher:
            return targets
        logits: Tensor = self._teacher(inputs).float()
        if self._outputs == self._classes:
            return logits[:, : self._classes].softmax(1)
        if logits.shape[1] > self._classes:
            return logits.softmax(1)
        # The teacher has no output for images of no class, so their targets are used.
        taught = F.pad(logits.softmax(1), (0, 1))
        strange = F.one_hot(targets, self._outputs).float()
        return torch.where((targets == self._classes)[:, None], strange, taught)

    def __call__(self, logits: Tensor, taught: Tensor) -> Tensor:
        """The loss to differentiate. Gradients are averaged over the processes, so each computes its share of the total
        times the number of processes."""
        weights = self._class_weights
        if taught.ndim > 1:
            total = F.cross_entropy(logits, taught, weights, reduction="sum")
            count = logits.new_tensor(len(taught))
        else:
            smoothing = self._label_smoothing
            total = F.cross_entropy(logits, taught, weights, reduction="sum", label_smoothing=smoothing)
            count = logits.new_tensor(len(taught)) if weights is None else weights[taught].sum()
        return total * self._team.size / self._team.sum(count)


def class_weights(recipe: Recipe, train: ImageSet) -> Tensor | None:
    """The factor of each class's loss, (classes,), or None where all are 1.

    "balanced" is images / (classes * images of the class): 1 on average over the images.
    Raises TrainingError for a class that the tree does not have.
    """
    if recipe.class_weight == "balanced":
        counts = train.targets.bincount(minlength=len(train.classes))
        return len(train) / (len(train.classes) * counts.float())
    if not recipe.class_weight:
        return None
    weights = torch.ones(len(train.classes))
    for name, factor in recipe.class_weight.items():
        if name not in train.classes:
            raise TrainingError(
                f"--class-weight {name}={factor:g}: no class {name!r} in the folder. It has {', '.join(train.classes)}."
            )
        weights[train.classes.index(name)] = factor
    return weights
