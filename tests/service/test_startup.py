"""The server as a process of its own."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
import torch

from app.recognition.classifier import Classifier
from app.recognition.model_file import ModelFileError
from tests.conftest import MODEL, ROOT, encode
from tests.service.server import production
from tests.test_deployment import free_port, wait_until_ready
from training import checkpoint
from training.checkpoint import Checkpoint
from training.networks import build

ANSWERS = 'handwritten_http_requests_total{route="/predict",status="200"}'
PHOTOGRAPHS = 'handwritten_queue_depth{queue="photographs"}'
linux = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs Linux's /proc")


class Trap:
    """Unpickled, it would run a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def broken_models(folder: Path) -> dict[Path, str]:
    """A model file for every way in which one can be unusable, and what its line says to do."""
    train, export = "python -m training train", "python -m training export"
    names = {"missing": train, "empty": train, "truncated": train, "malicious": train, "not for serving": export}
    paths = {folder / f"{name}.pt": remedy for name, remedy in names.items()}
    missing, empty, truncated, malicious, unserved = paths
    assert not missing.exists()
    empty.touch()
    truncated.write_bytes(MODEL.read_bytes()[:5000])
    malicious.write_bytes(pickle.dumps(Trap(f"touch {folder / 'executed'}")))
    torch.save(torch.load(MODEL, weights_only=True), unserved)
    return paths


