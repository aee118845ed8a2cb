"""The server as a process of its own."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
import torch

from tests.conftest import MODEL, ROOT
from tests.service.server import production
from training import checkpoint
from training.checkpoint import Checkpoint
from training.networks import build


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


def test_unusable_model_stops_the_start_with_one_clear_line(tmp_path):
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", "0"]
    remedies = broken_models(tmp_path)
    processes = {
        path: subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "MODEL_PATH": str(path)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for path in remedies
    }
    for path, process in processes.items():
        _, errors = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in errors
        (line,) = [line for line in errors.splitlines() if str(path) in line]
        assert remedies[path] in line
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("module", ["training", "torch", "torchvision", "onnx", "sklearn", "matplotlib"])
def test_serving_imports_nothing_of_training(module: str):
    code = f"import sys, app.main; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_workers_after_sighup_have_the_model_that_lies_there_now(tmp_path):
    path = tmp_path / "model.pt"
    shutil.copy(MODEL, path)
    with production(MODEL_PATH=str(path), LOG_REQUESTS="false") as (address, process):
        assert httpx2.get(f"{address}/model").json()["architecture"] == checkpoint.load(MODEL).architecture
        checkpoint.save(Checkpoint("mlp", ("a", "b"), build("mlp", 2).state_dict()), path)
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while httpx2.get(f"{address}/model").json()["classes"] != ["a", "b"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
