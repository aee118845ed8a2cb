"""Configure logging: to standard output, one line for each event, to be read by people or as JSON by machines.

No line ever contains anything of an upload. In JSON so are gunicorn's and uvicorn's own lines.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, Literal

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

LogFormat = Literal["readable", "json"]
# uvicorn adds to some lines the same message for a terminal.
_LEFT_OUT = [*RESERVED_ATTRS, "color_message"]


def configure(log_format: LogFormat, requests: bool) -> None:
    """Send the application's log to standard output; with `requests`, a line for each of them too."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_formatter(log_format))
    logger = logging.getLogger("handwritten")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if log_format == "json":
        # Of `uvicorn app.main:app`, which has configured these before it imports the application.
        for name in ("uvicorn", "uvicorn.access"):
            logging.getLogger(name).handlers = [handler]
    logging.getLogger("handwritten.requests").setLevel(logging.INFO if requests else logging.WARNING)
    # A line that cannot be written, as on a full disk, is lost. The server goes on.
    logging.raiseExceptions = False
    # Without this, logging looks up the caller of each line, which no format shows (its documentation, "Optimization").
    logging._srcfile = None
    # python_multipart logs a warning for every damaged form.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def gunicorn_config(log_format: LogFormat) -> dict[str, Any]:
    """Configure gunicorn's log, which its uvicorn workers write to as well: its setting `logconfig_dict`.

    Readable lines stay as gunicorn writes them, to standard error.
    """
    if log_format == "readable":
        return {}
    return {
        "formatters": {"json": {"()": _formatter, "log_format": log_format}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"},
        },
        "loggers": {
            "gunicorn.error": {"handlers": ["console"], "propagate": False},
            "gunicorn.access": {"handlers": ["console"], "propagate": False},
        },
        "root": {"handlers": ["console"]},
    }


def _formatter(log_format: LogFormat) -> logging.Formatter:
    line = "%(asctime)s %(levelname)s %(message)s"
    names = {"asctime": "time", "levelname": "level"}
    formatter = (
        JsonFormatter(line, rename_fields=names, json_ensure_ascii=False, reserved_attrs=_LEFT_OUT)
        if log_format == "json"
        else logging.Formatter(line)
    )
    formatter.converter = time.gmtime
    formatter.default_time_format, formatter.default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"
    return formatter
