"""The command: names in, answers out, a progress bar meanwhile, and a line on what happened at the end."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tqdm import tqdm

from app.recognition.batch import names, tables
from app.recognition.batch.answers import Reader, Row
from app.recognition.batch.errors import BatchError, InterruptionError
from app.recognition.batch.journal import Journal
from app.recognition.batch.options import STANDARD_INPUT, Options
from app.recognition.batch.processes import CHUNK, Processes, cores
from app.recognition.classifier import Classifier

Engine = Callable[[Iterator[str]], Iterator[list[Row]]]


def run(options: Options) -> int:
    """Read all files. Returns how many could not be read.

    Raises BatchError and ModelFileError for what cannot be used, InterruptionError if Ctrl-C ends it before the output
    is complete.
    """
    classifier = Classifier.load(options.model)
    contents = options.model.read_bytes()
    if options.ray is None:
        names.require_there(options.inputs)
        find = names.find
    else:
        from app.recognition.batch import urls

        urls.require_there(options.inputs)
        find = urls.find
    files = find(options.inputs, options.null)
    screen = sys.stdout
    with contextlib.ExitStack() as resources:
        engine = _engine(options, classifier, contents, resources)
        bar = _bar(options, find)
        resources.callback(bar.close)
        if options.output is None:
            table = tables.on_stream(screen, options.several)
            return _read_all(engine(files), table.write, bar)
        return _read_to_file(options, contents, files, engine, bar)


def _read_to_file(options: Options, contents: bytes, files: Iterator[str], engine: Engine, bar: Any) -> int:
    assert options.output is not None
    # All that the answers depend on beside the files.
    made_by = {"model": hashlib.sha256(contents).hexdigest()[:16], "several": options.several}
    started = time.monotonic()
    try:
        with Journal(options.output, made_by) as journal:
            try:
                before, failures = journal.skip_read(files)
                if before:
                    print(f"going on after {before:,} files ({journal.path})", file=sys.stderr)
                    bar.initial = bar.n = before
                failures += _read_all(engine(files), journal.write, bar)
            except KeyboardInterrupt:
                raise InterruptionError(
                    f"stopped after {bar.n:,} files. The same command goes on from there ({journal.path})."
                ) from None
            tables.write(journal.rows(), options.output, options.several)
            journal.remove()
    except OSError as error:
        raise BatchError(
            f"{options.output}: cannot be written ({error.strerror}). Make room or choose another --output; "
            "the same command goes on where it was stopped."
        ) from error
    seconds = max(time.monotonic() - started, 1e-3)
    bar.close()
    rate = (bar.n - before) / seconds * 60
    print(f"wrote {options.output}: {bar.n:,} files, {rate:,.0f} a minute, {failures:,} not readable", file=sys.stderr)
    return failures


def _read_all(answers: Iterator[list[Row]], write: Callable[[Sequence[Row]], None], bar: Any) -> int:
    failures = 0
    for rows in answers:
        write(rows)
        failures += sum(bool(row["error"]) for row in rows)
        bar.update(len(rows))
    return failures


def _engine(options: Options, classifier: Classifier, contents: bytes, resources: contextlib.ExitStack) -> Engine:
    """What turns names into rows."""
    if options.ray is not None:
        from app.recognition.batch.cluster import Cluster

        # Ray prints which of its processes have ended, but standard output is for answers.
        resources.enter_context(contextlib.redirect_stdout(sys.stderr))
        return resources.enter_context(Cluster(options.ray, options.model, contents, options.several, options.workers))

    def read(files: Iterator[str]) -> Iterator[list[Row]]:
        first = list(itertools.islice(files, CHUNK + 1))
        if len(first) <= CHUNK:  # so few are read sooner than another process has started
            if first:
                yield Reader(classifier, options.several)(first)
            return
        workers = options.workers or cores()
        processes = resources.enter_context(Processes(options.model, contents, options.several, workers))
        yield from processes(itertools.chain(first, files))

    return read


def _bar(options: Options, find: Callable[[Sequence[str], bool], Iterator[str]]) -> Any:
    """A progress bar on standard error: live in a terminal, a line now and then in a log."""
    rows_on_screen = options.output is None and sys.stdout.isatty()
    interval = 0.1 if sys.stderr.isatty() else 10
    bar = tqdm(unit=" files", mininterval=interval, delay=1, dynamic_ncols=True, disable=rows_on_screen)

    def count() -> None:
        # The engine reports what is wrong with a folder.
        with contextlib.suppress(BatchError):
            bar.total = sum(1 for _ in find(options.inputs, options.null))

    if not bar.disable and STANDARD_INPUT not in options.inputs:
        threading.Thread(target=count, daemon=True).start()
    return bar
