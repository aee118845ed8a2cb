from __future__ import annotations

import re
import string

import pytest
import torch

from app.routes.pages import in_words
from tests.conftest import MODEL
from training import checkpoint


def test_model_says_what_is_loaded(client):
    answer = client.get("/model").json()
    stored = torch.load(MODEL, weights_only=True)
    assert answer["classes"] == stored["classes"] == [str(digit) for digit in range(10)]
    assert answer["architecture"] == stored["architecture"]
    assert answer["parameters"] == checkpoint.load(MODEL).parameters
    assert answer["metrics"] == stored["metrics"]
    assert answer["provenance"]["date"]


def test_health_and_readiness(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    "path", ["/", "/about", "/docs", "/healthz", "/readyz", "/model", "/models", "/metrics", "/review"]
)
def test_head_is_answered_as_get_without_contents(client, path: str):
    head, get = client.head(path), client.get(path)
    assert head.status_code == get.status_code == (404 if path == "/review" else 200)  # no password is set
    assert head.headers["content-type"] == get.headers["content-type"]


def test_page_shows_every_class_of_the_model(client):
    page = client.get("/").text
    for name in client.get("/model").json()["classes"]:
        assert f'data-class="{name}"' in page


def test_every_file_that_a_page_names_is_served_by_the_app(client):
    for address in ("/", "/docs"):
        links = re.findall(r'(?:src|href)="([^"]+)"', client.get(address).text)
        assert links
        for link in links:
            assert link.startswith("/")
            assert client.get(link).status_code == 200


def test_openapi_describes_the_upload(client):
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["image"]
    assert {"200", "400", "413", "415", "422", "503"} <= set(operation["responses"])


def test_openapi_has_types_and_examples(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert set(client.get("/model").json()) == set(schemas["ModelAnswer"]["properties"])
    assert schemas["PredictionAnswer"]["examples"]
    for schema in schemas.values():
        assert schema["properties"]
        for name, described in schema["properties"].items():
            assert "description" in described or "examples" in described or "$ref" in described, name


def test_upload_without_script_before_the_model_is_loaded_is_told_so(client):
    client.app.state.classifier = None
    answer = client.post("/", files={"image": b"anything"})
    assert answer.status_code == 503
    assert "not loaded yet" in answer.text


def test_upload_without_script_that_cannot_be_read_is_a_client_error(client):
    assert client.post("/", files={"image": b"milk, eggs"}).status_code == 400


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (string.digits, "0 to 9"),
        (string.digits + string.ascii_letters, "0 to 9, A to Z and a to z"),
        (string.ascii_lowercase, "a to z"),
        (["ki", "tsu"], "ki and tsu"),
        (["spiral"], "spiral"),
        (string.digits + "+-", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, + and -"),
        (string.ascii_letters + "é", "53 characters"),
    ],
)
def test_classes_are_said_as_short_as_they_can_be(classes, words: str):
    assert in_words(list(classes)) == words