def test_every_unusable_model_file_is_refused_in_one_line(tmp_path):
    for path, remedy in broken_models(tmp_path).items():
        with pytest.raises(ModelFileError) as refused:
            Classifier.load(path)
        line = str(refused.value)
        assert str(path) in line
        assert remedy in line
        assert "\n" not in line
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("server", [["uvicorn", "app.main:app", "--port", "0"], ["app"]], ids=["uvicorn", "gunicorn"])
def test_unusable_model_stops_the_start_with_one_clear_line(tmp_path, server: list[str]):
    path = next(path for path in broken_models(tmp_path) if path.stem == "malicious")
    run = subprocess.run(
        [sys.executable, "-m", *server],
        cwd=ROOT,
        env={**os.environ, "MODEL_PATH": str(path), "PORT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert len([line for line in run.stderr.splitlines() if str(path) in line]) == 1
    assert not (tmp_path / "executed").exists()


def test_serving_imports_nothing_of_training():
    code = "import sys, app.main; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(run.stdout.split())
    assert "app.recognition.classifier" in imported
    assert not {"training", "torch", "torchvision", "onnx", "sklearn", "matplotlib"} & imported


@pytest.fixture
def other_model(tmp_path):
    """A model file with other classes."""
    path = tmp_path / "other.pt"
    checkpoint.save(Checkpoint("mlp", ("a", "b"), build("mlp", 2).state_dict()), path)
    return path


@pytest.fixture
def copied_model(tmp_path):
    """The committed model, where it can be replaced."""
    return Path(shutil.copy(MODEL, tmp_path / "model.pt"))


def until(condition: Callable[[], bool]) -> None:
    """Return when the condition is met."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def workers(process: subprocess.Popen[bytes]) -> set[int]:
    """The process ids of gunicorn's workers."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return {int(child) for child in children.split()}


def metric(address: str, name: str) -> float:
    """The value of a series."""
    return float(re.findall(rf"^{re.escape(name)} (.+)$", httpx2.get(f"{address}/metrics").text, re.MULTILINE)[0])


def test_every_line_of_gunicorn_and_its_workers_is_json_where_the_log_is(capfd):
    with production(LOG_FORMAT="json") as (address, process):
        httpx2.get(f"{address}/nowhere")
        process.send_signal(signal.SIGHUP)  # gunicorn configures its log anew
        httpx2.get(f"{address}/nowhere")
        process.terminate()
        output, _ = process.communicate(timeout=20)
    lines = [json.loads(line) for line in output.splitlines()]
    messages = [line["message"] for line in lines]
    for words in ("Starting gunicorn", "Booting worker", "uploads up to 10 MB", "404 GET", "Hang up", "Shutting down"):
        assert any(words in message for message in messages), words
    assert all({"time", "level", "message"} <= set(line) for line in lines)
    assert not capfd.readouterr().err


def test_every_line_of_uvicorn_is_json_where_the_log_is():
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
    environment = {**os.environ, "MODEL_PATH": str(MODEL), "LOG_FORMAT": "json"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_until_ready(f"http://127.0.0.1:{port}")
    process.terminate()
    output, _ = process.communicate(timeout=20)
    lines = [json.loads(line) for line in output.splitlines()]
    messages = [line["message"] for line in lines]
    for words in ("Started server process", "Uvicorn running", "GET /readyz", "Application shutdown complete"):
        assert any(words in message for message in messages), words
    assert not any("color_message" in line for line in lines)


@linux
def test_reload_serves_the_new_model_and_keeps_the_old_one_if_the_file_is_damaged(copied_model, other_model):
    # Workers do not look at the file by themselves: on a busy machine they would do so before the signal comes.
    settings = {"LOG_REQUESTS": "false", "WEB_CONCURRENCY": "2", "MODEL_POLL_SECONDS": "1000"}
    with production(MODEL_PATH=str(copied_model), **settings) as (address, process):

        def reload() -> None:
            before = workers(process)
            process.send_signal(signal.SIGHUP)
            until(lambda: len(after := workers(process)) == 2 and not before & after)

        digits = httpx2.get(f"{address}/model").json()["classes"]
        good = copied_model.read_bytes()
        copied_model.write_bytes(good[:5000])
        os.kill(min(workers(process)), signal.SIGKILL)
        until(lambda: metric(address, "handwritten_workers") == 2)
        assert metric(address, "handwritten_model_file_rejected") == 0
        reload()
        assert httpx2.get(f"{address}/model").json()["classes"] == digits
        assert metric(address, "handwritten_model_file_rejected") == 1
        shutil.copy(other_model, copied_model)
        reload()
        assert httpx2.get(f"{address}/model").json()["classes"] == ["a", "b"]
        assert metric(address, "handwritten_model_file_rejected") == 0
        process.terminate()
        log, _ = process.communicate(timeout=20)
    assert f"{copied_model}: ".encode() in log
    assert log.count(b"The previous model is still served.") == 1
    assert process.returncode == 0


@linux
def test_metrics_forget_workers_that_ended_but_not_what_they_counted(seven):
    with production(LOG_REQUESTS="false", WEB_CONCURRENCY="2") as (address, process):
        with httpx2.Client() as client:
            for _ in range(3):
                assert client.post(f"{address}/predict", files={"image": encode(seven)}).status_code == 200
        before = workers(process)
        process.send_signal(signal.SIGHUP)
        until(lambda: len(after := workers(process)) == 2 and not before & after)
        assert metric(address, "handwritten_workers") == 2
        os.kill(min(workers(process)), signal.SIGKILL)
        until(lambda: len(workers(process)) == 2 and metric(address, "handwritten_workers") == 2)
        assert metric(address, ANSWERS) == 3


@linux
def test_queue_depth_of_a_killed_worker_disappears(seven):
    photograph = encode(seven.resize((4000, 4000)).convert("RGB"), "WEBP")
    with production(LOG_REQUESTS="false") as (address, process), ThreadPoolExecutor(4) as clients:
        (worker,) = workers(process)
        for _ in range(4):
            clients.submit(httpx2.post, f"{address}/predict", files={"image": photograph}, timeout=30)
        until(lambda: metric(address, PHOTOGRAPHS) > 1)
        os.kill(worker, signal.SIGKILL)
        until(lambda: workers(process) not in (set(), {worker}))
        # Uploads that the killed worker had not accepted yet are the new one's, and end.
        until(lambda: metric(address, PHOTOGRAPHS) == 0)


@linux
def test_files_of_the_metrics_are_removed_at_the_end():
    with production(LOG_REQUESTS="false") as (_, process):
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        (folder,) = set(re.findall(r"(/dev/shm/handwritten-metrics-\w+)/", maps))
        assert Path(folder).is_dir()
    assert not Path(folder).exists()
