"""Databases are opened, upgraded and shared safely."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from urllib.parse import quote

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from app.settings import read_settings
from app.storage import corrections, schema, tables
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


def test_a_file_that_was_made_from_a_dump_is_opened_for_several_workers_too(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'handwritten.db'}"
    upgrade(open_database(url))
    with sqlite3.connect(tmp_path / "handwritten.db", isolation_level=None) as connection:
        assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
    upgrade(open_database(url))
    with reading(open_database(url)) as opened:
        assert opened.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_corrections_of_an_older_database_are_kept(database_url):
    environment = {**os.environ, "DATABASE_URL": database_url}
    command = [sys.executable, "-m", "alembic", "upgrade", "0001"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    engine = open_database(database_url)
    row = {"id": "0" * 32, "status": "accepted", "label": "7", "image": b"png", "strokes": "[[[1.5, 2.0]]]"}
    with writing(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO corrections (id, created_at, status, label, image, strokes, model_version, predicted, "
                "confidence, agreement) VALUES (:id, '2026-01-02 03:04:05', :status, :label, :image, :strokes, 'abc', "
                "'1', 0.9, 0.05)"
            ),
            row,
        )
    upgrade(engine)
    with reading(engine) as connection:
        (kept,) = corrections.find(connection, of=None)
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == schema.HEAD
    assert (kept.label, kept.image, kept.strokes, kept.model) == ("7", b"png", [[[1.5, 2.0]]], None)
    assert kept.created_at.isoformat()[:19] == "2026-01-02T03:04:05"


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


@pytest.mark.parametrize(
    "given",
    ["postgres://user:sec@ret@host/name", "postgres://user:secret@host:port/name", "mysql://user:secret@host/x"],
)
def test_a_wrong_address_stops_the_start_without_telling_the_password(given, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", given)
    with pytest.raises(SystemExit, match="DATABASE_URL") as raised:
        read_settings()
    assert "sec" not in str(raised.value)
    assert "ret" not in str(raised.value)


@pytest.mark.parametrize("password", ["p@ss/w:rd?#&%41", "two words", "päss'wörd"])
def test_a_password_may_have_any_characters(postgres, password):
    plain = postgres.new_database()
    with writing(open_database(plain)) as connection:
        quoted = password.replace("'", "''").replace("%", "%%")
        connection.exec_driver_sql(f"ALTER USER tester PASSWORD '{quoted}'")
    url = plain.replace("tester@", f"tester:{quote(password, safe='')}@")
    assert parse_url(url).password == password
    with reading(open_database(url)) as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_a_server_that_is_gone_is_noticed(postgres):
    with reading(open_database(postgres.new_database())) as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=os.dup(driver.fileno())) as used:
            assert used.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert [used.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [5, 2, 3]


def test_an_explanation_does_not_tell_the_password():
    engine = open_database("postgres://user:secret@127.0.0.1:1/name")
    with pytest.raises(OperationalError) as raised, reading(engine):
        pass
    assert "127.0.0.1" in explain(raised.value)
    assert "secret" not in explain(raised.value)
