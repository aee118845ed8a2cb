"""Published models: the newest publication is served, a rollback goes back step by step."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from app.storage import models
from app.storage.database import reading, writing
from app.storage.errors import DamagedFileError, UnknownVersionError
from app.storage.models import NothingToRollBackError
from app.storage.tables import models as table


def publish(engine, version: str, parent: str | None = None):
    with writing(engine) as connection:
        return models.publish(connection, version, version.encode(), {"test": {"accuracy": 0.99}}, parent, "publish")


def served(engine) -> str | None:
    with reading(engine) as connection:
        now = models.current(connection)
    return now.version if now else "never"


def test_nothing_is_published_at_first(engine):
    assert served(engine) == "never"
    with writing(engine) as connection, pytest.raises(NothingToRollBackError):
        models.roll_back(connection, "test")


def test_rollbacks_go_back_step_by_step_to_the_file_of_the_deployment(engine):
    for version in ("one", "two", "three"):
        publish(engine, version)
        assert served(engine) == version
    way = []
    for _ in range(3):
        with writing(engine) as connection:
            models.roll_back(connection, "rollback")
        way.append(served(engine))
    assert way == ["two", "one", None]
    publish(engine, "four")
    with writing(engine) as connection:
        models.roll_back(connection, "rollback")
    assert served(engine) is None


def test_a_version_is_stored_once_and_can_be_published_again(engine):
    publish(engine, "one")
    publish(engine, "two", parent="one")
    publish(engine, "one")
    with writing(engine) as connection:
        models.publish_again(connection, "two", "rollback to two")
        with pytest.raises(UnknownVersionError):
            models.publish_again(connection, "three", "rollback to three")
        stored = {model.version: (model.parent, model.bytes) for model in models.stored(connection)}
        assert [one.version for one in models.history(connection)] == ["two", "one", "two", "one"]
    assert served(engine) == "two"
    assert stored == {"one": (None, 3), "two": ("one", 3)}


def test_publishing_again_mends_a_damaged_file(engine):
    publish(engine, "one")
    with writing(engine) as connection:
        connection.execute(update(table).values(file=b"onf"))
    publish(engine, "one")
    with reading(engine) as connection:
        assert models.read_file(connection, "one") == b"one"


def test_a_damaged_file_is_not_handed_out(engine):
    publish(engine, "one")
    with writing(engine) as connection:
        assert models.read_file(connection, "one") == b"one"
        connection.execute(update(table).values(file=b"onf"))
        with pytest.raises(DamagedFileError):
            models.read_file(connection, "one")
        with pytest.raises(UnknownVersionError):
            models.read_file(connection, "two")
