"""What /explain answers, and that it is asked and refused as /predict is."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from app.main import create_app
from app.settings import Settings
from tests.conftest import MODEL, encode
from tests.training.untrained import untrained
from training import checkpoint
from training.checkpoint import Checkpoint


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    settings = Settings(model_path=MODEL, max_upload_bytes=200_000, max_pixels=1_000_000, max_waiting=2)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def explained(client: TestClient, image: bytes, include: str = "") -> dict[str, Any]:
    response = client.post(f"/explain{include}", files={"image": image})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def pixels(data_url: str) -> NDArray[np.uint8]:
    kind, _, data = data_url.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_it_explains_the_answer_of_predict(client, seven):
    file = encode(seven)
    answer = explained(client, file)
    predicted = client.post("/predict?include=input", files={"image": file})
    for name, value in predicted.json().items():
        assert answer[name] == value
    response = client.post("/explain", files={"image": file})
    assert response.headers["X-Model-Version"] == predicted.headers["X-Model-Version"]


def test_every_layer_has_its_maps_one_below_the_other(client, seven):
    layers = explained(client, encode(seven))["layers"]
    assert [layer["name"] for layer in layers][-2:] == ["Average pooling", "Output"]
    assert layers[0]["shape"] == [32, 14, 14]
    assert layers[0]["receptive_field"] == {"size": 5, "step": 2, "start": 0.5}
    for layer in layers:
        maps, *sides = layer["shape"]
        height, width = sides or (1, 1)
        assert pixels(layer["maps"]).shape == (maps * height, width)
        assert layer["description"]
        low, high = layer["range"]
        assert low == 0 or low == -high
        # White is the strongest; black is 0, or as far below it.
        assert pixels(layer["maps"]).max() == 255 or low < 0
    assert not any("kernels" in layer for layer in layers)


def test_kernels_come_when_they_are_asked_for(client, seven):
    first, *others = explained(client, encode(seven), "?include=kernels")["layers"]
    assert pixels(first["kernels"]).shape == (32 * 5, 5)
    assert not any("kernels" in layer for layer in others)
    response = client.post("/explain?include=weights", files={"image": encode(seven)})
    assert response.status_code == 422
    assert response.json()["detail"] == "include=weights is not offered. Send include=kernels, or leave it out."


def test_activation_maps_say_what_speaks_for_each_class(client, seven):
    answer = explained(client, encode(seven))
    found = answer["activation_maps"]
    assert list(found["maps"]) == list(found["bias"]) == list(answer["probabilities"])
    logits = {name: np.sum(rows) + found["bias"][name] for name, rows in found["maps"].items()}
    assert max(logits, key=lambda name: logits[name]) == "7"
    assert all(np.shape(rows) == tuple(found["shape"]) for rows in found["maps"].values())


def test_neighbours_are_training_images_with_their_labels(client, seven):
    answer = explained(client, encode(seven))
    assert [one["label"] for one in answer["neighbours"]] == ["7"] * 5
    assert all(pixels(one["image"]).shape == (28, 28) for one in answer["neighbours"])
    similarities = [one["similarity"] for one in answer["neighbours"]]
    assert similarities == sorted(similarities, reverse=True)
    assert any("MNIST" in credit for credit in answer["credit"])


def test_a_network_without_average_pooling_has_no_activation_maps(seven, tmp_path: Path):
    path = tmp_path / "model.pt"
    checkpoint.save(Checkpoint("keras-cnn", ("a", "b", "c"), untrained("keras-cnn", 3).state_dict()), path)
    with TestClient(create_app(Settings(model_path=path))) as client:
        answer = explained(client, encode(seven))
    assert answer["activation_maps"] is None
    assert answer["neighbours"] == []
    kinds = [layer["kind"] for layer in answer["layers"]]
    assert kinds == ["convolution", "pooling", "convolution", "pooling", "convolution", "dense", "output"]


def test_a_network_whose_head_is_given_a_grid_has_finer_activation_maps(seven, tmp_path: Path):
    path = tmp_path / "model.pt"
    weights = untrained("resnet", 3, grid=True).state_dict()
    checkpoint.save(Checkpoint("resnet", ("a", "b", "c"), weights, {"grid": True}), path)
    with TestClient(create_app(Settings(model_path=path))) as client:
        answer = explained(client, encode(seven))
    found = answer["activation_maps"]
    assert found["shape"] == [7, 7]
    assert {name: np.shape(rows) for name, rows in found["maps"].items()} == dict.fromkeys("abc", (7, 7))
    logits = {name: np.sum(rows) + found["bias"][name] for name, rows in found["maps"].items()}
    assert max(logits, key=lambda name: logits[name]) == answer["label"]


def test_photographs_are_explained_too(client):
    answer = explained(client, (MODEL.parent / "examples" / "photo.jpg").read_bytes())
    assert answer["label"] == "4"
    left, top, right, bottom = answer["place"]
    # The 4 is in the picture, so is at least the middle of what was cut out for the network.
    assert 0 < (left + right) / 2 < 1
    assert 0 < (top + bottom) / 2 < 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not an image", 400),
        (encode(Image.new("L", (28, 28), 255), "TIFF"), 415),
        (encode(Image.new("L", (280, 280), 255)), 422),
        (encode(Image.new("L", (1001, 1000), 255)), 413),
        (b"\x89PNG\r\n\x1a\n" + bytes(250_000), 413),
    ],
)
def test_it_refuses_what_predict_refuses(client, body: bytes, status: int):
    refused, predicted = (client.post(path, files={"image": body}) for path in ("/explain", "/predict"))
    assert refused.status_code == predicted.status_code == status
    assert refused.json() == predicted.json()


def test_a_form_without_an_image_is_refused(client):
    assert client.post("/explain", data={"picture": "1"}).status_code == 422


def test_it_waits_in_the_queue_of_drawings(client, seven):
    queue = client.app.state.classifier._drawings
    with ExitStack() as places:
        for _ in range(2):
            places.enter_context(queue.place())
        response = client.post("/explain", files={"image": encode(seven)})
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "1"
    assert queue.depth == 0
    assert client.post("/explain", files={"image": encode(seven)}).status_code == 200


def test_a_model_that_cannot_be_explained_is_told_and_still_predicts(seven, tmp_path: Path):
    path = tmp_path / "model.pt"
    path.write_bytes(MODEL.read_bytes())
    # Not looked at again while the test runs.
    with TestClient(create_app(Settings(model_path=path, model_poll_seconds=1000))) as client:
        path.write_bytes(b"damaged")
        refused = client.post("/explain", files={"image": encode(seven)})
        assert refused.status_code == 503
        assert "cannot be explained" in refused.json()["detail"]
        assert client.post("/predict", files={"image": encode(seven)}).json()["label"] == "7"


def test_it_is_no_prediction_to_count(client, seven):
    def predictions() -> list[str]:
        lines = client.get("/metrics").text.splitlines()
        return [line for line in lines if line.startswith("handwritten_predictions_total")]

    before = predictions()
    explained(client, encode(seven))
    assert predictions() == before


def test_it_is_documented(client):
    described = client.get("/openapi.json").json()["paths"]["/explain"]["post"]
    assert {"200", "400", "413", "415", "422", "503"} <= described["responses"].keys()
    assert [parameter["name"] for parameter in described["parameters"]] == ["include", "model"]
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("/ExplanationAnswer")
