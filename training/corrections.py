"""`python -m training corrections list | accept | reject | export`: review what people said, without a browser."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.storage import corrections
from app.storage.database import DatabaseUrlError, explain, open_database, reading, writing
from app.storage.records import STATUSES, Correction, Status
from app.storage.schema import NewerSchemaError, upgrade
from training.correction_pictures import picture
from training.errors import TrainingError
from training.prepare.folder import ImageFolderWriter

DEFAULT_DATABASE = "sqlite:///handwritten.db"


def add_database(parser: argparse.ArgumentParser) -> None:
    """The option that every command about the database has."""
    parser.add_argument(
        "--database",
        metavar="URL",
        default=os.environ.get("DATABASE_URL") or DEFAULT_DATABASE,
        help=f"sqlite:///FILE or postgresql://… (DATABASE_URL, else {DEFAULT_DATABASE})",
    )


def add_of(parser: argparse.ArgumentParser) -> None:
    """The option of commands that learn from corrections: those of two models have different labels."""
    parser.add_argument("--of", metavar="NAME", help="corrections of this model, as /models calls it (the default one)")


def add_commands(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training corrections`."""
    commands = parser.add_subparsers(required=True, metavar="command")
    listing = commands.add_parser("list", help="print corrections, those first that the model finds least probable")
    listing.add_argument("--status", choices=(*STATUSES, "all"), default="waiting", help="(%(default)s)")
    listing.set_defaults(run=_list)
    for name, status in (("accept", "accepted"), ("reject", "rejected")):
        one = commands.add_parser(name, help=f"give corrections the status {status}")
        one.add_argument("ids", nargs="*", metavar="ID", help="as printed by list")
        one.add_argument("--all", action="store_true", help="all that wait")
        one.set_defaults(run=_review, status=status)
    export = commands.add_parser("export", help="write corrections as an image folder")
    export.add_argument("out", type=Path, metavar="DATA", help="where to write train/<class>/ and unknown/")
    export.add_argument("--status", choices=STATUSES, default="accepted", help="(%(default)s)")
    add_of(export)
    export.set_defaults(run=_export)
    for one in commands.choices.values():
        add_database(one)


@contextmanager
def database(url: str) -> Iterator[Engine]:
    """Open a database, with all tables. Raises TrainingError for whatever goes wrong with it, also in the block."""
    try:
        engine = open_database(url)
    except DatabaseUrlError as error:
        raise TrainingError(f"--database: {error}") from error
    try:
        upgrade(engine)
        yield engine
    except SQLAlchemyError as error:
        address = engine.url.render_as_string(hide_password=True)
        raise TrainingError(f"--database {address}: cannot be used ({explain(error)}).") from error
    except NewerSchemaError as error:
        raise TrainingError(str(error)) from error
    finally:
        engine.dispose()


def find(url: str, status: Status | None, of: str | None) -> list[Correction]:
    """Read the corrections of a status and of a model, the default being None; the oldest first.

    Raises TrainingError if the database cannot be used.
    """
    with database(url) as engine, reading(engine) as connection:
        return corrections.find(connection, status, of=of)


def _list(options: argparse.Namespace) -> None:
    status = None if options.status == "all" else options.status
    with database(options.database) as engine, reading(engine) as connection:
        found = corrections.find(connection, status, mismatches_first=True)
        counts = corrections.count(connection)
    if found:
        print(f"{'id':<32}  {'date':<10}  {'status':<8}  label          answer      model")
    for one in found:
        said = f"{f'{one.predicted}, {one.confidence:.0%}':<10}  {one.model or ''}".rstrip()
        print(f"{one.id:<32}  {one.created_at:%Y-%m-%d}  {one.status:<8}  {one.label_text:<13}  {said}")
    print(", ".join(f"{count} {status}" for status, count in counts.items()))


def _review(options: argparse.Namespace) -> None:
    if bool(options.ids) == options.all:
        raise TrainingError("Give ids, as `python -m training corrections list` prints them, or --all.")
    ids: list[str] | None = None if options.all else options.ids
    only: Status | None = "waiting" if options.all else None
    with database(options.database) as engine, writing(engine) as connection:
        known = {one.id for one in corrections.find(connection, ids=ids)} if ids else set()
        unknown = sorted(set(ids or ()) - known)
        if unknown:
            raise TrainingError(f"{unknown[0]}: no correction has this id. List them with --status all.")
        count = corrections.review(connection, options.status, ids, only)
    print(f"{options.status} {count}")


def _export(options: argparse.Namespace) -> None:
    writer = ImageFolderWriter(options.out)
    written = {"train": 0, "unknown": 0}
    for one in find(options.database, options.status, options.of):
        name = f"correction-{one.writer or 'nobody'}-{one.id}"
        part = "unknown" if one.label is None else "train"
        writer.write(part, "correction" if one.label is None else one.label, name, picture(one))
        written[part] += 1
    print(" and ".join(f"{count:,} to {part}/" for part, count in written.items()) + f" in {options.out}")
