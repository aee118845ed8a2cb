"""`python -m app` checks the settings and serves the application with gunicorn. The Procfile runs it."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Serve. Further arguments are gunicorn's."""
    # What is made during the start is kept, and looking for garbage in it takes a tenth of the time. gunicorn_config.py
    # enables the collector again when it forks the first worker.
    gc.disable()
    from app.settings import read_settings

    # gunicorn reads WEB_CONCURRENCY while it is imported, and ends with a traceback if it is not a number.
    read_settings()
    if not os.environ.get("WEB_CONCURRENCY"):
        os.environ.pop("WEB_CONCURRENCY", None)
    from gunicorn import __main__ as gunicorn
    from gunicorn.app.wsgiapp import run

    # The first argument is what gunicorn starts again on SIGUSR2.
    sys.argv = [str(gunicorn.__file__), "app.main:app", "--config", "python:app.gunicorn_config", *sys.argv[1:]]
    run(prog="gunicorn")


if __name__ == "__main__":
    main()
