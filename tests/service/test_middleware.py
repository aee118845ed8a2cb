"""Headers of every answer, the log, and what others add to the application."""

from __future__ import annotations

import io
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Receive, Scope, Send

from app import logs
from app.main import create_app
from app.recognition.decoding import ImageError
from app.settings import Settings
from tests.conftest import MODEL, encode
from tests.service.server import converse, listening
from tests.service.test_predict import post


def make_client(**settings: Any) -> TestClient:
    return TestClient(create_app(Settings(model_path=MODEL, **settings)), raise_server_exceptions=False)


def fail(*_: object) -> None:
    raise RuntimeError("out of order")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/docs", 200),
        ("GET", "/static/page.css", 200),
        ("GET", "/metrics", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/static/nowhere", 404),
        ("DELETE", "/predict", 405),
        ("POST", "/predict", 422),
    ],
)
def test_every_answer_is_secured(client, method: str, path: str, status: int):
    answer = client.request(method, path)
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("GET", "/static/nowhere.js"), ("GET", "/predict")])
def test_a_wrong_address_or_method_says_where_to_look(client, method: str, path: str):
    assert "/docs lists" in client.request(method, path).json()["detail"]


def test_server_error_is_secured_and_says_nothing_of_the_inside(client, seven):
    client.app.state.classifier.classifier.predict = fail
    answer = post(client, encode(seven), **{"x-request-id": "abc"})
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "out of order" not in answer.text
    assert answer.json()["detail"]
    assert "handwritten_http_requests_total" in client.get("/metrics").text


def test_server_error_is_logged_with_its_request(seven, capsys):
    with make_client() as client:
        client.app.state.classifier.classifier.predict = fail  # type: ignore[attr-defined]
        post(client, encode(seven), **{"x-request-id": "abc"})
    log = capsys.readouterr().out
    assert "request abc failed" in log
    assert "RuntimeError: out of order" in log


def test_request_id_is_the_callers_if_it_is_harmless(client):
    assert client.get("/healthz", headers={"x-request-id": "Trace-1.a_b"}).headers["x-request-id"] == "Trace-1.a_b"
    for garbled in ("a b", "x" * 65, '"}', "a\tb"):
        own = client.get("/healthz", headers={"x-request-id": garbled}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{16}", own)


def test_json_log_has_a_line_for_each_request(capsys):
    with make_client(log_format="json") as client:
        given = client.get("/no%20where%0A", headers={"x-request-id": "abc"}).headers["x-request-id"]
    started, request = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert "uploads up to 10 MB" in started["message"]
    assert request["request_id"] == given == "abc"
    assert (request["method"], request["path"], request["status"]) == ("GET", "/no where\n", 404)
    assert request["milliseconds"] >= 0


def test_readable_log_has_a_line_for_each_request(capsys):
    with make_client() as client:
        client.get("/a%0A2026%20forged", headers={"x-request-id": "abc"})
    _, line = capsys.readouterr().out.splitlines()
    assert re.search(r" 404 GET '/a\\n2026 forged' [0-9.]+ ms testclient abc$", line)


def test_requests_are_logged_only_if_wanted(capsys):
    with make_client(log_requests=False) as client:
        client.get("/healthz")
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("log_format", ["json", "readable"])
def test_nothing_of_an_upload_is_logged(seven, capfd, log_format: str):
    with make_client(log_format=log_format) as client:
        post(client, encode(seven))
        post(client, b"milk, eggs")
        client.post("/predict", data={"image": "milk, eggs"})
        kind = {"content-type": "multipart/form-data; boundary=x"}
        client.post("/predict", content=b"--x\r\nmilk, eggs", headers=kind)
        client.app.state.classifier.classifier.predict = fail  # type: ignore[attr-defined]
        post(client, encode(seven))
    written = "".join(capfd.readouterr())
    assert "milk" not in written
    assert "PNG" not in written


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_costs_log_lines_only(monkeypatch):
    full = open("/dev/full", "w")  # noqa: SIM115 - closing it fails, as it should
    monkeypatch.setattr("sys.stdout", full)
    with make_client() as client:
        assert [client.get("/healthz").status_code for _ in range(3)] == [200] * 3
    logging.getLogger("handwritten").handlers.clear()
    with pytest.raises(OSError, match="No space left"):
        full.close()


def test_a_path_that_the_log_cannot_encode_costs_its_line_only(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "latin-1"))
    logs.configure("json", requests=True)
    with make_client() as client:
        assert client.get("/つ").status_code == 404


def test_other_sites_may_not_call(client):
    answer = client.get("/healthz", headers={"origin": "https://example.org"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_configured_sites_may_call():
    with make_client(cors_origins=("https://example.org",)) as client:
        allowed = client.get("/healthz", headers={"origin": "https://example.org"})
        other = client.get("/healthz", headers={"origin": "https://example.com"})
        predicted = client.post("/predict", headers={"origin": "https://example.org"})
    assert allowed.headers["access-control-allow-origin"] == "https://example.org"
    assert predicted.headers["access-control-allow-origin"] == "https://example.org"
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(("trusted", "logged"), [("10.1.2.3", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")])
def test_forwarded_address_is_believed_from_configured_proxies_only(monkeypatch, capsys, trusted: str, logged: str):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
    with listening(log_format="json") as port:
        converse(port, b"GET /nowhere HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n")
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "/nowhere" in line)
    assert json.loads(line)["client"] == logged


def test_middleware_of_others_sees_predictions(seven):
    seen = []

    class Watching:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope.get("path"))
            await self.app(scope, receive, send)

    app = create_app(Settings(model_path=MODEL))
    app.add_middleware(Watching)
    with TestClient(app) as client:
        assert post(client, encode(seven)).status_code == 200
    assert "/predict" in seen


def test_exception_handler_of_others_sees_errors_of_predictions():
    app = create_app(Settings(model_path=MODEL))

    async def teapot(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse(f"{request.url.path}: {error}", 418)

    app.add_exception_handler(ImageError, teapot)
    with TestClient(app) as client:
        answer = post(client, b"not an image")
    assert answer.status_code == 418
    assert answer.text.startswith("/predict: This is not an image")


def test_opentelemetry_sees_predictions(seven):
    app = create_app(Settings(model_path=MODEL))
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    with TestClient(app) as client:
        assert post(client, encode(seven)).status_code == 200
        assert post(client, b"not an image").status_code == 400
    seen = [dict(span.attributes or {}) for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert [span["http.route"] for span in seen] == ["/predict", "/predict"]
    assert [span["http.status_code"] for span in seen] == [200, 400]
