"""Published models in the database: which version is served, where it came from, and how to go back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from app.storage.errors import DamagedFileError, UnknownVersionError
from app.storage.tables import models, publications


class NothingToRollBackError(Exception):
    """No model is published."""


@dataclass(frozen=True)
class Publication:
    """Which model is served since when; `version` is None for the file of MODEL_PATH."""

    number: int
    version: str | None
    published_at: datetime
    reason: str
    previous: int | None


@dataclass(frozen=True)
class StoredModel:
    """A model's version, the one it was made from, its test figures and its file's length in bytes."""

    version: str
    created_at: datetime
    parent: str | None
    figures: dict[str, Any]
    bytes: int


def publish(
    connection: Connection, version: str, file: bytes, figures: dict[str, Any], parent: str | None, reason: str
) -> Publication:
    """Store a model file and let it be served.

    A stored file of the same version is replaced: it may be damaged, or have other figures or another title.
    """
    _one_at_a_time(connection)
    digest = hashlib.sha256(file).hexdigest()
    values = {"file": file, "digest": digest, "figures": figures, "parent": parent, "created_at": _now()}
    if not connection.execute(update(models).where(models.c.version == version).values(**values)).rowcount:
        connection.execute(insert(models).values(version=version, **values))
    now = current(connection)
    return _append(connection, version, now.number if now else None, reason)


def publish_again(connection: Connection, version: str, reason: str) -> Publication:
    """Let a stored version be served. Raises UnknownVersionError."""
    _one_at_a_time(connection)
    if not connection.scalar(select(models.c.version).where(models.c.version == version)):
        raise UnknownVersionError(version)
    now = current(connection)
    return _append(connection, version, now.number if now else None, reason)


def roll_back(connection: Connection, reason: str) -> Publication:
    """Let that be served which was before the present publication: a version, or the file of MODEL_PATH.

    Done again, it goes back one more step. Raises NothingToRollBackError.
    """
    _one_at_a_time(connection)
    now = current(connection)
    if now is None or now.version is None:
        raise NothingToRollBackError
    if now.previous is None:
        return _append(connection, None, None, reason)
    before = connection.execute(select(publications).where(publications.c.number == now.previous)).mappings().one()
    return _append(connection, before["version"], before["previous"], reason)


def current(connection: Connection) -> Publication | None:
    """Return the newest publication; None if there never was one."""
    query = select(publications).order_by(publications.c.number.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return Publication(**row) if row else None


def history(connection: Connection) -> list[Publication]:
    """List publications, the newest first."""
    query = select(publications).order_by(publications.c.number.desc())
    return [Publication(**row) for row in connection.execute(query).mappings()]


def stored(connection: Connection) -> list[StoredModel]:
    """List stored models, the newest first."""
    columns = (models.c.version, models.c.created_at, models.c.parent, models.c.figures)
    # Measured by the database: the files would take long to come over.
    length = func.length(models.c.file).label("bytes")
    rows = connection.execute(select(*columns, length).order_by(models.c.created_at.desc(), models.c.version))
    return [StoredModel(**row) for row in rows.mappings()]


def read_file(connection: Connection, version: str) -> bytes:
    """Read a stored model file. Raises UnknownVersionError, and DamagedFileError if its checksum is wrong."""
    row = connection.execute(select(models.c.file, models.c.digest).where(models.c.version == version)).first()
    if row is None:
        raise UnknownVersionError(version)
    if hashlib.sha256(row.file).hexdigest() != row.digest:
        raise DamagedFileError(f"the stored file of model {version} is damaged: its checksum is wrong")
    return bytes(row.file)


def _append(connection: Connection, version: str | None, previous: int | None, reason: str) -> Publication:
    moment = _now()
    row = insert(publications).values(version=version, previous=previous, reason=reason, published_at=moment)
    key = connection.execute(row).inserted_primary_key
    assert key is not None
    return Publication(key[0], version, moment, reason, previous)


def _one_at_a_time(connection: Connection) -> None:
    """Let two publications at the same time happen one after the other; SQLite's writers do so anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE publications IN SHARE ROW EXCLUSIVE MODE"))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
