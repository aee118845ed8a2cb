"""The command's arguments, checked before anything is computed."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from app.recognition.batch.errors import BatchError

FORMATS = (".csv", ".jsonl", ".parquet")
STANDARD_INPUT = "-"
_EPILOG = """\
One row for each file: its name, the label, how sure it is (0 to 1), whether it is known (false for what is probably
none of the classes), and why it could not be read, if so. The rows are in the order of the input. Stopped with Ctrl-C,
or killed, the same command goes on where it was stopped. docs/batch.md has more.
"""


@dataclass(frozen=True)
class Options:
    """What to read, by which model, and where the answers go; `output` is None for standard output, `ray` is None for
    this machine's own processes."""

    inputs: tuple[str, ...]
    null: bool
    several: bool
    model: Path
    output: Path | None
    workers: int | None
    ray: str | None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BatchError(f"{message}. See: {self.prog} --help")


def parse(arguments: list[str] | None) -> Options:
    """Read the arguments (those of the process, if None). Raises BatchError for what cannot be meant."""
    parser = _Parser(
        "python -m app.recognition",
        description="Recognise the characters in image files.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="FILE|FOLDER",
        help="images, and folders of them; - reads names from standard input, one in a line. With --ray also URLs, "
        "and folders in buckets (s3://…, gs://…)",
    )
    parser.add_argument("--several", action="store_true", help="read several characters in each image, as text")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="a file to write: .csv, .jsonl or .parquet (CSV to standard output)",
    )
    parser.add_argument("--model", type=Path, default=Path("model.pt"), metavar="FILE", help="the model (model.pt)")
    parser.add_argument("--workers", type=_count, metavar="N", help="processes (as many as there are cores)")
    parser.add_argument(
        "-0", "--null", action="store_true", help="names on standard input end in a zero byte, as of find -print0"
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS|local",
        help="read on a Ray cluster, or on this machine's own (pip install '.[cluster]')",
    )
    given = parser.parse_args(arguments)
    inputs = tuple(given.inputs)
    if not inputs:
        if sys.stdin.isatty():
            parser.error("name files or folders, or - to read their names from standard input")
        inputs = (STANDARD_INPUT,)
    options = Options(inputs, given.null, given.several, given.model, given.output, given.workers, given.ray)
    _require_consistent(options)
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes, 1 or more")
    return int(text)


def _require_consistent(options: Options) -> None:
    if options.inputs.count(STANDARD_INPUT) > 1:
        raise BatchError("- (names from standard input) is given twice. Give it once.")
    if options.null and STANDARD_INPUT not in options.inputs:
        raise BatchError("--null is about names on standard input, but none are read there. Give - as well.")
    if options.ray not in (None, "local") and options.workers is not None:
        raise BatchError(
            "--workers is about this machine; on a cluster Ray uses the cores that are free. Leave it out."
        )
    if options.ray is not None and importlib.util.find_spec("ray") is None:
        raise BatchError("--ray needs Ray. Install it with: pip install '.[cluster]'")
    if options.output is not None:
        _require_usable(options.output, options.inputs)


def _require_usable(output: Path, inputs: tuple[str, ...]) -> None:
    if output.suffix.lower() not in FORMATS:
        raise BatchError(f"{output}: the answers are written as {', '.join(FORMATS)}. Choose one of these endings.")
    if output.suffix.lower() == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise BatchError(f"{output}: Parquet needs pyarrow. Install it with: pip install '.[parquet]'")
    for name in inputs:
        if os.path.exists(name) and output.exists() and os.path.samefile(name, output):
            raise BatchError(f"{output}: is one of the files to read. Choose another --output.")
    if output.exists():
        raise BatchError(f"{output}: is there already. Remove it, or choose another --output.")
    if not os.access(output.parent, os.W_OK | os.X_OK):
        raise BatchError(f"{output}: cannot be written. Make {output.parent} a folder that you may write to.")
