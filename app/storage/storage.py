"""The database as the event loop uses it: in threads, and never in the way of predictions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.storage.database import explain, open_database, reading, writing
from app.storage.schema import NewerSchemaError, upgrade

logger = logging.getLogger("handwritten")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# As many as `app.storage.database` allows connections.
_THREADS = 2
# More calls than this at the same time are refused at once: a lost database must not collect uploads in memory.
_MOST_CALLS = 50
# A call that takes longer is given up. It may still succeed.
_SECONDS = 15.0


class StorageError(Exception):
    """Nothing can be stored or read now. The message is for the client: what is wrong, and what to do."""


class Storage:
    """A database, opened when it is first used and again after each failure.

    `report` is told the kind of database, and whether it worked, after each use.

    An empty address means no database: every call raises StorageError.
    """

    def __init__(self, url: str, report: Callable[[str, bool], None] = lambda _, __: None) -> None:
        self.configured = bool(url)
        self._engine = open_database(url) if url else None
        self._threads = ThreadPoolExecutor(_THREADS, "storage")
        self._report = report
        self._works: bool | None = None
        self._prepared = False
        self._calls = 0

    async def read(
        self,
        function: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """Call a function with a connection that only reads. Raises StorageError if the database fails."""
        return await self._call(reading, lambda connection: function(connection, *args, **options))

    async def write(
        self,
        function: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """Call a function with a connection that writes; what it wrote is on disk afterwards.

        Raises StorageError if the database fails.
        """
        return await self._call(writing, lambda connection: function(connection, *args, **options))

    def close(self) -> None:
        """Finish the calls under way and close all connections."""
        self._threads.shutdown()
        if self._engine is not None:
            self._engine.dispose()

    async def _call(self, transaction: Callable[..., Any], function: Callable[[Connection], Result]) -> Result:
        if self._engine is None:
            raise StorageError("This server stores nothing. Its operator can set DATABASE_URL.")
        if self._calls >= _MOST_CALLS:
            raise StorageError("The database is busy. Try again in a few seconds.")
        self._calls += 1
        try:
            work = asyncio.get_running_loop().run_in_executor(self._threads, self._run, transaction, function)
            result = await asyncio.wait_for(work, _SECONDS)
        except (SQLAlchemyError, NewerSchemaError, TimeoutError) as error:
            self._failed(explain(error) if isinstance(error, SQLAlchemyError) else str(error) or "no answer in time")
            raise StorageError("The database cannot be used at the moment. Try again later.") from error
        finally:
            self._calls -= 1
        self._succeeded()
        return result

    def _run(self, transaction: Callable[..., Any], function: Callable[[Connection], Result]) -> Result:
        assert self._engine is not None
        if not self._prepared:
            upgrade(self._engine)
            self._prepared = True
        try:
            with transaction(self._engine) as connection:
                return function(connection)
        except SQLAlchemyError:
            self._prepared = False  # the tables may be gone, with the file that had them
            raise

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
        assert self._engine is not None
        self._report(self._engine.dialect.name, works)
