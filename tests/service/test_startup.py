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
from typing import get_args

import httpx2
import pytest
import torch

from app.recognition.runtime import Runtime
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


def broken_models(folder: Path) -> dict[str, Path]:
    """A model file for every way in which one can be unusable."""
    good = torch.load(MODEL, weights_only=True)
    contents = {
        "another format": {**good, "format": 99},
        "unknown architecture": {**good, "architecture": "perceptron-of-1958"},
        "other classes": {**good, "classes": ["a", "b"]},
        "incomplete": {key: good[key] for key in ("format", "architecture")},
        "no dictionary": torch.zeros(3),
    }
    paths = {name: folder / f"{name}.pt" for name in contents}
    for name, path in paths.items():
        torch.save(contents[name], path)
    paths["missing"] = folder / "missing.pt"
    paths["empty"] = folder / "empty.pt"
    paths["empty"].touch()
    paths["truncated"] = folder / "truncated.pt"
    paths["truncated"].write_bytes(MODEL.read_bytes()[:5000])
    paths["malicious"] = folder / "malicious.pt"
    paths["malicious"].write_bytes(pickle.dumps(Trap(f"touch {folder / 'executed'}")))
    return paths


@pytest.mark.parametrize("runtime", get_args(Runtime))
def test_unusable_model_stops_the_start_with_one_clear_line(tmp_path, runtime: str):
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", "0"]
    processes = {
        path: subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "MODEL_PATH": str(path), "RUNTIME": runtime},
            stderr=subprocess.PIPE,
            text=True,
        )
        for path in broken_models(tmp_path).values()
    }
    for path, process in processes.items():
        _, errors = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in errors
        (line,) = [line for line in errors.splitlines() if str(path) in line]
        assert "python -m training train" in line
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("module", ["training", "torchvision", "sklearn", "matplotlib"])
def test_serving_imports_nothing_of_training(module: str):
    code = f"import sys, app.main; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("runtime", get_args(Runtime))
def test_workers_after_sighup_have_the_model_that_lies_there_now(tmp_path, runtime: str):
    path = tmp_path / "model.pt"
    shutil.copy(MODEL, path)
    with production(MODEL_PATH=str(path), RUNTIME=runtime, LOG_REQUESTS="false") as (address, process):
        assert httpx2.get(f"{address}/model").json()["architecture"] == checkpoint.load(MODEL).architecture
        checkpoint.save(Checkpoint("mlp", ("a", "b"), build("mlp", 2).state_dict()), path)
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while httpx2.get(f"{address}/model").json()["classes"] != ["a", "b"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
