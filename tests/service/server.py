"""Real servers for tests: in a thread, with limits of the test's choice, or as processes of their own."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from app.connection import LimitedConnection
from app.main import create_app
from app.settings import Settings
from tests.conftest import MODEL, ROOT


@contextmanager
def listening(
    connection: type[LimitedConnection] = LimitedConnection, keep_alive: int = 65, **settings: Any
) -> Iterator[int]:
    """The port of a server in a thread of this process, which closes connections after `keep_alive` idle seconds."""
    app = create_app(Settings(**{"model_path": MODEL, **settings}))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=connection, ws="none", log_config=None, timeout_keep_alive=keep_alive
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def new_client() -> httpx2.Client:
    """A client that opens a new connection for each request, so that any worker may answer it."""
    return httpx2.Client(limits=httpx2.Limits(max_keepalive_connections=0))


def converse(port: int, *parts: bytes, pause: float = 0.0, patience: float = 5.0) -> bytes:
    """Send the parts, with a pause after each, and return all that comes back until the server closes the connection.

    Raises TimeoutError if it has not after `patience` seconds of silence.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", port), patience) as connection:
        try:
            for part in parts:
                connection.sendall(part)
                # Read at once: what lies unread when the other side resets the connection is lost.
                while pause and select.select([connection], [], [], pause)[0]:
                    if not (chunk := connection.recv(65536)):
                        return received
                    received += chunk
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionError:
            pass
    return received


@contextmanager
def production(**environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """What the Procfile starts: its address, once it is ready, and its process, whose standard output can be read.

    It offers the committed model alone, unless the environment names others.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = (ROOT / "Procfile").read_text().removeprefix("web: ").strip()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"HOST": "127.0.0.1", "PORT": str(port), "MODEL_PATH": str(MODEL)}
    process = subprocess.Popen(
        ["sh", "-c", f"exec {line}"],
        cwd=ROOT,
        env={**os.environ, "PATH": path, **settings, **environment},
        stdout=subprocess.PIPE,
    )
    try:
        wait_until_listening(port, process)
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when the server there is ready."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            if b" 200 " in converse(port, b"GET /readyz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"):
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")
