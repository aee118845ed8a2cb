"""Teach a trained network corrections, without forgetting what it knows."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from training.augmentation import DEFAULT, augmenter
from training.images import ImageSet
from training.progress import bar


@dataclass(frozen=True)
class FineTuning:
    """How to fine-tune. Each step sees so many corrections and so many images to rehearse with.

    `rehearsal_weight` is the rehearsal's share of the loss, relative to that of the corrections.
    """

    steps: int = 150
    corrections: int = 32
    rehearsal: int = 128
    rehearsal_weight: float = 6.0
    lr: float = 0.001
    label_smoothing: float = 0.05


def fine_tune(network: nn.Module, corrections: ImageSet, rehearsal: Tensor, recipe: FineTuning, seed: int) -> nn.Module:
    """Return a network that knows the corrections; `network` stays as it is.

    `rehearsal` are prepared images, uint8 (n, 1, size, size), that the new network is to answer as `network` does. Its
    normalisation keeps its statistics: a few people's drawings must not move those.
    """
    student = copy.deepcopy(network).train()
    for module in student.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.eval()
    teacher = network.eval()
    optimizer = torch.optim.AdamW(student.parameters(), lr=recipe.lr, weight_decay=0.0, foreach=True)
    generator = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    augment = augmenter(DEFAULT)
    taught = _choices(len(corrections), recipe.corrections, generator)
    rehearsed = _choices(len(rehearsal), recipe.rehearsal, generator)
    for step in bar(range(recipe.steps), desc="fine-tuning", unit="step", leave=False):
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
        chosen = corrections.subset(next(taught))
        images = torch.cat([corrections.images[chosen.rows], rehearsal[next(rehearsed)]])
        inputs = augment(images.float() / 255, generator).to(memory_format=torch.channels_last)
        with torch.no_grad():
            known = teacher(inputs[len(chosen) :]).softmax(1)
        logits = student(inputs)
        new = F.cross_entropy(logits[: len(chosen)], chosen.targets, label_smoothing=recipe.label_smoothing)
        old = F.cross_entropy(logits[len(chosen) :], known)
        optimizer.zero_grad()
        (new + recipe.rehearsal_weight * old).backward()
        optimizer.step()
    return student.eval()


def _choices(count: int, size: int, generator: Generator) -> Iterator[Tensor]:
    """Batches of numbers below `count`, each number as often as any other."""
    waiting = torch.empty(0, dtype=torch.long)
    while True:
        while len(waiting) < size:
            waiting = torch.cat([waiting, torch.randperm(count, generator=generator)])
        chosen, waiting = waiting[:size], waiting[size:]
        yield chosen
