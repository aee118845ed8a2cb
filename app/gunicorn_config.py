"""How production serves (a gunicorn configuration): uvicorn's workers under gunicorn, which replaces those that die.

The number of workers is gunicorn's own default: WEB_CONCURRENCY, which platforms set to suit the machine, or 1.
"""

from __future__ import annotations

import gc
from typing import Any

from uvicorn_worker import UvicornWorker

# The application and its libraries are loaded once, before forking, and their memory is shared by all workers.
preload_app = True
# The process needs no write access anywhere: no socket in the home folder, heartbeats in memory.
control_socket_disable = True
# Platforms kill after 10 (Docker) or 30 seconds (Heroku): until then, what is under way may finish.
graceful_timeout = 8
# Idle connections are kept a little longer than the usual load balancer does.
keepalive = 65


class Worker(UvicornWorker):  # type: ignore[misc]
    """uvicorn with our limits on connections."""

    CONFIG_KWARGS = {  # noqa: RUF012 - gunicorn's own way
        "loop": "uvloop",
        "http": "app.connection:LimitedConnection",
        "ws": "none",
        "timeout_graceful_shutdown": 7,
        "server_header": False,
        "access_log": False,
    }


worker_class = "app.gunicorn_config.Worker"


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker the lowest free slot of the metrics; and collect no garbage that is older than the workers, or
    they would copy the memory that they share."""
    taken = {other.metrics_slot for other in server.WORKERS.values()}
    worker.metrics_slot = min(set(range(len(taken) + 1)) - taken)
    gc.collect()
    gc.freeze()


def post_fork(_: Any, worker: Any) -> None:
    """In the worker: count in its slot."""
    from app.main import app

    app.state.metrics.use_slot(worker.metrics_slot)
