"""What a platform runs, as it runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from gunicorn.util import parse_address

from app.settings import Settings
from tests.conftest import ROOT, encode


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Procfile's web process, started by a Procfile runner where PyTorch cannot be imported, and its address."""
    hidden = tmp_path_factory.mktemp("hidden")
    for name in ("torch", "torchvision"):
        (hidden / f"{name}.py").write_text("raise ImportError('the server must do without PyTorch')")
    port = free_port()
    honcho = [str(Path(sys.executable).with_name("honcho")), "start", "web", "-p", str(port)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(hidden)}
    process = subprocess.Popen(honcho, cwd=ROOT, env=environment, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(address)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def wait_until_ready(address: str, seconds: float = 60) -> None:
    """Return when /readyz answers 200."""
    wait_until_answering(f"{address}/readyz", seconds)


def wait_until_answering(address: str, seconds: float = 60) -> None:
    """Return when the address answers 200."""
    deadline = time.monotonic() + seconds
    with httpx2.Client() as client:
        while time.monotonic() < deadline:
            try:
                if client.get(address).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.02)
    raise TimeoutError(f"{address} is not ready after {seconds} s")


def test_procfile_serves_predictions(deployed, seven):
    response = httpx2.post(f"{deployed}/predict", files={"image": encode(seven)}, headers={"accept": "text/plain"})
    assert response.text == "7"


def test_server_listens_on_all_addresses_on_the_platforms_port(monkeypatch):
    monkeypatch.setenv("PORT", "1234")
    monkeypatch.delenv("HOST", raising=False)
    settings = Settings()
    assert settings.address == "0.0.0.0:1234"


@pytest.mark.parametrize(("host", "port"), [("::", 8000), ("::1", 1), ("127.0.0.1", 2), ("localhost", 3)])
def test_gunicorn_understands_every_kind_of_address(host: str, port: int):
    assert parse_address(Settings(host=host, port=port).address) == (host, port)


def test_requirements_have_the_pins_of_the_base_dependencies():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    dependencies = project["dependencies"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = [line for line in lines if line and not line.startswith(("#", "-"))]
    assert sorted(required) == sorted(dependencies)
    assert all("==" in line for line in required)


def test_python_version_is_one_that_the_project_allows():
    version = tuple(int(part) for part in (ROOT / ".python-version").read_text().split("."))
    assert version >= (3, 11)


def test_docker_image_gets_the_files_that_serving_needs_and_no_more():
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = {name for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.M) for name in line.split()[:-1]}
    assert copied == {"requirements.txt", "app", "static", "model.pt", "models"}
    assert all((ROOT / name).exists() for name in copied)


def test_docker_starts_what_the_procfile_starts():
    web = (ROOT / "Procfile").read_text().removeprefix("web: ").strip()
    assert f"CMD {json.dumps(web.split())}" in (ROOT / "Dockerfile").read_text()
