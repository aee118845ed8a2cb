"""Open a database: SQLite in one file, or PostgreSQL.

Both are used the same way: `reading` and `writing` open a transaction each. A write is on disk when `writing` returns.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

# Several workers write to one SQLite file in turn. Each waits up to so many seconds for the others.
_BUSY_SECONDS = 5
# A PostgreSQL server that does not answer is given up after so many seconds.
_CONNECT_SECONDS = 3
# A server that is gone does not say so: while we wait for its answer, TCP sends probes after so many seconds of
# silence, so many seconds apart.
_SILENT_SECONDS, _PROBE_SECONDS, _PROBES = 5, 2, 3
# PostgreSQL connections of one process. Idle ones are checked before use, so that a restarted server does no harm.
_CONNECTIONS = 2
_FORMS = "Write sqlite:///handwritten.db or postgresql://user:password@host/database."


class DatabaseUrlError(ValueError):
    """A database address that cannot be used. The message says what to write instead."""


def parse_url(text: str) -> URL:
    """Parse SQLAlchemy's addresses and the platforms' `postgres://`.

    Raises DatabaseUrlError for another kind of database, or SQLite without a file.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:  # ValueError for a port that is no number
        raise DatabaseUrlError(f"Not a database address. {_FORMS}") from error
    if "@" in (url.host or ""):
        raise DatabaseUrlError("The database address has two @. Write %40 for an @ in the password.")
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise DatabaseUrlError(f"Databases of the kind {url.drivername!r} are not supported. {_FORMS}")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise DatabaseUrlError(f"An SQLite database in memory would not be shared or kept. {_FORMS}")
    return url


def open_database(text: str) -> Engine:
    """Prepare connections to a database. Nothing is opened before the first transaction.

    Raises DatabaseUrlError for an address that cannot be used.
    """
    url = parse_url(text)
    if url.drivername == "sqlite":
        # A connection for each transaction: a file that was deleted or replaced is noticed, where an open connection
        # would go on writing to a file that nobody can find any more.
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "tcp_user_timeout": 1000 * _SILENT_SECONDS,
            "keepalives_idle": _SILENT_SECONDS,
            "keepalives_interval": _PROBE_SECONDS,
            "keepalives_count": _PROBES,
        },
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that writes; it is on disk afterwards, or undone after an exception."""
    with engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        with connection.begin():
            yield connection


def lacks_write_ahead_log(connection: Connection) -> bool:
    """Whether this is an SQLite file in which a writer keeps all others waiting."""
    return connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal"


def use_write_ahead_log(engine: Engine) -> None:
    """Let readers and a writer work at the same time on an SQLite file. The file remembers this; a copy that was made
    from a dump does not."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")  # the mode cannot change inside the transaction that was begun
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                connection.exec_driver_sql("BEGIN")
                return
        except OperationalError as error:
            # Two processes that change the mode at the same time: SQLite does not wait here by itself.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def explain(error: SQLAlchemyError) -> str:
    """Return what the database's driver said, in one line and without the address, which has a password."""
    original = getattr(error, "orig", None)
    return " ".join(str(original or error).split("\n")[0].split())


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins and ends transactions, not Python's sqlite3
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")  # a committed write survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail, not wait, if another one wrote in between.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
