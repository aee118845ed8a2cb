"""Past one machine: the same reading over Ray Data, a model for each actor.

Blocks of names go to the actors, rows come back in the order of the names. An actor that ends, perhaps with its
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
from app.recognition.batch.answers import Reader, Row
from app.recognition.batch.errors import BatchError
from app.recognition.batch.processes import chunks
from app.recognition.classifier import Classifier

if TYPE_CHECKING:
    import pyarrow

LOCAL = "local"
# Names in a block: a second or so of work, which is what the end of an actor costs.
_BLOCK = 256
# A block that ends its actor each time ends the run after so many times.
_RETRIES = 3
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
        except (ConnectionError, ValueError, RuntimeError) as error:
            first = str(error).strip().splitlines()[0]
            raise BatchError(f"--ray {address}: no cluster can be used there ({first}). Try --ray local.") from error

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import ray

        ray.shutdown()

    def __call__(self, names: Iterator[str]) -> Iterator[list[Row]]:
        """Rows, in the order of the names, in lists of any length. Raises BatchError if actors end again and again."""
        import pyarrow
        import ray

        blocks = [
            ray.put(pyarrow.table({"name": pyarrow.array(map(os.fsencode, chunk), pyarrow.binary())}))
            for chunk in chunks(names, _BLOCK)
        ]
        if not blocks:
            return
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        actors = int(ray.cluster_resources()["CPU"])
        answers = ray.data.from_arrow_refs(blocks).map_batches(
            _Actor,
            fn_constructor_args=self._arguments,
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, min(actors, len(blocks)))),
            num_cpus=1,
            max_restarts=-1,
            max_task_retries=_RETRIES,
        )
        try:
            for block in answers.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield [json.loads(row) for row in block.column("row").to_pylist()]
        except ray.exceptions.RayError as error:
            first = str(error).strip().splitlines()[0]
            raise BatchError(f"the cluster ended the work ({first}). The same command goes on from there.") from error


class _Actor:
    """On a worker: a model, and what reads files by it."""

    def __init__(self, model: Path, contents: bytes, several: bool) -> None:
        self._read = Reader(Classifier.load(model, contents), several, urls.read)

    def __call__(self, block: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        names = [os.fsdecode(name) for name in block.column("name").to_pylist()]
        # As JSON, which is the same for every block: Arrow would find other types where nothing could be read.
        rows: list[Any] = [json.dumps(row) for row in self._read(names)]
        return pyarrow.table({"row": pyarrow.array(rows, pyarrow.string())})
