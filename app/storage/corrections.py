"""Corrections in the database: add, withdraw, list, review."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from app.storage.records import CORRECTION_ID, STATUSES, Correction, NewCorrection, Status
from app.storage.tables import corrections

# For `find`. No model is called so: names are those of files.
ANY = "/"


def add(connection: Connection, correction: NewCorrection) -> str:
    """Store a correction that waits for review and return its id, which nobody can guess."""
    number = secrets.token_hex(16)  # a dash at the beginning would be an option on a command line
    values = {**vars(correction), "id": number, "created_at": datetime.now(UTC).replace(microsecond=0)}
    connection.execute(insert(corrections).values(**values, status="waiting"))
    return number


def withdraw(connection: Connection, number: str) -> bool:
    """Delete a correction; False if there is none with this id."""
    return bool(connection.execute(delete(corrections).where(*_conditions(None, [number]))).rowcount)


def find(
    connection: Connection,
    status: Status | None = None,
    ids: Sequence[str] | None = None,
    mismatches_first: bool = False,
    limit: int | None = None,
    offset: int = 0,
    of: str | None = ANY,
) -> list[Correction]:
    """List corrections, the oldest first, or those first whose label the model finds least probable: `limit` of them,
    after the first `offset`; `of` any model, or of one, by its name, the default being None."""
    order: list[Any] = [corrections.c.created_at, corrections.c.id]
    query = select(corrections).order_by(*([corrections.c.agreement, *order] if mismatches_first else order))
    query = query.where(*_conditions(status, ids)).limit(limit).offset(offset or None)
    if of != ANY:
        query = query.where(corrections.c.model.is_(None) if of is None else corrections.c.model == of)
    return [Correction(**row) for row in connection.execute(query).mappings()]


def review(connection: Connection, status: Status, ids: Sequence[str] | None, only: Status | None = None) -> int:
    """Give corrections a status: those with these ids, or all, if they have the status `only`. Return how many."""
    change = update(corrections).where(*_conditions(only, ids))
    moment = None if status == "waiting" else datetime.now(UTC).replace(microsecond=0)
    return int(connection.execute(change.values(status=status, reviewed_at=moment)).rowcount)


def count(connection: Connection) -> dict[Status, int]:
    """Count corrections by status."""
    rows = connection.execute(select(corrections.c.status, func.count()).group_by(corrections.c.status))
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    return {status: found.get(status, 0) for status in STATUSES}


def count_waiting(connection: Connection) -> int:
    """Count the corrections that wait for review."""
    return connection.scalar(select(func.count()).where(*_conditions("waiting", None))) or 0


def _conditions(status: Status | None, ids: Sequence[str] | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if status is not None:
        conditions.append(corrections.c.status == status)
    if ids is not None:
        conditions.append(corrections.c.id.in_([one for one in ids if CORRECTION_ID.fullmatch(one)]))
    return conditions
