"""Training on several processes, GPUs or machines, started by torchrun (`torch.distributed`).

One process is the common case, and then everything here does nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass

import torch
from torch import distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Team:
    """This process among those that train together: `rank` from 0 to `size` - 1."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process does what is done once: printing, evaluating, writing."""
        return self.rank == 0

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """The leader does it before the others, who may then find it done."""
        if self.size > 1 and not self.leads:
            dist.barrier()
        yield
        if self.size > 1 and self.leads:
            dist.barrier()

    def share(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are averaged over the team."""
        return DistributedDataParallel(network) if self.size > 1 else network

    def agree(self, value: bool) -> bool:
        """The leader's value, for all."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box)
        return box[0]


@contextmanager
def joined(device: str) -> Iterator[tuple[Team, str]]:
    """Join the team that torchrun started, if it did; the device to use is this process's own GPU, or as given."""
    if "RANK" not in os.environ:
        yield Team(), device
        return
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        team = Team(dist.get_rank(), dist.get_world_size())
        with open(os.devnull, "w") as nowhere, redirect_stdout(sys.stdout if team.leads else nowhere):
            yield team, device
    finally:
        dist.destroy_process_group()
