"""Databases are opened, upgraded and shared safely."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from app.storage import schema, tables
from app.storage.database import DatabaseUrlError, explain, open_database, parse_url, reading, writing
from app.storage.schema import NewerSchemaError, upgrade
from tests.conftest import ROOT

UPGRADE = "import sys; from app.storage.database import *; from app.storage.schema import *; "


def test_migrations_make_the_tables_that_the_code_uses(engine):
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_newest_migration_is_the_one_that_the_code_expects():
    assert ScriptDirectory(str(schema.MIGRATIONS)).get_heads() == [schema.HEAD]


def test_many_processes_may_upgrade_at_the_same_time(database_url):
    script = UPGRADE + "engine = open_database(sys.argv[1]); print(flush=True); sys.stdin.readline(); upgrade(engine)"
    processes = [
        subprocess.Popen([sys.executable, "-c", script, database_url], cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout
        process.stdout.readline()
    for process in processes:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    with reading(open_database(database_url)) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [schema.HEAD]


def test_a_database_of_a_newer_version_is_left_alone(engine):
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchemaError, match="newer version"):
        upgrade(engine)


def test_alembics_own_command_upgrades_the_same_database(database_url):
    environment = {**os.environ, "DATABASE_URL": database_url}
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    with reading(open_database(database_url)) as connection:
        assert {"corrections", "models", "publications"} <= set(inspect(connection).get_table_names())


def test_sqlite_is_opened_for_several_workers(tmp_path: Path):
    engine = open_database(f"sqlite:///{tmp_path / 'handwritten.db'}")
    upgrade(engine)
    with reading(engine) as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    assert pragmas == ["wal", 2, 5000]


def test_a_transaction_that_fails_is_undone(engine):
    insert = "INSERT INTO publications (published_at, reason) VALUES ('2026-01-01', 'test')"
    with contextlib.suppress(RuntimeError), writing(engine) as connection:
        connection.execute(text(insert))
        raise RuntimeError
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM publications")).scalar() == 0


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///folder/file.db", "sqlite"),
        ("postgres://user:secret@host/name", "postgresql+psycopg"),
        ("postgresql://user:secret@host/name", "postgresql+psycopg"),
        ("postgresql+psycopg://host/name", "postgresql+psycopg"),
    ],
)
def test_addresses_of_platforms_are_accepted(given, driver):
    assert parse_url(given).drivername == driver


@pytest.mark.parametrize("given", ["", "handwritten.db", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_other_addresses_are_refused_with_an_example(given):
    with pytest.raises(DatabaseUrlError, match=r"sqlite:///handwritten\.db"):
        parse_url(given)


def test_an_explanation_does_not_tell_the_password():
    engine = open_database("postgres://user:secret@127.0.0.1:1/name")
    with pytest.raises(OperationalError) as raised, reading(engine):
        pass
    assert "127.0.0.1" in explain(raised.value)
    assert "secret" not in explain(raised.value)
