"""gunicorn configuration: uvicorn's workers under gunicorn, which replaces those that end."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead
from uvicorn_worker import UvicornWorker

from app.connection import LimitedConnection
from app.logs import gunicorn_config as log_config
from app.recognition.model_file import ModelFileError
from app.settings import read_settings

_settings = read_settings()
bind = _settings.address
workers = _settings.web_concurrency
# The application and the models are loaded once, before forking, and all workers share their memory.
preload_app = True
# The process needs no write access to any disk: no socket in the home folder, heartbeats in memory.
control_socket_disable = True
# Platforms kill a process after 10 (Docker) or 30 seconds (Heroku). Until then requests may finish.
graceful_timeout = 8
# A little longer than usual load balancers keep idle connections.
keepalive = 65
logconfig_dict = log_config(_settings.log_format)


class Worker(UvicornWorker):  # type: ignore[misc]
    """uvicorn's worker with our limits on connections."""

    CONFIG_KWARGS = {  # noqa: RUF012 - as the base class has it
        "loop": "uvloop",
        "http": LimitedConnection,
        "ws": "none",
        "timeout_graceful_shutdown": 7,
        "server_header": False,
        "access_log": False,
    }


worker_class = "app.gunicorn_config.Worker"
# What a worker imports when it starts. Imported before forking, all workers share its memory.
_WORKER_MODULES = ("anyio._backends._asyncio", "uvicorn.lifespan.on", "uvicorn.loops.uvloop")

# The workers' counts are in files, a few of 1 MB for each worker. Files in this folder are in memory; systems that do
# not have it (macOS) use the temporary folder.
_MEMORY = Path("/dev/shm")
_FREE_BYTES = 16_000_000
# The garbage collector runs after so many new objects.
_NEW_OBJECTS = 10_000
# The number of this process among the workers; 0 in the parent. By default prometheus_client uses the process id, which
# would leave files behind for every worker that ever ran. So a worker continues the files of the one that it replaces.
_slot = 0


def _make_metrics_folder() -> None:
    """Have prometheus_client count in a new folder. If there is no room for one, each worker counts for itself."""
    parent = _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())
    try:
        if shutil.disk_usage(parent).free < _FREE_BYTES:
            return
        folder = tempfile.mkdtemp(prefix="handwritten-metrics-", dir=parent)
    except OSError:
        return
    atexit.register(_remove, folder, os.getpid())
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    values.ValueClass = values.MultiProcessValue(lambda: _slot)  # type: ignore[no-untyped-call]


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # workers inherit this exit handler
        shutil.rmtree(folder, ignore_errors=True)


# Before the application makes its first counter.
_make_metrics_folder()


def on_starting(_: Any) -> None:
    """Load the models before the first worker."""
    from app.main import app

    for name in _WORKER_MODULES:
        import_module(name)
    try:
        app.state.served_models.load()
    except ModelFileError as error:
        raise SystemExit(str(error)) from None


def on_reload(_: Any) -> None:
    """Load the models that have changed, before new workers replace the present ones."""
    from app.main import app

    app.state.served_models.reload()


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the new worker's slot. And exclude what exists by now from garbage collection, which would write to it, so
    that the worker would get its own copy of that memory."""
    taken = {other.slot for other in server.WORKERS.values()}
    worker.slot = next(slot for slot in range(1, len(taken) + 2) if slot not in taken)
    gc.freeze()
    # Few requests leave cycles behind: what they make is freed by its reference counts. Looking for garbage after
    # every 700 new objects, as Python does by default, takes 1 to 2 % of a worker's time.
    gc.set_threshold(_NEW_OBJECTS)
    gc.enable()  # app.__main__ has disabled it for the start


def post_fork(_: Any, worker: Any) -> None:
    """In the worker: count in the files of its slot."""
    global _slot
    _slot = worker.slot


def child_exit(_: Any, worker: Any) -> None:
    """Remove the values that only a running worker has, such as the length of its queues."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        mark_process_dead(worker.slot, folder)  # type: ignore[no-untyped-call]
