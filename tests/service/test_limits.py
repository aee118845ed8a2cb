"""No client's upload costs another client its answer."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from starlette.formparsers import MultiPartParser

from app.batching import OverloadedError, Queue
from app.main import create_app
from app.recognition.classifier import Classifier
from app.recognition.image_limits import is_drawing
from app.settings import Settings
from tests.conftest import MODEL, encode
from tests.service.server import listening
from tests.service.test_predict import post


def open_upload(filler: bytes = b"") -> bytes:
    """The bytes of an upload that has begun and is not complete."""
    return (
        b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b'Content-Length: 1000000\r\n\r\n--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        + filler
    )


@contextmanager
def open_uploads(port: int, count: int, filler: bytes) -> Iterator[None]:
    """So many clients that send no more than the beginning of an upload."""
    with ExitStack() as connections:
        for _ in range(count):
            connection = connections.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(open_upload(filler))
        yield


def test_clients_that_send_slowly_do_not_keep_others_from_their_answers(seven):
    with listening(max_waiting=2, max_held_bytes=10_000) as port, open_uploads(port, 70, b"a" * 60_000):
        answer = httpx2.post(f"http://127.0.0.1:{port}/predict", files={"image": encode(seven)})
    assert answer.status_code == 200


def test_more_bytes_than_may_be_held_are_refused(seven):
    with listening(max_held_bytes=100_000) as port, open_uploads(port, 1, b"a" * 160_000):
        large = encode(seven.resize((2000, 2000)), "BMP")
        while httpx2.post(f"http://127.0.0.1:{port}/predict", files={"image": large}).status_code != 503:
            pass  # the other upload has not been read yet
        answer = httpx2.post(f"http://127.0.0.1:{port}/predict", files={"image": large})
    assert answer.headers["retry-after"] == "1"


def test_memory_of_uploads_is_given_back(seven):
    large = encode(seven.convert("L").resize((500, 500)), "BMP")
    with TestClient(create_app(Settings(model_path=MODEL, max_held_bytes=len(large)))) as client:
        for body in (large, b"not an image" * 10_000, large[:90_000], large):
            last = post(client, body)
        uploads = client.app.state.uploads  # type: ignore[attr-defined]
    assert last.status_code == 200
    assert uploads.held_bytes == 0


def test_queue_is_empty_after_errors(client):
    post(client, b"not an image")
    client.post("/predict")
    assert 'handwritten_queue_depth{queue="photographs"} 0.0' in client.get("/metrics").text


def test_queue_takes_no_more_than_its_limit():
    queue = Queue(2)
    first = queue.place()
    first.__enter__()
    with queue.place(), pytest.raises(OverloadedError), queue.place():
        pass
    assert queue.depth == 1
    with queue.place():
        assert queue.depth == 2


def test_photographs_have_a_queue_of_their_own(seven):
    photograph = encode(seven, "BMP")
    with TestClient(create_app(Settings(model_path=MODEL, max_waiting=1, max_waiting_photographs=2))) as client:
        begun, release, preprocess = threading.Event(), threading.Event(), Classifier.preprocess

        def slow(classifier: Classifier, data: bytes, *options: Any) -> Any:
            if data.startswith(b"BM"):
                begun.set()
                assert release.wait(20)
            return preprocess(classifier, data, *options)

        with patch.object(Classifier, "preprocess", slow), ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(post, client, photograph) for _ in range(2)]
            assert begun.wait(20)
            while 'handwritten_queue_depth{queue="photographs"} 2.0' not in client.get("/metrics").text:
                pass
            refused, drawing = post(client, photograph), post(client, encode(seven))
            release.set()
        assert refused.status_code == 503
        assert "busy" in refused.json()["detail"]
        assert refused.headers["retry-after"] == "1"
        assert drawing.json()["label"] == "7"
        assert [answer.result().status_code for answer in waiting] == [200, 200]


def test_upload_is_never_written_to_disk(client, seven):
    photograph = encode(seven.convert("L").resize((1800, 1800)), "BMP")
    assert len(photograph) > MultiPartParser.spool_max_size
    with patch("tempfile.TemporaryFile", side_effect=AssertionError):
        assert post(client, photograph).json()["label"] == "7"


def png_chunk(kind: bytes, contents: bytes = b"") -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + contents))
    return struct.pack(">I", len(contents)) + kind + contents + checksum


def jpeg_with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = encode(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    scan = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + scan * count + data[-2:]


BLANK_PNG = encode(Image.new("L", (9, 9)))
BLANK_JPEG = encode(Image.new("L", (9, 9)), "JPEG")


@pytest.mark.parametrize(
    "data",
    [
        BLANK_PNG[:33] + png_chunk(b"teSt") * 100_000 + BLANK_PNG[33:],
        BLANK_JPEG[:2] + b"\xff\xe1\x00\x02" * 100_000 + BLANK_JPEG[2:],
        BLANK_JPEG[:2] + b"\xff" * 100_000 + BLANK_JPEG[2:],
        jpeg_with_scans(1000),
    ],
    ids=["PNG of tiny chunks", "JPEG of empty segments", "JPEG of filling", "JPEG of many scans"],
)
def test_small_file_that_is_made_to_take_long_is_refused(client, data: bytes):
    answer = post(client, data)
    assert answer.status_code == 400
    assert "far more parts" in answer.json()["detail"]


def test_ordinary_progressive_jpeg_with_metadata_is_read(client, seven):
    data = encode(seven.convert("RGB"), "JPEG", progressive=True, comment=b"hello", icc_profile=b"x" * 200_000)
    assert post(client, data).json()["label"] == "7"


def test_image_that_promises_more_than_its_data_holds_is_refused(client):
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 7000, 7000, 8, 6, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"\x00" * 1000)) + png_chunk(b"IEND")
    assert post(client, bomb).status_code == 400


def test_a_heavy_image_does_not_hold_up_a_drawing(client, seven):
    classifier = client.app.state.classifier
    begun, release = threading.Event(), threading.Event()
    preprocess = classifier.classifier.preprocess

    def slow_for_large(data: bytes, *options):
        if len(data) > 1_000_000:
            begun.set()
            assert release.wait(20)
        return preprocess(data, *options)

    classifier.classifier.preprocess = slow_for_large
    photograph = encode(seven.convert("RGB"), "BMP") + b"\x00" * 1_000_000
    answers = []
    thread = threading.Thread(target=lambda: answers.append(post(client, photograph).status_code))
    thread.start()
    assert begun.wait(20)
    assert post(client, encode(seven)).json()["label"] == "7"
    assert not answers
    release.set()
    thread.join()
    assert answers == [200]


def test_work_that_was_given_up_does_not_disturb_the_next(client, seven):
    classifier = client.app.state.classifier

    async def give_up() -> Any:
        job = asyncio.create_task(classifier.classify(encode(seven)))
        await asyncio.sleep(0)
        job.cancel()
        return (await classifier.classify(encode(seven))).prediction.label

    # In the application's own event loop: beside a browser under test no other can be run in this thread.
    assert client.portal.call(give_up) == "7"


def test_extreme_shapes_are_answered(client):
    line = np.full((1, 60_000), 255, np.uint8)
    line[0, 30_000:30_040] = 0
    dots = np.full((280, 280), 255, np.uint8)
    dots[0, 0] = dots[-1, -1] = 0
    for pixels in (line, line.T.copy(), dots, np.zeros((1, 1), np.uint8)):
        assert post(client, encode(Image.fromarray(pixels))).status_code in (200, 422)


def test_only_what_is_decoded_in_a_moment_is_decoded_in_the_event_loop(seven):
    page = encode(seven)
    head, rest = page[:33], page[33:]
    profile = png_chunk(b"iCCP", b"name\0\0" + zlib.compress(b"\0" * 90_000_000))
    assert is_drawing(page)
    assert is_drawing(encode(seven.convert("P")))
    assert is_drawing(head + png_chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0") + rest)  # as Safari writes
    assert not is_drawing(head + profile + rest)
    assert not is_drawing(head + png_chunk(b"tEXt", b"") * 200 + rest)
    assert not is_drawing(encode(seven.resize((400, 400))))
    assert not is_drawing(encode(seven, "BMP"))
    assert not is_drawing(page + b"\0" * 100_000)


def test_a_small_photograph_does_not_hold_up_the_event_loop(client):
    classifier = client.app.state.classifier
    shadow = np.linspace(60, 250, 300).astype(np.uint8)[None].repeat(300, 0)
    shadow[100:200, 140:150] //= 4
    threads, preprocess = [], classifier.classifier.preprocess

    def watched(*arguments):
        image = preprocess(*arguments)
        threads.append(threading.current_thread().name)
        return image

    classifier.classifier.preprocess = watched
    try:
        assert post(client, encode(Image.fromarray(shadow))).json()["label"] == "1"
    finally:
        del classifier.classifier.preprocess
    assert [name.split("_")[0] for name in threads] == ["photographs"]
