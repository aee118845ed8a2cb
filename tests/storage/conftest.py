"""A database that is ready to use, of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from app.storage.database import open_database
from app.storage.schema import upgrade


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database with all tables."""
    engine = open_database(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()
