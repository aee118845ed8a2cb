"""`python -m training publish | rollback | models`: which model all servers of a database take, within seconds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.recognition import model_file
from app.storage import models
from app.storage.database import reading, writing
from app.storage.errors import UnknownVersionError
from app.storage.models import NothingToRollBackError, Publication, StoredModel
from training.corrections import add_database, database
from training.errors import TrainingError


def add_commands(commands: Any) -> None:
    """The three commands."""
    publish = commands.add_parser("publish", help="have all servers of a database serve a model file")
    publish.add_argument("model", type=Path, help="a model file")
    publish.set_defaults(run=_publish)
    rollback = commands.add_parser("rollback", help="have them serve what they served before")
    rollback.add_argument("--to", metavar="VERSION", help="a stored version, instead of the one before")
    rollback.set_defaults(run=_roll_back)
    listing = commands.add_parser("models", help="print the stored models and which one is served")
    listing.set_defaults(run=_list)
    for one in (publish, rollback, listing):
        add_database(one)


def _publish(options: argparse.Namespace) -> None:
    # As a server will read it. Raises ModelFileError for a file that none could serve.
    card, _ = model_file.load(options.model)
    figures = {
        part: {name: value for name, value in values.items() if name in ("accuracy", "accuracy_8_bit", "count")}
        for part, values in card.metrics.items()
    }
    parent = card.provenance.get("parent")
    with database(options.database) as engine, writing(engine) as connection:
        contents = options.model.read_bytes()
        publication = models.publish(
            connection, card.version, contents, figures, parent, f"publish {options.model.name}"
        )
    classes = ", ".join(card.classes[:12]) + (", …" if len(card.classes) > 12 else "")
    print(
        f"published {_words(publication)}, {len(card.classes)} classes: {classes}; "
        "running servers take it within seconds, in place of their default model"
    )


def _roll_back(options: argparse.Namespace) -> None:
    with database(options.database) as engine, writing(engine) as connection:
        try:
            if options.to:
                publication = models.publish_again(connection, options.to, f"rollback to {options.to}")
            else:
                publication = models.roll_back(connection, "rollback")
        except NothingToRollBackError as error:
            raise TrainingError("no model is published: servers serve the file of MODEL_PATH already.") from error
        except UnknownVersionError as error:
            raise TrainingError(
                f"--to {options.to}: no such version is stored. See `python -m training models`."
            ) from error
    print(f"back to {_words(publication)}; running servers take it within seconds")


def _list(options: argparse.Namespace) -> None:
    with database(options.database) as engine, reading(engine) as connection:
        stored, now = models.stored(connection), models.current(connection)
    served = now.version if now else None
    if stored:
        print(f"   {'version':<14}  {'stored':<16}  {'made from':<14}  {'MB':>5}  figures")
    for one in stored:
        print(_line(one, one.version == served))
    print(f"served: {_words(now) if now else 'the file of MODEL_PATH'}")


def _line(model: StoredModel, served: bool) -> str:
    figures = ", ".join(f"{part} {_accuracy(values):.2%}" for part, values in model.figures.items())
    mark, parent = "->" if served else "  ", model.parent or "-"
    stored = f"{model.created_at:%Y-%m-%d %H:%M}"
    return f"{mark} {model.version:<14}  {stored}  {parent:<14}  {model.bytes / 1e6:>5.1f}  {figures or '-'}"


def _accuracy(values: dict[str, float]) -> float:
    """The accuracy of the network as it is served."""
    return values.get("accuracy_8_bit", values["accuracy"])


def _words(publication: Publication) -> str:
    return publication.version or "the file of MODEL_PATH"
