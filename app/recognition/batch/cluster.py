"""Past one machine: the same reading over Ray Data, a model for each actor.

Blocks of names go to the actors, rows come back in the order of the names. An actor that ends, possibly with its
machine, is started again elsewhere, and its blocks are read again.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from app.recognition.batch import urls
from app.recognition.batch.answers import KILLED, Reader, Row, failed
from app.recognition.batch.errors import BatchError
from app.recognition.batch.processes import chunks
from app.recognition.classifier import Classifier

if TYPE_CHECKING:
    import pyarrow

LOCAL = "local"
# Names in a block: about a second of work, which is lost when an actor ends.
_BLOCK = 256
# Rows are small; on one machine Ray would otherwise take a third of the memory for them.
_STORE_BYTES = 256 * 2**20
# What the actors need of this repository.
_APP = Path(__file__).resolve().parent.parent.parent


class Cluster:
    """A Ray cluster that reads files by one model: one that runs at an address, or one on this machine alone."""

    def __init__(self, address: str, model: Path, contents: bytes, several: bool, workers: int | None) -> None:
        """`contents` are those of the model's file. `workers` is how many actors a local cluster has (one for each
        core). Raises BatchError if there is no cluster at the address."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
        import ray

        self._arguments = (model, contents, several)
        try:
            if address == LOCAL:
                ray.init(
                    address=LOCAL,
                    num_cpus=workers,
                    object_store_memory=_STORE_BYTES,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
            else:
                # The actors' machines get the code from here; they need the base dependencies and ray.
                environment = {"py_modules": [str(_APP)]}
                ray.init(address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray raises the base class for a node that is not ready after 30 seconds
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise BatchError(f"--ray {address}: no cluster can be used there ({first}). Try --ray local.") from error

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import ray

        ray.shutdown()

    def __call__(self, names: Iterator[str]) -> Iterator[list[Row]]:
        """Rows, in the order of the names, in lists of any length. Raises BatchError if the cluster gives up."""
        import pyarrow
        import ray
        import ray.data
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        _only_errors(logging.getLogger("ray.data"))
        blocks = []
        for number, chunk in enumerate(chunks(names, _BLOCK)):
            encoded = pyarrow.array(map(os.fsencode, chunk), pyarrow.binary())
            blocks.append(ray.put(pyarrow.table({"name": encoded, "block": [number] * len(chunk)})))
        if not blocks:
            return
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        model, contents, several = self._arguments
        # On this node, which is there as long as the run.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        shared = ray.remote(Shared).options(num_cpus=0, scheduling_strategy=here).remote()
        shared.set_model.remote(contents)
        actors = max(1, min(int(ray.cluster_resources()["CPU"]), len(blocks)))
        # Ray Data starts actors that end again, and gives their blocks to others.
        answers = ray.data.from_arrow_refs(blocks).map_batches(
            _Actor,
            fn_constructor_args=(model, several, shared),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors, initial_size=actors),
            num_cpus=1,
        )
        try:
            for block in answers.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield [json.loads(row) for row in block.column("row").to_pylist()]
        except ray.exceptions.RayError as error:
            first = str(error).strip().splitlines()[0]
            raise BatchError(f"the cluster gave up ({first}). The same command goes on from there.") from error


def _only_errors(logger: logging.Logger) -> None:
    """On the screen; Ray's files have everything."""
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.ERROR)


class Shared:
    """What all actors share: the model, and which file an actor was reading when it ended, so that one that ends every
    actor is left out in the end."""

    def __init__(self) -> None:
        self._model = b""
        self._counts: dict[int, int] = {}
        self._current: dict[int, bytes] = {}
        self._deadly: dict[int, set[bytes]] = {}

    def set_model(self, contents: bytes) -> None:
        """Keep the contents of the model's file. An argument of the actors would be lost with the node that has it."""
        self._model = contents

    def model(self) -> bytes:
        """The contents of the model's file."""
        return self._model

    def begin(self, block: int) -> tuple[int, set[bytes]]:
        """How often this block has been begun, this time included, and the names in it at which an actor ended."""
        self._counts[block] = self._counts.get(block, 0) + 1
        if block in self._current:
            self._deadly.setdefault(block, set()).add(self._current.pop(block))
        return self._counts[block], self._deadly.get(block, set())

    def read(self, block: int, name: bytes) -> None:
        """An actor is about to read this file, alone."""
        self._current[block] = name

    def finish(self, block: int) -> None:
        """All files of the block were read."""
        self._current.pop(block, None)


class _Actor:
    """On a worker: a model, and what reads files by it."""

    def __init__(self, model: Path, several: bool, shared: Any) -> None:
        import ray

        self._read = Reader(Classifier.load(model, ray.get(shared.model.remote())), several, urls.read)
        self._shared = shared

    def __call__(self, block: pyarrow.Table) -> pyarrow.Table:
        import pyarrow
        import ray

        names = block.column("name").to_pylist()
        number = block.column("block")[0].as_py()
        count, deadly = ray.get(self._shared.begin.remote(number))
        if count == 1:
            rows = self._read([os.fsdecode(name) for name in names])
        else:
            rows = [self._one(number, name, name in deadly) for name in names]
            ray.get(self._shared.finish.remote(number))
        # As JSON, which is the same for every block: Arrow would find other types where nothing could be read.
        return pyarrow.table({"row": pyarrow.array([json.dumps(row) for row in rows], pyarrow.string())})

    def _one(self, block: int, name: bytes, deadly: bool) -> Row:
        import ray

        if deadly:
            return failed(os.fsdecode(name), KILLED)
        ray.get(self._shared.read.remote(block, name))
        return self._read([os.fsdecode(name)])[0]
