"""Optimizers, learning-rate schedules and the average of the weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from training.recipes import Recipe


def make_optimizers(network: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """The recipe's optimizers: one, or with "muon" two that share the parameters between them.

    Weight decay applies to weights only, not to biases and normalisation parameters. "sgd" has Nesterov momentum of
    0.9. Decay is Adam's and SGD's L2 regularisation, and decoupled for the others. "muon" is for the weights between
    layers; the last layer, biases and normalisation parameters have AdamW, as Muon's author recommends.
    """
    weights = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    first: list[torch.optim.Optimizer] = []
    if recipe.opt == "muon" and weights[:-1]:
        first, weights = [Muon(weights[:-1], recipe.lr, recipe.weight_decay)], weights[-1:]
    groups = [{"params": weights, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    match recipe.opt:
        case "adamw" | "muon":
            return [*first, torch.optim.AdamW(groups, lr=recipe.lr, foreach=True)]
        case "adam":
            return [torch.optim.Adam(groups, lr=recipe.lr, foreach=True)]
        case "sgd":
            return [torch.optim.SGD(groups, lr=recipe.lr, momentum=0.9, nesterov=True, foreach=True)]
        case "adadelta":
            return [torch.optim.Adadelta(groups, lr=recipe.lr, foreach=True)]


class Muon(torch.optim.Muon):
    """PyTorch's Muon (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024), which takes
    matrices alone, for convolutions too: their weights are shown to it as matrices, (outputs, inputs x kernel).

    Steps are as long as AdamW's would be with the same learning rate (Liu et al., "Muon is scalable for LLM training",
    2025). Three iterations of five, and a momentum of 0.9 instead of 0.95, read as well or better after a short
    training, and cost less.
    """

    def __init__(self, weights: list[nn.Parameter], lr: float, weight_decay: float) -> None:
        """`weights`: (outputs, inputs), or (outputs, inputs, height, width) in the channels_last memory format."""
        self._weights = weights
        # Parameters of their own, in the same memory: a step on a matrix is a step on the weights.
        self._matrices = [nn.Parameter(_rows_last(weight.detach()).view(len(weight), -1)) for weight in weights]
        super().__init__(self._matrices, lr, weight_decay, momentum=0.9, ns_steps=3, adjust_lr_fn="match_rms_adamw")

    def step(self, closure: Any = None) -> Any:
        """Take a step by the gradients of the weights, which the caller has to clear."""
        for weight, matrix in zip(self._weights, self._matrices, strict=True):
            matrix.grad = None if weight.grad is None else _rows_last(weight.grad).flatten(1)
        return super().step(closure)  # type: ignore[no-untyped-call]


def _rows_last(tensor: Tensor) -> Tensor:
    """The axes in the order that they have in memory with channels_last."""
    return tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor


def computes_bfloat16() -> bool:
    """Whether this processor has instructions for bfloat16: AVX-512's or AMX on x86, BF16 on ARM."""
    return any("bf16" in name and has for name, has in torch.cpu.get_capabilities().items())


def remark_on_amp(recipe: Recipe) -> None:
    """Print a line if `amp` would make the training slower."""
    if recipe.amp and recipe.device == "cpu" and not computes_bfloat16():
        print("This processor has no instructions for bfloat16: --amp can take ten times as long. Leave it out.")


def learning_rate(recipe: Recipe, epoch: float) -> float:
    """The learning rate after `epoch` epochs, which may be a fraction.

    It rises linearly during the warm-up. Then "cosine" falls to 0 along half a cosine (Loshchilov and Hutter, "SGDR",
    2017), "step" multiplies by gamma every `lr_step_size` epochs, "constant" stays.
    """
    if epoch < recipe.lr_warmup_epochs:
        return recipe.lr * epoch / recipe.lr_warmup_epochs
    match recipe.lr_scheduler:
        case "cosine":
            rest = max(recipe.epochs - recipe.lr_warmup_epochs, 1e-9)
            return recipe.lr * 0.5 * (1 + math.cos(math.pi * min((epoch - recipe.lr_warmup_epochs) / rest, 1.0)))
        case "step":
            return recipe.lr * recipe.lr_gamma ** (int(epoch) // recipe.lr_step_size)
        case "constant":
            return recipe.lr


def averaged(network: nn.Module, decay: float) -> AveragedModel:
    """The exponential moving average of a network's weights and running statistics: like an ensemble of the last steps,
    at the cost of one network (Polyak and Juditsky, 1992, for the idea; torchvision's `--model-ema` for the name).

    The decay is smaller in the first steps, while the weights change a lot. A decay of 0 copies the weights.
    """

    def move(averages: Any, values: Any, step: Tensor | int) -> None:
        if not averages[0].is_floating_point():  # a counter
            torch._foreach_copy_(averages, values)
            return
        count = int(step)
        torch._foreach_lerp_(averages, values, 1 - min(decay, (1 + count) / (10 + count)) if decay else 1.0)

    return AveragedModel(network, multi_avg_fn=torch.no_grad()(move), use_buffers=True)
