"""A database that fails is an error of its own kind, told to operators once, and used again as soon as it works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import event

from app.storage import corrections
from app.storage.errors import StorageError
from app.storage.storage import Storage
from tests.storage.made import new

T = TypeVar("T")


class Reports(list[bool]):
    """What a storage told of itself."""


def opened(url: str) -> tuple[Storage, Reports]:
    reports = Reports()
    return Storage(url, lambda _, works: reports.append(works)), reports


def result_of(coroutine: Coroutine[Any, Any, T]) -> T:
    with ThreadPoolExecutor(1) as pool:  # in a thread of its own: a browser under test has a loop in this one
        return pool.submit(asyncio.run, coroutine).result()


def count(storage: Storage) -> int:
    return result_of(storage.read(corrections.count))["waiting"]


def add(storage: Storage, **values) -> str:
    return result_of(storage.write(corrections.add, new(**values)))


def test_the_tables_are_made_when_they_are_first_needed(database_url):
    storage, reports = opened(database_url)
    assert count(storage) == 0
    add(storage)
    assert count(storage) == 1
    assert set(reports) == {True}
    storage.close()


def test_no_address_means_that_nothing_is_stored():
    storage, reports = opened("")
    with pytest.raises(StorageError, match="DATABASE_URL"):
        add(storage)
    assert reports == []
    storage.close()


def test_a_lost_server_is_used_again_when_it_is_back(postgres, caplog):
    storage, reports = opened(postgres.new_database())
    add(storage)
    postgres.stop()
    try:
        for _ in range(3):
            with pytest.raises(StorageError, match="Try again later"):
                add(storage)
    finally:
        postgres.start()
    assert count(storage) == 1
    assert reports == [True, False, False, False, True]
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 2, "once when it is lost, once when it is back"
    storage.close()


def limit_pages(storage: Storage, count: int) -> None:
    """Make the database's disk full: its file cannot grow beyond so many pages of 4 kB."""
    event.listen(storage._engine, "connect", lambda connection, _: connection.execute(f"PRAGMA max_page_count={count}"))


def test_a_full_disk_refuses_what_does_not_fit_and_keeps_the_rest(tmp_path: Path):
    storage, reports = opened(f"sqlite:///{tmp_path / 'handwritten.db'}")
    add(storage)
    limit_pages(storage, 40)
    with pytest.raises(StorageError):
        add(storage, image=bytes(1_000_000))
    assert reports[-1] is False
    assert count(storage) == 1
    add(storage)
    assert count(storage) == 2
    storage.close()


def test_that_a_full_disk_can_be_read_does_not_hide_that_it_is_full(tmp_path: Path, caplog):
    storage, reports = opened(f"sqlite:///{tmp_path / 'handwritten.db'}")
    add(storage)
    limit_pages(storage, 1)  # less than there is: it cannot grow
    with pytest.raises(StorageError):
        add(storage, image=bytes(100_000))
    assert count(storage) == 1
    assert True not in reports[reports.index(False) :]
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    limit_pages(storage, 1000)
    assert count(storage) == 1
    assert reports[-1] is True
    storage.close()


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path, caplog):
    (tmp_path / "file").touch()
    storage, reports = opened(f"sqlite:///{tmp_path / 'file' / 'handwritten.db'}")
    with pytest.raises(StorageError):
        add(storage)
    assert reports == [False]
    assert "unable to open database file" in caplog.text
    storage.close()


def test_a_file_that_was_deleted_is_made_anew(tmp_path: Path):
    file = tmp_path / "handwritten.db"
    storage, _ = opened(f"sqlite:///{file}")
    add(storage)
    for path in tmp_path.glob("handwritten.db*"):
        path.unlink()
    with pytest.raises(StorageError):
        add(storage)
    add(storage)
    assert count(storage) == 1
    storage.close()
