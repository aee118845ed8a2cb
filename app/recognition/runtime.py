"""What computes the network: PyTorch, or ONNX Runtime, which is faster at small networks and takes half the memory.

model.pt is the source for both. Only PyTorch can read it, and importing PyTorch takes some 180 MB: for ONNX Runtime, a
process of its own reads the file once and hands over the network.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.recognition.model_card import CheckpointError, ModelCard
from app.recognition.segmentation import Grey

Runtime = Literal["pytorch", "onnxruntime"]
# Prepared images, uint8 (n, size, size) → logits, float32 (n, classes).
Network = Callable[[Grey], NDArray[np.float32]]

_ROOT = Path(__file__).resolve().parents[2]


def fastest() -> Runtime:
    """ONNX Runtime where it is installed, and works."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        return "pytorch"
    return "onnxruntime"


def load(path: Path, runtime: Runtime) -> tuple[ModelCard, Network]:
    """Load model.pt. Raises CheckpointError if it cannot be used."""
    return _load_onnxruntime(path) if runtime == "onnxruntime" else _load_pytorch(path)


def begin(path: Path, runtime: Runtime) -> None:
    """Have the process begin that `prepare` or `load` will wait for."""
    if runtime == "onnxruntime":
        with suppress(CheckpointError):
            _reader(path, *_state(path))


def prepare(path: Path, runtime: Runtime) -> None:
    """Do beforehand what processes forked from this one can share. A file that cannot be used is not reported yet."""
    if runtime == "onnxruntime":
        with suppress(CheckpointError):
            _exported(path, *_state(path))
    else:
        import app.recognition.compiled  # noqa: F401 - and with it PyTorch


def _load_pytorch(path: Path) -> tuple[ModelCard, Network]:
    import torch

    from app.recognition.compiled import compiled
    from training import checkpoint

    # Requests are many and networks small: two threads for one pass would only wait for each other.
    torch.set_num_threads(1)
    model = checkpoint.load(path)
    function = compiled(model.network())

    def network(images: Grey) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits: NDArray[np.float32] = function(torch.from_numpy(images).unsqueeze(1).float() / 255).numpy()
        return logits

    return model.card(), network


def _load_onnxruntime(path: Path) -> tuple[ModelCard, Network]:
    try:
        from onnxruntime import InferenceSession, SessionOptions
    except ImportError as error:
        raise CheckpointError(
            f"{path}: ONNX Runtime, which is to compute it, cannot be imported ({error}). Install it with: "
            'pip install -e ".[onnx]", or leave RUNTIME at auto.'
        ) from error
    card, _, network_file = _exported(path, *_state(path)).partition(b"\n")
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = InferenceSession(network_file, options, providers=["CPUExecutionProvider"])

    def network(images: Grey) -> NDArray[np.float32]:
        scaled = images[:, None] / np.float32(255)
        logits: NDArray[np.float32] = session.run(None, {"images": scaled})[0]
        return logits

    return ModelCard.from_json(card.decode()), network


def _state(path: Path) -> tuple[int, int]:
    """When the file was last changed, and its length."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=1)
def _exported(path: Path, *state: int) -> bytes:
    """What `training.export` writes of a model file; only once, as long as the file stays the same."""
    reader = _reader(path, *state)
    _reader.cache_clear()
    exported, errors = reader.communicate()
    if reader.returncode:
        reason = errors.decode(errors="replace").strip().rpartition("\n")[2]
        if not reason.startswith(str(path)):
            reason = f"{path}: the process that reads it ended with status {reader.returncode}. {reason}".strip()
        raise CheckpointError(reason)
    return exported


@functools.lru_cache(maxsize=1)
def _reader(path: Path, *_: int) -> subprocess.Popen[bytes]:
    # -P: what is called app in the current folder may be something else.
    command = [sys.executable, "-P", "-m", "training.export", str(path)]
    paths = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    try:
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise CheckpointError(f"{path}: no process to read it could be started ({error.strerror}).") from error
