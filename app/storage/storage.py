"""The database as the event loop uses it: in threads, and never in the way of predictions."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from app.storage.errors import StorageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

logger = logging.getLogger("handwritten")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# As many as `app.storage.database` allows connections.
_THREADS = 2
# More calls than this at the same time are refused at once: a lost database must not collect uploads in memory.
_MOST_CALLS = 50
# A call that takes longer is given up. It may still succeed.
_SECONDS = 15.0


# A drawing takes 2 to 10 kB.
_TRIAL_BYTES = 10_000


class _FailedError(Exception):
    """The database failed. The message is for the log."""


class Storage:
    """A database, opened when it is first used and again after each failure.

    `report` is called after each use, with the kind of database and whether it worked.

    An empty address means no database: every call raises StorageError.
    """

    def __init__(self, url: str, report: Callable[[str, bool], None] = lambda _, __: None) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._opening = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, "storage")
        self._report = report
        self._works: bool | None = None
        # The latest write failed. A full disk or a standby server can be read all the same, which must not hide that
        # nothing can be stored: so each read tries to write too, until that succeeds.
        self._cannot_write = False
        self._prepared = False
        self._calls = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing can have been stored: there is no address, or no SQLite file yet where one can be made."""
        if not self._url.startswith("sqlite:///"):
            return not self._url
        path = Path(self._url.removeprefix("sqlite:///").split("?")[0])
        return not path.exists() and os.access(path.parent, os.W_OK)

    async def read(
        self,
        function: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """Call a function with a connection that only reads. Raises StorageError if the database fails."""
        return await self._call(False, lambda connection: function(connection, *args, **options))

    async def write(
        self,
        function: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """Call a function with a connection that writes; what it wrote is on disk afterwards.

        Raises StorageError if the database fails.
        """
        return await self._call(True, lambda connection: function(connection, *args, **options))

    def close(self) -> None:
        """Finish the calls under way and close all connections."""
        self._threads.shutdown()
        if self._engine is not None:
            self._engine.dispose()

    async def _call(self, writes: bool, function: Callable[[Connection], Result]) -> Result:
        if not self._url:
            raise StorageError("This server stores nothing. Its operator can set DATABASE_URL.")
        if self._calls >= _MOST_CALLS:
            raise StorageError("The database is busy. Try again in a few seconds.")
        self._calls += 1
        try:
            work = asyncio.get_running_loop().run_in_executor(self._threads, self._run, writes, function)
            result = await asyncio.wait_for(work, _SECONDS)
        except (_FailedError, TimeoutError) as error:
            self._cannot_write |= writes
            self._failed(str(error) or "no answer in time")
            raise StorageError("The database cannot be used at the moment. Try again later.") from error
        finally:
            self._calls -= 1
        if self._cannot_write:
            self._tell(False)
        else:
            self._succeeded()
        return result

    def _run(self, writes: bool, function: Callable[[Connection], Result]) -> Result:
        # Imported here: SQLAlchemy takes 0.2 s and 11 MB, which a server does not need before it stores anything.
        from sqlalchemy.exc import SQLAlchemyError

        from app.storage.database import explain, open_database, reading, writing
        from app.storage.schema import NewerSchemaError, upgrade

        with self._opening:
            self._engine = engine = self._engine or open_database(self._url)
        try:
            if not self._prepared:
                upgrade(engine)
                self._prepared = True
            with (writing if writes else reading)(engine) as connection:
                result = function(connection)
            if not writes and self._cannot_write:
                with suppress(SQLAlchemyError):
                    with writing(engine) as connection:
                        _write_and_delete(connection)
                    self._cannot_write = False
            elif writes:
                self._cannot_write = False
            return result
        except NewerSchemaError as error:
            raise _FailedError(str(error)) from error
        except SQLAlchemyError as error:
            self._prepared = False  # the tables may be gone, with the file that had them
            raise _FailedError(explain(error)) from error

    def _failed(self, reason: str) -> None:
        if self._works is not False:
            logger.error("The database cannot be used: %s. Predictions go on; corrections are refused.", reason)
        self._works = False
        self._tell(False)

    def _succeeded(self) -> None:
        if self._works is False:
            logger.warning("The database can be used again.")
        self._works = True
        self._tell(True)

    def _tell(self, works: bool) -> None:
        self._report("sqlite" if self._url.startswith("sqlite") else "postgresql", works)


def _write_and_delete(connection: Connection) -> None:
    """Write about as much as a correction takes."""
    from app.storage import corrections
    from app.storage.records import NewCorrection

    trial = NewCorrection(None, bytes(_TRIAL_BYTES), None, None, "", "", 0.0, 0.0, None)
    corrections.withdraw(connection, corrections.add(connection, trial))
