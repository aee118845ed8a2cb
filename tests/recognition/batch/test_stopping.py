"""Stopped, killed, cut off in the middle of a line: the same command goes on and ends with the same table."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.recognition.__main__ import main
from app.recognition.batch.processes import CHUNK, Processes
from tests.conftest import MODEL, ROOT
from tests.recognition.batch.conftest import DEADLY, command, environment, rows_of


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_goes_on_where_it_was_stopped(images, tmp_path, hidden, run, how, status):
    output, journal = tmp_path / "answers.csv", tmp_path / "answers.csv.unfinished"
    files = [str(path) for path in images] * 6
    arguments = ("-", "--workers", 1, "--output", output)
    # Standard input stays open: it waits for the last names, with many answers written.
    process = subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=environment(hidden),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stderr
    process.stdin.write("".join(f"{name}\n" for name in files[:-10]).encode())
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not journal.exists() or journal.read_bytes().count(b"\n") < 2 * CHUNK:
        assert time.monotonic() < deadline, process.poll()
        time.sleep(0.05)
    process.send_signal(how)
    errors = process.stderr.read().decode()
    assert process.wait(30) == status
    assert not output.exists()
    if how != signal.SIGKILL:
        assert "goes on from there" in errors
        assert "Traceback" not in errors
    assert wait_until_gone(process.pid)
    # If it started again, this mark would be lost.
    lines = journal.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace('"error": null', '"error": "marked"')
    journal.write_text("".join(lines))
    finished = run(*arguments, names="\n".join(files).encode())
    assert finished.returncode == 1
    rows = rows_of(output.read_bytes())
    assert [row["file"] for row in rows] == files
    assert [row["error"] for row in rows] == ["marked"] + [""] * (len(files) - 1)
    assert not journal.exists()


def test_an_interruption_while_processes_start_is_reported_in_one_line(images, tmp_path, hidden):
    started = tmp_path / "started"
    # Each process is so slow to start that the one that starts it waits for it to take its arguments.
    (hidden / "sitecustomize.py").write_text(
        f"import pathlib, sys, time\nif '--multiprocessing-fork' in sys.argv:\n"
        f"    pathlib.Path({str(started)!r}).touch()\n    time.sleep(1)\n"
    )
    process = subprocess.Popen(
        command(*images, "--workers", 1, "--output", tmp_path / "answers.csv"),
        cwd=ROOT,
        env=environment(hidden),
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not started.exists():
        assert time.monotonic() < deadline, process.poll()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"goes on from there" in errors
    assert b"Traceback" not in errors


def wait_until_gone(group: int) -> bool:
    """Whether all processes of a group end within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def unfinished(images: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], bytes, bytes]:
    """Files, the whole journal of their answers, and the table."""
    folder = tmp_path_factory.mktemp("unfinished")
    files = [str(path) for path in images[:4]]
    assert main([*files, "--model", str(MODEL), "--output", str(folder / "answers.jsonl")]) == 0
    whole = (folder / "answers.jsonl").read_bytes()
    # A second name for the journal keeps it.
    journal = folder / "cut.jsonl.unfinished"
    journal.touch()
    os.link(journal, folder / "kept")
    assert main([*files, "--model", str(MODEL), "--output", str(folder / "cut.jsonl")]) == 0
    return files, (folder / "kept").read_bytes(), whole


@given(share=st.floats(0, 1))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_goes_on_wherever_the_journal_was_cut_off(unfinished, tmp_path_factory, share):
    files, journal, whole = unfinished
    folder = tmp_path_factory.mktemp("cut")
    (folder / "answers.jsonl.unfinished").write_bytes(journal[: round(share * len(journal))])
    assert main([*files, "--model", str(MODEL), "--output", str(folder / "answers.jsonl")]) == 0
    assert (folder / "answers.jsonl").read_bytes() == whole
    assert [path.name for path in folder.iterdir()] == ["answers.jsonl"]


def test_one_output_is_written_by_one_process_at_a_time(images, tmp_path, capsys):
    from app.recognition.batch.journal import Journal

    output = tmp_path / "answers.csv"
    with Journal(output, {"model": "", "several": False}):
        assert main([str(images[0]), "--model", str(MODEL), "--output", str(output)]) == 2
    assert "another process writes it" in capsys.readouterr().err


def test_a_killed_process_costs_no_row(images):
    names = [str(path) for path in images] * 4
    with Processes(MODEL, MODEL.read_bytes(), False, 2) as processes:
        answers = processes(iter(names))
        rows = next(answers)
        os.kill(next(iter(processes._pool._processes)), signal.SIGKILL)
        for more in answers:
            rows += more
    assert [row["file"] for row in rows] == names
    assert all(row["error"] is None for row in rows)


def test_a_file_that_kills_its_process_gets_a_row_and_stops_nothing(images, tmp_path, hidden, run):
    (hidden / "sitecustomize.py").write_text(DEADLY)
    deadly = tmp_path / "deadly.png"
    deadly.write_bytes(images[0].read_bytes())
    files = [*images[:40], deadly, *images[40:]]
    finished = run("-", "--workers", 2, names="\n".join(map(str, files)).encode())
    rows = rows_of(finished.stdout)
    assert finished.returncode == 1
    assert [row["file"] for row in rows] == list(map(str, files))
    assert [row["file"] for row in rows if row["error"]] == [str(deadly)]


def test_names_are_taken_only_as_answers_are_given(images):
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield str(images[0])

    with Processes(MODEL, MODEL.read_bytes(), False, 1) as processes:
        answers = processes(endless())
        for _ in range(3):
            next(answers)
        assert taken <= 10 * CHUNK
