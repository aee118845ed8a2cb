"""Training on several processes, GPUs or machines, started by torchrun (`torch.distributed`).

They train as one process would: batch normalisation and the loss are computed over the whole batch of all processes.
With one process, the usual case, everything here does nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from training.errors import TrainingError


@dataclass(frozen=True)
class Team:
    """The processes that train together; this one has the number `rank`, from 0 to `size` - 1."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that prints, evaluates and writes files."""
        return self.rank == 0

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """Run the block in the leader first, then in the others, which can use the leader's files."""
        if self.size > 1 and not self.leads:
            dist.barrier()
        yield
        if self.size > 1 and self.leads:
            dist.barrier()

    def share(self, network: nn.Module) -> nn.Module:
        """The network, its batch normalisation over the team's batch and its gradients averaged over the team."""
        if self.size == 1:
            return network
        for name, layer in list(network.named_modules()):
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                network.set_submodule(name, TeamBatchNorm.like(layer))
        return DistributedDataParallel(network, broadcast_buffers=False)

    def sum(self, value: Tensor) -> Tensor:
        """The sum of the team's values, without a gradient."""
        if self.size > 1:
            value = value.detach().clone()
            dist.all_reduce(value)
        return value

    def agree(self, value: bool) -> bool:
        """The leader's value, broadcast to all processes."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box)
        return box[0]


class TeamBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation by the mean and variance of the whole team's batch, with the same weights and buffers as
    PyTorch's own. Its SyncBatchNorm does the same, but for GPUs alone."""

    @classmethod
    def like(cls, layer: nn.BatchNorm1d | nn.BatchNorm2d) -> TeamBatchNorm:
        """One that has the layer's weights and buffers."""
        same = cls(layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats)
        same.weight, same.bias = layer.weight, layer.bias
        same.running_mean, same.running_var = layer.running_mean, layer.running_var
        same.num_batches_tracked = layer.num_batches_tracked
        return same.train(layer.training)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in (2, 4):
            raise ValueError(f"expected 2 or 4 dimensions, not {input.ndim}")

    def forward(self, input: Tensor) -> Tensor:
        """(n, features) or (n, features, height, width) → the same, normalised."""
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        values = input.float()
        others = [0, 2, 3][: input.ndim - 1]
        shape = (1, -1, 1, 1)[: input.ndim]
        count = _team_sum(values.new_tensor([values.numel() / self.num_features]))
        mean = _team_sum(values.sum(others)) / count
        centred = values - mean.view(shape)
        variance = _team_sum(centred.square().sum(others)) / count
        with torch.no_grad():
            unbiased = variance * count / (count - 1).clamp(min=1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(unbiased, self.momentum)
            self.num_batches_tracked += 1
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(input.dtype)


class _TeamSum(torch.autograd.Function):
    """The sum over the team. Every process's loss depends on it, so its gradient is the sum of all their gradients."""

    @staticmethod
    def forward(_: Any, value: Tensor) -> Tensor:
        value = value.clone()
        dist.all_reduce(value)
        return value

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        dist.all_reduce(gradient)
        return gradient


def _team_sum(value: Tensor) -> Tensor:
    result: Tensor = _TeamSum.apply(value)  # type: ignore[no-untyped-call]
    return result


@contextmanager
def joined(device: str) -> Iterator[tuple[Team, str]]:
    """Join the processes that torchrun started, if any. Yields the team and the device, with the GPU's number.

    Raises TrainingError for a device that is not there.
    """
    _require(device)
    if "RANK" not in os.environ:
        yield Team(), device
        return
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        _require(device)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        team = Team(dist.get_rank(), dist.get_world_size())
        with open(os.devnull, "w") as nowhere, redirect_stdout(sys.stdout if team.leads else nowhere):
            yield team, device
            # A process that leaves while others still use the group can abort in PyTorch's threads.
            dist.barrier()
    finally:
        dist.destroy_process_group()


def _require(device: str) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # PyTorch raises different errors for it
        reason = str(error).splitlines()[0].rstrip(".")
        raise TrainingError(f"--device {device}: cannot be used here ({reason}). Leave it out for the CPU.") from error
