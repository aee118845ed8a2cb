"""A PostgreSQL server for tests: started in a temporary folder, stopped and deleted afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest


@dataclass
class Cluster:
    """A running server. Its only user needs no password; it listens on this machine alone."""

    programs: Path
    folder: Path
    port: int
    _numbers: count[int] = field(default_factory=count)

    def new_database(self) -> str:
        """Create an empty database and return its address, written as platforms write it."""
        name = f"test{next(self._numbers)}"
        self.run("createdb", "--host", "127.0.0.1", "--port", str(self.port), "--username", "tester", name)
        return f"postgres://tester@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=60", "fsync=off")
        options = f"-p {self.port} " + " ".join(f"-c {setting}" for setting in settings)
        log = self.folder.parent / "log"
        self.run("pg_ctl", "start", "--wait", "-D", str(self.folder), "-o", options, "-l", str(log))

    def stop(self) -> None:
        """Stop the server at once, as a crash would; it recovers when it starts again."""
        self.run("pg_ctl", "stop", "--mode", "immediate", "-D", str(self.folder))

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, not as root, which it refuses."""
        user = "postgres" if os.geteuid() == 0 else None
        command = [str(self.programs / program), *arguments]
        # To a file, not a pipe, which the server would inherit and keep open.
        with tempfile.TemporaryFile() as output:
            status = subprocess.run(command, user=user, cwd="/", stdout=output, stderr=output).returncode
            output.seek(0)
            assert status == 0, output.read().decode(errors="replace")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server. Skips the test where PostgreSQL is not installed; fails there in continuous integration."""
    programs = _programs()
    if programs is None:
        assert "CI" not in os.environ, "PostgreSQL is missing: apt-get install postgresql"
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="handwritten-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server = Cluster(programs, Path(folder) / "data", port)
        server.run("initdb", "-D", str(server.folder), "--username", "tester", "--auth", "trust", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs; Debian keeps them out of PATH, one folder for each version."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted((path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), reverse=True)
    needed = ("initdb", "pg_ctl", "createdb")
    return next((folder for folder in folders if all((folder / name).exists() for name in needed)), None)
