"""The paths of a training's output files. Existing files are replaced only if the user named them, and atomically."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from training.errors import TrainingError


def unfinished_of(output: Path) -> Path:
    """The state of a training that will write `output`."""
    return output.with_name(f"{output.name}.unfinished")


def report_of(model: Path) -> Path:
    """The default folder of the report on a model."""
    return model.with_name(f"{model.stem}-report")


def default_output(data: Path, resume: bool) -> Path:
    """The model file if --output is not given: named after the data, in the working directory, with a number if that
    file exists.

    With `resume`, the latest that has an unfinished training. Raises TrainingError if there is none.
    """
    stem = data.resolve().name or "model"
    names = (Path(f"{stem}.pt" if number == 1 else f"{stem}-{number}.pt") for number in itertools.count(1))
    taken = list(itertools.takewhile(_is_taken, names))
    if not resume:
        return Path(f"{stem}-{len(taken) + 1}.pt" if taken else f"{stem}.pt")
    for output in reversed(taken):
        if unfinished_of(output).exists():
            return output
    raise TrainingError(f"{stem}.pt.unfinished: no unfinished training to resume. Name its model with --output.")


def _is_taken(output: Path) -> bool:
    return output.exists() or unfinished_of(output).exists() or report_of(output).exists()


def require_writable(output: Path) -> None:
    """Raises TrainingError if the file cannot be written. Called before training, not only at its end."""
    if output.is_dir():
        raise TrainingError(f"{output}: is a folder. Name the file to write, such as {output / 'model.pt'}.")
    try:
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise TrainingError(
            f"{output}: cannot be written ({error.strerror}). Create {output.parent}, or choose another --output."
        ) from error
