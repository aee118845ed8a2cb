"""model.pt as the server reads it: without PyTorch, and with one clear line for whatever is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from app.recognition import model_file
from app.recognition.model_card import ModelCard
from app.recognition.model_file import CARD, NETWORK, ModelFileError
from tests.conftest import MODEL, ROOT, encode
from tests.training.untrained import untrained
from training import checkpoint
from training.checkpoint import Checkpoint
from training.onnx_export import to_onnx

Records = dict[str, bytes]


def records(path: Path) -> Records:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, contents: Records, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


@pytest.fixture(scope="module")
def good() -> Records:
    return records(MODEL)


def name_of(good: Records, record: str) -> str:
    return next(name for name in good if name.endswith(f"/{record}"))


def with_card(good: Records, change: Callable[[dict[str, Any]], object]) -> Records:
    name = name_of(good, CARD)
    card = json.loads(good[name])
    change(card)
    return {**good, name: json.dumps(card).encode()}


def error_of(path: Path) -> str:
    with pytest.raises(ModelFileError) as failure:
        model_file.load(path)
    message = str(failure.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_the_committed_model_is_read_as_pytorch_reads_it():
    card, _ = model_file.load(MODEL)
    assert card == checkpoint.load(MODEL).card(quantised=True)


def test_what_is_served_answers_nearly_as_the_weights_do(drawings):
    card, network = model_file.load(MODEL)
    images = np.stack([card.preprocessing(image) for _, image in drawings])
    with torch.inference_mode():
        expected = checkpoint.load(MODEL).network()(torch.from_numpy(images)[:, None] / 255).numpy()
    one_by_one = np.concatenate([network(images[:1]), network(images[1:])])
    labels, wanted = (outputs[:, : len(card.classes)].argmax(1) for outputs in (one_by_one, expected))
    assert (labels == wanted).all()
    assert 0 < np.abs(one_by_one - expected).mean() < 0.02 * expected.std()


def test_nothing_of_pytorch_is_needed(seven, tmp_path: Path):
    (tmp_path / "seven.png").write_bytes(encode(seven))
    code = f"""
import sys
for name in ("torch", "torchvision", "training", "onnx", "sklearn", "matplotlib"):
    sys.modules[name] = None
from fastapi.testclient import TestClient
from app.main import app
with TestClient(app) as client:
    print(client.post("/predict", files={{"image": open({str(tmp_path / "seven.png")!r}, "rb")}}).json()["label"])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "7"


def test_a_later_version_may_write_more_on_the_card(good: Records, tmp_path: Path):
    path = write(tmp_path / "model.pt", with_card(good, lambda card: card.update(invented_later=1)))
    card, _ = model_file.load(path)
    assert card == model_file.load(MODEL)[0]


def test_compressed_records_and_another_top_folder_are_read(good: Records, tmp_path: Path):
    renamed = {f"elsewhere/{name.partition('/')[2]}": data for name, data in good.items()}
    path = write(tmp_path / "model.pt", renamed, zipfile.ZIP_DEFLATED)
    assert model_file.load(path)[0] == model_file.load(MODEL)[0]


def test_a_missing_file_is_named(tmp_path: Path):
    assert "python -m training train" in error_of(tmp_path / "model.pt")


def test_a_folder_is_refused_with_the_name_of_a_file_in_it(tmp_path: Path):
    assert error_of(tmp_path).startswith(f"{tmp_path}: this is a folder. ")
    (tmp_path / "letters.pt").touch()
    (tmp_path / "digits.pt").touch()
    message = error_of(tmp_path)
    assert f"such as {tmp_path / 'digits.pt'}." in message
    assert "readable" not in message


@pytest.mark.parametrize("contents", [b"", b"not a model", b"PK\x03\x04"])
def test_what_is_no_archive_is_refused(contents: bytes, tmp_path: Path):
    path = tmp_path / "model.pt"
    path.write_bytes(contents)
    assert "not a model file, or a damaged one" in error_of(path)


def test_an_archive_of_something_else_is_refused(tmp_path: Path):
    assert "not a PyTorch file" in error_of(write(tmp_path / "model.pt", {"letter.txt": b"Dear reader"}))


