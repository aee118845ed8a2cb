"""Several at once get their own answers, from one worker or from two."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.conftest import encode
from tests.service.server import production


@pytest.fixture(scope="module")
def two_workers():
    with production(WEB_CONCURRENCY="2", LOG_REQUESTS="false") as (address, _):
        yield address


def test_concurrent_answers_are_the_sequential_ones(two_workers, drawings):
    files = [encode(image) for _, image in drawings[:120]]
    # Between the drawings, what goes other ways: errors, and a large image, which has a thread of its own.
    files[7::10] = [b"not an image"] * len(files[7::10])
    files[9] = encode(drawings[0][1].resize((1100, 1100)))

    with httpx2.Client(timeout=60) as session:

        def answer(data: bytes):
            return session.post(f"{two_workers}/predict", files={"image": data}).json()

        sequential = [answer(data) for data in files]
        with ThreadPoolExecutor(16) as pool:
            concurrent = list(pool.map(answer, files))
    assert len({str(answer) for answer in sequential}) > 100
    for one, other in zip(sequential, concurrent, strict=True):
        assert one.get("label") == other.get("label")
        assert one.get("detail") == other.get("detail")
        # The network adds up in another order in another batch.
        assert one.get("probabilities") == pytest.approx(other.get("probabilities"), abs=1e-5)


def test_metrics_add_up_over_workers(two_workers, drawings):
    def counted() -> dict[str, float]:
        lines = httpx2.get(f"{two_workers}/metrics").text.splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    version = httpx2.get(f"{two_workers}/model").json()["version"]
    before = counted()
    data = encode(drawings[0][1])
    for _ in range(40):  # a connection each, so that both workers get some
        httpx2.post(f"{two_workers}/predict", files={"image": data})
    after = counted()
    for name in (
        'handwritten_http_requests_total{route="/predict",status="200"}',
        'handwritten_prediction_seconds_count{stage="total"}',
        f'handwritten_confidence_count{{version="{version}"}}',
        f'handwritten_predictions_total{{class="{drawings[0][0]}",version="{version}"}}',
    ):
        assert after[name] - before.get(name, 0) == 40
    assert after["handwritten_workers"] == 2


def test_drawings_that_arrive_together_share_one_pass_of_the_network(client, drawings):
    classifier = client.app.state.classifier
    predict, batches = classifier.classifier.predict, []

    def counted(inputs):
        batches.append(len(inputs))
        return predict(inputs)

    classifier.classifier.predict = counted
    try:

        async def together():
            return await asyncio.gather(*(classifier.classify(encode(image)) for _, image in drawings[:20]))

        answers = client.portal.call(together)
    finally:
        del classifier.classifier.predict
    assert batches == [16, 4]
    right = [answer.prediction.label == label for answer, (label, _) in zip(answers, drawings, strict=False)]
    assert sum(right) >= 19


def test_a_fault_in_the_network_is_told_to_all_that_wait(client, seven):
    classifier = client.app.state.classifier

    def broken(_):
        raise RuntimeError("broken")

    async def both():
        tasks = (classifier.classify(encode(seven)) for _ in range(2))
        return await asyncio.gather(*tasks, return_exceptions=True)

    classifier.classifier.predict = broken
    try:
        outcomes = client.portal.call(both)
    finally:
        del classifier.classifier.predict
    assert [str(outcome) for outcome in outcomes] == ["broken", "broken"]
    assert client.portal.call(classifier.classify, encode(seven)).prediction.label == "7"
