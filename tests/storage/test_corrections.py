"""Corrections are stored whole, listed in a useful order and reviewed; an acknowledged one is never lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.storage import corrections
from app.storage.database import open_database, reading, writing
from tests.conftest import ROOT
from tests.storage.made import new

LABELS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200)


@given(
    label=st.one_of(st.none(), LABELS),
    image=st.binary(max_size=300),
    strokes=st.one_of(st.none(), st.lists(st.lists(st.lists(st.floats(0, 280), min_size=2, max_size=2)))),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_stored_is_found_again(engine, label, image, strokes):
    given_one = new(label, image=image, strokes=strokes)
    with writing(engine) as connection:
        number = corrections.add(connection, given_one)
    with reading(engine) as connection:
        (found,) = corrections.find(connection, ids=[number])
    assert {name: getattr(found, name) for name in vars(given_one)} == vars(given_one)
    assert found.status == "waiting"
    assert found.created_at.utcoffset() is not None


def test_obvious_mismatches_come_first(engine):
    with writing(engine) as connection:
        for agreement in (0.5, 0.01, 0.9):
            corrections.add(connection, new(agreement=agreement))
    with reading(engine) as connection:
        found = corrections.find(connection, "waiting", mismatches_first=True, limit=2)
    assert [one.agreement for one in found] == [0.01, 0.5]


def test_review_changes_the_named_ones_or_all_that_wait(engine):
    with writing(engine) as connection:
        first, second, third = (corrections.add(connection, new()) for _ in range(3))
        assert corrections.review(connection, "rejected", [first]) == 1
        assert corrections.review(connection, "accepted", None, only="waiting") == 2
        assert corrections.count(connection) == {"waiting": 0, "accepted": 2, "rejected": 1}
        assert corrections.review(connection, "waiting", [second]) == 1
        statuses = {one.id: (one.status, one.reviewed_at is None) for one in corrections.find(connection)}
        waiting = corrections.count_waiting(connection)
    assert waiting == 1
    assert statuses == {first: ("rejected", False), second: ("waiting", True), third: ("accepted", False)}


def test_a_withdrawn_correction_is_gone(engine):
    with writing(engine) as connection:
        number = corrections.add(connection, new())
        assert corrections.withdraw(connection, number)
        assert not corrections.withdraw(connection, number)
        assert corrections.find(connection) == []


def test_writers_at_the_same_time_wait_for_each_other(engine):
    def write():
        for _ in range(10):
            with writing(engine) as connection:
                corrections.add(connection, new())

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert corrections.count(connection)["waiting"] == 80


WRITE_FOR_EVER = """
import sys
from app.storage import corrections
from app.storage.database import open_database, writing
from tests.storage.made import new
engine = open_database(sys.argv[1])
while True:
    with writing(engine) as connection:
        number = corrections.add(connection, new(image=bytes(20_000)))
    print(number, flush=True)
"""


@pytest.mark.usefixtures("engine")
def test_no_acknowledged_correction_is_lost_when_the_writer_is_killed(database_url):
    command = [sys.executable, "-c", WRITE_FOR_EVER, database_url]
    acknowledged = []
    for killed_after in (3, 10, 30):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        acknowledged += [process.stdout.readline().strip() for _ in range(killed_after)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.communicate(timeout=10)[0].split()
    with reading(open_database(database_url)) as connection:
        stored = {one.id: len(one.image) for one in corrections.find(connection)}
    assert len(acknowledged) >= 43
    assert [number for number in acknowledged if stored.get(number) != 20_000] == []
