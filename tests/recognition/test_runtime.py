from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from app.recognition import runtime
from app.recognition.model_card import CheckpointError
from tests.conftest import MODEL, ROOT, encode
from tests.training.untrained import untrained
from training import checkpoint
from training.checkpoint import Checkpoint
from training.networks import ARCHITECTURES

CLASSES = ("a", "b", "c")


def save_untrained(architecture: str, path: Path) -> None:
    network = untrained(architecture, len(CLASSES))
    checkpoint.save(Checkpoint(architecture, CLASSES, network.state_dict()), path)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_both_runtimes_compute_the_same(architecture: str, tmp_path: Path):
    path = tmp_path / "model.pt"
    save_untrained(architecture, path)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    answers = []
    for name in ("pytorch", "onnxruntime"):
        card, network = runtime.load(path, name)
        assert card == checkpoint.load(path).card()
        # One and five: the number of images is not fixed in what is exported.
        answers.append(np.concatenate([network(images[:1]), network(images)]))
    one, other = answers
    assert one.std() > 0.01
    assert np.allclose(one, other, atol=1e-5)


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


def test_serving_with_onnx_runtime_imports_no_pytorch(seven, tmp_path: Path):
    (tmp_path / "seven.png").write_bytes(encode(seven))
    done = run(f"""
import sys
from fastapi.testclient import TestClient
from app.main import create_app
from app.settings import Settings
with TestClient(create_app(Settings(runtime="onnxruntime"))) as client:
    print(client.post("/predict", files={{"image": open({str(tmp_path / "seven.png")!r}, "rb")}}).json()["label"])
sys.exit("torch" in sys.modules)
""")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "7"


def test_without_onnx_runtime_pytorch_computes():
    done = run("""
import sys
sys.modules["onnxruntime"] = None
from app.settings import Settings
assert Settings().chosen_runtime == "pytorch"
from app.recognition.classifier import Classifier
Classifier.load(Settings().model_path, "onnxruntime")
""")
    assert "CheckpointError: model.pt: ONNX Runtime, which is to compute it, cannot be imported" in done.stderr


def test_what_has_begun_is_not_begun_again(tmp_path: Path):
    path = tmp_path / "model.pt"
    save_untrained("mlp", path)
    runtime.begin(path, "onnxruntime")
    with patch.object(subprocess, "Popen", side_effect=AssertionError):
        card, _ = runtime.load(path, "onnxruntime")
    assert card.classes == CLASSES


def test_a_replaced_file_is_read_anew(tmp_path: Path):
    path = tmp_path / "model.pt"
    save_untrained("mlp", path)
    first, _ = runtime.load(path, "onnxruntime")
    shutil.copy(MODEL, path)
    second, _ = runtime.load(path, "onnxruntime")
    assert first.classes == CLASSES
    assert second == checkpoint.load(MODEL).card()


@pytest.mark.parametrize("contents", [None, b"", b"not a model"], ids=["missing", "empty", "no model"])
def test_an_unusable_file_is_explained_alike(contents: bytes | None, tmp_path: Path):
    path = tmp_path / "model.pt"
    if contents is not None:
        path.write_bytes(contents)
    messages = []
    for name in ("pytorch", "onnxruntime"):
        with pytest.raises(CheckpointError) as failure:
            runtime.load(path, name)
        messages.append(str(failure.value))
    assert messages[0] == messages[1]
    assert "python -m training train" in messages[0]
