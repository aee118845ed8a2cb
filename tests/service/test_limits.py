"""What one client sends costs no other client its answer."""

from __future__ import annotations

import asyncio
import struct
import threading
import zlib
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.batching import OverloadedError
from app.main import create_app
from app.recognition.image_limits import is_drawing
from app.settings import Settings
from tests.conftest import MODEL, encode
from tests.service.server import converse, listening
from tests.service.test_predict import post


def open_upload(filler: bytes = b"") -> bytes:
    """The bytes of an upload that has begun and is not complete."""
    return (
        b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b'Content-Length: 1000000\r\n\r\n--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        + filler
    )


def while_uploads_are_open(port: int, uploads: int, filler: bytes, then: bytes) -> bytes:
    """What the last request gets while the others' uploads are under way."""
    threads = [
        threading.Thread(target=converse, args=(port, open_upload(filler)), kwargs={"pause": 1.0})
        for _ in range(uploads)
    ]
    for thread in threads:
        thread.start()
    status = b"GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    while b"handwritten_queue_depth %d.0" % uploads not in converse(port, status):
        pass
    answer = converse(port, then)
    for thread in threads:
        thread.join()
    return answer


def test_more_uploads_than_may_wait_are_asked_to_come_back():
    with listening(max_waiting=2, upload_seconds=0.5) as port:
        complete = open_upload().replace(b"1000000\r\n", b"1000000\r\nConnection: close\r\n")
        answer = while_uploads_are_open(port, 2, b"", complete)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in answer.lower()
    assert b"busy" in answer


def test_more_bytes_than_are_held_are_asked_to_come_back():
    with listening(max_held_bytes=100_000, upload_seconds=0.5) as port:
        answer = while_uploads_are_open(port, 1, b"a" * 60_000, open_upload(b"a" * 60_000))
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in answer.lower()


def test_what_uploads_held_is_given_back(seven):
    data = encode(seven)
    with TestClient(create_app(Settings(model_path=MODEL, max_held_bytes=len(data) + 1000))) as client:
        room = client.app.state.room  # type: ignore[attr-defined]
        for body in (data, b"not an image", data[:300], data):
            last = post(client, body)
    assert last.status_code == 200
    assert room.held == 0


def test_queue_depth_goes_back_after_errors(client):
    post(client, b"not an image")
    client.post("/predict")
    assert "handwritten_queue_depth 0.0" in client.get("/metrics").text


def test_uploads_are_admitted_up_to_the_limit(client):
    recogniser = client.app.state.recogniser
    held = [recogniser.admitted() for _ in range(64)]
    for place in held:
        place.__enter__()
    with pytest.raises(OverloadedError), recogniser.admitted():
        pass
    held[0].__exit__(None, None, None)
    with recogniser.admitted():
        pass


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
    recogniser = client.app.state.recogniser
    begun, release = threading.Event(), threading.Event()
    prepare = recogniser.classifier.prepare

    def slow_for_large(data: bytes, *options):
        if len(data) > 1_000_000:
            begun.set()
            assert release.wait(20)
        return prepare(data, *options)

    recogniser.classifier.prepare = slow_for_large
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
    recogniser = client.app.state.recogniser

    async def give_up() -> Any:
        job = asyncio.create_task(recogniser.recognise(encode(seven)))
        await asyncio.sleep(0)
        job.cancel()
        return (await recogniser.recognise(encode(seven))).prediction.label

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
    recogniser = client.app.state.recogniser
    shadow = np.linspace(60, 250, 300).astype(np.uint8)[None].repeat(300, 0)
    shadow[100:200, 140:150] //= 4
    threads, prepare = [], recogniser.classifier.prepare

    def watched(*arguments):
        prepared = prepare(*arguments)
        threads.append(threading.current_thread().name)
        return prepared

    recogniser.classifier.prepare = watched
    try:
        assert post(client, encode(Image.fromarray(shadow))).json()["label"] == "1"
    finally:
        del recogniser.classifier.prepare
    assert [name.split("_")[0] for name in threads] == ["photographs"]