def test_a_pytorch_file_without_the_records_names_the_command_that_adds_them(tmp_path: Path):
    path = tmp_path / "model.pt"
    torch.save(torch.load(MODEL, weights_only=True), path)
    assert f"python -m training export {path}" in error_of(path)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(share: float, tmp_path: Path):
    whole = MODEL.read_bytes()
    path = tmp_path / "model.pt"
    path.write_bytes(whole[: int(share * len(whole))])
    assert "damaged" in error_of(path)


@pytest.mark.parametrize("record", [CARD, NETWORK])
def test_one_changed_byte_in_a_record_is_found(record: str, good: Records, tmp_path: Path):
    contents = bytearray(MODEL.read_bytes())
    place = contents.index(good[name_of(good, record)]) + 1000
    contents[place] ^= 1
    path = tmp_path / "model.pt"
    path.write_bytes(contents)
    assert "damaged one (Bad CRC-32" in error_of(path)


@pytest.mark.parametrize("record", [CARD, NETWORK])
def test_a_small_file_cannot_fill_the_memory(record: str, good: Records, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(model_file._LIMITS, record, 2**20)
    bomb = {**good, name_of(good, record): bytes(2**20 + 1)}
    assert "larger than 1 MB" in error_of(write(tmp_path / "model.pt", bomb, zipfile.ZIP_DEFLATED))


def test_unusual_compression_is_refused(good: Records, tmp_path: Path):
    assert "compressed in an unusual way" in error_of(write(tmp_path / "model.pt", good, zipfile.ZIP_LZMA))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda card: card.update(format=99), "has format 99, but this version reads 1"),
        (lambda card: card.pop("classes"), "incomplete ('classes')"),
        (lambda card: card.update(classes=[]), "names no classes"),
        (lambda card: card.update(classes=["a", "b"]), "logits of shape (n, 3)"),
        (lambda card: card.update(look_alikes=[["0", "Q"]]), "the look-alikes on its card are not among its classes"),
        (lambda card: card.update(temperature=0), "the temperature on its card is 0"),
        (lambda card: card.update(known_threshold="high"), "the threshold on its card is 'high'"),
        (lambda card: card.update(learned_unknown="yes"), "'yes' of images of no class"),
        (lambda card: card.update(learned_unknown=False), "does not give logits of shape (n, 10)"),
        (lambda card: card["preprocessing"].update(size=32), "images of shape (n, 1, 32, 32)"),
        (lambda card: card["preprocessing"].update(size=10**9), "the image size"),
        (lambda card: card["preprocessing"].update(method="magic"), "'magic', not ink or plain"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(change, reason: str, good: Records, tmp_path: Path):
    message = error_of(write(tmp_path / "model.pt", with_card(good, change)))
    assert reason in message
    assert "python -m training export" in message


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"[" * 100_000, b"\xff"])
def test_a_card_that_is_no_card_is_refused(text: bytes, good: Records, tmp_path: Path):
    assert "its card is incomplete" in error_of(write(tmp_path / "model.pt", {**good, name_of(good, CARD): text}))


def test_a_network_that_does_not_load_is_refused(good: Records, tmp_path: Path):
    path = write(tmp_path / "model.pt", {**good, name_of(good, NETWORK): b"not ONNX"})
    assert "ONNX Runtime cannot load its network" in error_of(path)


def test_a_network_for_one_image_at_a_time_is_refused(good: Records, tmp_path: Path):
    network = onnx.load_from_string(good[name_of(good, NETWORK)])
    network.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    path = write(tmp_path / "model.pt", {**good, name_of(good, NETWORK): network.SerializeToString()})
    assert "does not take images of shape (n, 1, 28, 28)" in error_of(path)


def test_further_outputs_of_the_network_do_not_matter(good: Records, tmp_path: Path):
    class TwoOutputs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = untrained("mlp", 10)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            logits = self.network(x)
            return logits, logits * 2

    records = with_card(good, lambda card: card.update(learned_unknown=False))
    path = write(tmp_path / "model.pt", {**records, name_of(good, NETWORK): to_onnx(TwoOutputs(), 28)})
    _, network = model_file.load(path)
    assert network(np.zeros((3, 28, 28), np.uint8)).shape == (3, 10)


def test_a_card_survives_being_written():
    card = Checkpoint("mlp", ("a", "ü", '"'), untrained("mlp", 3).state_dict()).card()
    assert ModelCard.from_json(card.to_json()) == card
