"""The command on a local Ray cluster of two workers: the same table, also when a worker is killed in the middle."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.recognition.__main__ import main
from tests.conftest import MODEL, ROOT
from tests.recognition.batch.conftest import DEADLY, command, environment, rows_of

pytest.importorskip("ray")
pytestmark = pytest.mark.cluster

CLUSTER = ("--ray", "local", "--workers", 2)


def workers() -> list[int]:
    """The processes of this session's actors that read files."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            title = (entry / "cmdline").read_bytes() if entry.name.isdecimal() else b""
        except OSError:  # it has just ended
            continue
        if title.startswith(b"ray::MapWorker"):
            found.append(int(entry.name))
    return found


def test_killed_worker_changes_nothing(images, tmp_path, hidden):
    files = [str(path) for path in images] * 40
    assert main([*files, "--model", str(MODEL), "--output", str(tmp_path / "here.csv")]) == 0
    before = set(workers())
    output, journal = tmp_path / "ray.csv", tmp_path / "ray.csv.unfinished"
    (tmp_path / "names").write_text("\n".join(files))
    with (tmp_path / "names").open() as names, (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(
            command("-", *CLUSTER, "--output", output), cwd=ROOT, env=environment(hidden), stdin=names, stderr=errors
        )
    deadline = time.monotonic() + 240
    while not journal.exists() or journal.read_bytes().count(b"\n") < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None, (tmp_path / "errors").read_text()
        time.sleep(0.02)
    mine = set(workers()) - before
    assert mine
    os.kill(mine.pop(), signal.SIGKILL)
    assert not output.exists()
    assert process.wait(240) == 0
    assert output.read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_a_file_that_kills_its_worker_gets_a_row_and_stops_nothing(images, tmp_path, hidden, run):
    (hidden / "sitecustomize.py").write_text(DEADLY)
    deadly = tmp_path / "deadly.png"
    deadly.write_bytes(images[0].read_bytes())
    files = [*images[:5], deadly, *images[5:10]]
    finished = run("-", *CLUSTER, names="\n".join(map(str, files)).encode())
    rows = rows_of(finished.stdout)
    assert finished.returncode == 1
    assert [row["file"] for row in rows] == list(map(str, files))
    assert [row["file"] for row in rows if row["error"]] == [str(deadly)]


@pytest.fixture
def web(images: list[Path]) -> Iterator[str]:
    """The address of a server that has the images."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(images[0].parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_urls_and_folders_of_a_file_system_are_read(images, web, run):
    names = [f"{web}/{images[0].name}", f"{web}/nowhere.png", f"file://{images[0].parent}", str(images[1])]
    finished = run("-", *CLUSTER, names="\n".join(names).encode())
    assert finished.returncode == 1
    first, missing, *listed, last = rows_of(finished.stdout)
    assert first["label"] == images[0].stem[-1]
    assert "404" in missing["error"]
    assert [row["file"] for row in listed] == [f"file://{path}" for path in images]
    assert {row["error"] for row in listed} == {""}
    assert last["file"] == str(images[1])
