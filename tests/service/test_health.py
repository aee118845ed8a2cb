"""Settings, metrics, readiness."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.batching import BatchingClassifier, Queue, Recognition, Threads
from app.main import create_app
from app.metrics import Metrics
from app.recognition.classifier import Prediction
from app.recognition.model_card import ModelCard
from app.settings import Settings, read_settings
from tests.conftest import MODEL, ROOT, encode
from tests.service.server import production
from tests.service.test_predict import post

WRONG = [
    ("MAX_UPLOAD_BYTES", "ten"),
    ("MAX_PIXELS", "0"),
    ("UNSURE_BELOW", "90"),
    ("UPLOAD_SECONDS", "-1"),
    ("MODEL_POLL_SECONDS", "inf"),
    ("CORRECTION_RATE", "often"),
    ("CORS_ORIGINS", "https://example.org"),
    ("CORS_ORIGINS", '["https://example.org/"]'),
    ("CORS_ORIGINS", '["example.org"]'),
    ("LOG_FORMAT", "xml"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_setting_is_refused_with_a_clear_line(monkeypatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        read_settings()
    line = str(stopped.value)
    assert f"{name}={value}: " in line
    assert "Value error" not in line
    assert "\n" not in line


def test_origins_of_every_kind_that_browsers_send_are_accepted():
    origins = ("https://example.org", "http://localhost:3000", "http://[::1]:80", "capacitor://localhost", "null", "*")
    assert Settings(cors_origins=origins).cors_origins == origins


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_variable_is_as_good_as_none_but_for_the_database(monkeypatch, name: str):
    monkeypatch.setenv(name.upper(), "")
    default = Settings.model_fields[name].default
    assert getattr(read_settings(), name) == ("" if name == "database_url" else default)


def test_deployed_server_starts_with_empty_variables():
    with production(WEB_CONCURRENCY="", LOG_FORMAT="", CORS_ORIGINS="") as (address, _):
        assert httpx2.get(f"{address}/healthz").status_code == 200


def test_deployed_server_with_a_wrong_setting_stops_with_a_clear_line():
    environment = {**os.environ, "WEB_CONCURRENCY": "abc", "PORT": "http"}
    command = [sys.executable, "-m", "app"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    (line,) = run.stderr.splitlines()
    assert "WEB_CONCURRENCY=abc" in line
    assert "PORT=http" in line


def sample(client: TestClient, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " ")), 0.0)


def test_metrics_count_answers_by_route_and_status(client, seven):
    post(client, encode(seven))
    post(client, b"nothing")
    client.get("/no/such/page")
    client.get("/static/page.css")
    requests = "handwritten_http_requests_total"
    assert sample(client, requests + '{route="/predict",status="200"}') == 1
    assert sample(client, requests + '{route="/predict",status="400"}') == 1
    assert sample(client, requests + '{route="other",status="404"}') == 1
    assert sample(client, requests + '{route="/static",status="200"}') == 1
    version = client.get("/model").json()["version"]
    assert sample(client, f'handwritten_predictions_total{{class="7",version="{version}"}}') == 1
    assert sample(client, f'handwritten_confidence_count{{version="{version}"}}') == 1
    assert sample(client, 'handwritten_prediction_seconds_bucket{le="+Inf",stage="decode"}') == 1


def test_metrics_count_what_the_page_is_not_sure_of(seven):
    with TestClient(create_app(Settings(model_path=MODEL, unsure_below=1.0))) as client:
        post(client, encode(seven))
        version = client.get("/model").json()["version"]
        assert sample(client, f'handwritten_unsure_predictions_total{{version="{version}"}}') == 1


def test_predictions_of_two_models_are_counted_apart(classifier):
    metrics = Metrics()
    other = replace(classifier.model, classes=("a", "9"), version="123456789abc")
    metrics.use_model(classifier.model, "digits")
    count(metrics, classifier.model, "9", times=7)
    metrics.use_model(other, "digits")
    count(metrics, other, "9", times=3)
    count(metrics, classifier.model, "9", times=3)  # they were under way when the model was replaced
    text = metrics.exposition().decode()
    assert f'handwritten_predictions_total{{class="9",version="{classifier.model.version}"}} 10.0' in text
    assert 'handwritten_predictions_total{class="9",version="123456789abc"} 3.0' in text
    assert 'handwritten_confidence_count{version="123456789abc"} 3.0' in text


def test_what_is_not_known_is_counted_and_shown_beside_the_test_sets(classifier):
    figures = {**classifier.model.metrics["test"], "known_share": 0.99}
    metrics = Metrics()
    model = replace(classifier.model, metrics={"test": figures}, version="123456789abc")
    metrics.use_model(model, "digits")
    count(metrics, model, "1", times=5)
    count(metrics, model, "1", times=3, known=False)
    lines = metrics.exposition().decode().splitlines()
    assert 'handwritten_unknown_predictions_total{version="123456789abc"} 3.0' in lines
    name = 'handwritten_test_unknown_share{against="test",version="123456789abc"} '
    assert next(float(line.removeprefix(name)) for line in lines if line.startswith(name)) == pytest.approx(0.01)


def count(metrics: Metrics, model: ModelCard, label: str, times: int, known: bool = True) -> None:
    recognition = Recognition(None, Prediction(label, 0.9, known, {}), 0.001, 0.001, model)  # type: ignore[arg-type]
    for _ in range(times):
        metrics.count_prediction(recognition, 0.002, unsure=False)


def test_distribution_of_the_test_sets_predictions_is_shown(client):
    model = client.get("/model").json()
    share = model["metrics"]["test"]["predicted_share"]["7"]
    version = model["version"]
    name = f'handwritten_test_class_share{{against="test",class="7",version="{version}"}}'
    assert sample(client, name) == pytest.approx(share)
    name = f'handwritten_test_confidence_share{{against="test",le="+Inf",version="{version}"}}'
    assert sample(client, name) == pytest.approx(1)


def test_not_ready_any_more_when_shutting_down():
    app = create_app(Settings(model_path=MODEL))
    with TestClient(app) as client:
        assert client.get("/readyz").status_code == 200
    # The lifespan has ended, the process still lives.
    outside = TestClient(app)
    assert outside.get("/readyz").status_code == 503
    assert outside.get("/healthz").status_code == 200


def test_what_waits_is_answered_before_the_end(classifier, seven):
    async def ask_and_close() -> list[str]:
        threads = Threads()
        batching = BatchingClassifier(classifier, 10**6, Queue(64), Queue(8), threads)
        waiting = [asyncio.create_task(batching.classify(encode(seven))) for _ in range(40)]
        await asyncio.sleep(0)
        await asyncio.to_thread(threads.shutdown)
        return [(await task).prediction.label for task in waiting]

    with ThreadPoolExecutor(1) as pool:  # in a thread of its own: a browser under test has a loop in this one
        assert pool.submit(lambda: asyncio.run(asyncio.wait_for(ask_and_close(), 30))).result() == ["7"] * 40


KIND = st.sampled_from(
    ["multipart/form-data; boundary=x", "multipart/form-data", "application/json", "", "a/b; boundary=x"]
)
PART = st.tuples(st.sampled_from(["image", "other", ""]), st.binary(max_size=60))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=KIND, parts=st.lists(PART, max_size=3), tail=st.sampled_from([b"--x--\r\n", b"--x--", b"", b"--x"]))
def test_no_form_is_a_server_error(client, kind: str, parts: list[tuple[str, bytes]], tail: bytes):
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), data)
        for name, data in parts
    )
    answer = client.post("/predict", content=body + tail, headers={"content-type": kind})
    assert 400 <= answer.status_code < 500
    documented = client.app.openapi()["paths"]["/predict"]["post"]["responses"]
    assert str(answer.status_code) in documented
