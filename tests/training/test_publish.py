"""Publishing, rolling back and listing models from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.storage import models
from app.storage.database import open_database, reading
from tests.conftest import MODEL
from training import checkpoint
from training.__main__ import main


def served(url: str) -> str | None:
    with reading(open_database(url)) as connection:
        now = models.current(connection)
    return now.version if now else None


def test_a_model_is_published_listed_and_taken_back(database_url, capsys):
    version = checkpoint.load(MODEL).version
    assert main(["publish", str(MODEL), "--database", database_url]) == 0
    assert served(database_url) == version
    with reading(open_database(database_url)) as connection:
        assert models.read_file(connection, version) == MODEL.read_bytes()
    assert main(["models", "--database", database_url]) == 0
    printed = capsys.readouterr().out
    assert f"-> {version}" in printed
    assert "test 99." in printed
    assert main(["rollback", "--database", database_url]) == 0
    assert served(database_url) is None
    assert main(["rollback", "--database", database_url]) == 2
    assert main(["rollback", "--to", version, "--database", database_url]) == 0
    assert served(database_url) == version
    assert main(["rollback", "--to", "0000", "--database", database_url]) == 2


def test_what_no_server_could_read_is_not_published(database_url, tmp_path: Path, capsys):
    damaged = tmp_path / "model.pt"
    damaged.write_bytes(MODEL.read_bytes()[:5000])
    assert main(["publish", str(damaged), "--database", database_url]) == 2
    assert str(damaged) in capsys.readouterr().err
    assert main(["models", "--database", database_url]) == 0
    assert "served: the file of MODEL_PATH" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["publish", "rollback", "models"])
def test_every_command_takes_the_database_of_the_environment(command, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "mysql://host/name")
    assert main([command, *([str(MODEL)] if command == "publish" else [])]) == 2
    assert "mysql" in capsys.readouterr().err
