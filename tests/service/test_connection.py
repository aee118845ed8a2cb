"""Clients that send slowly or without end."""

from __future__ import annotations

import http.client
import signal
import time

import pytest

from app.connection import LimitedConnection
from tests.service.server import converse, listening, production

GET = b"GET /healthz HTTP/1.1\r\nHost: test\r\n"


class Impatient(LimitedConnection):
    """Waits for a head only as long as a test can."""

    head_seconds = 0.3


@pytest.fixture(scope="module")
def port():
    with listening(Impatient, upload_seconds=0.5) as port:
        yield port


@pytest.fixture
def listening_briefly():
    """A server that closes idle connections after a second."""
    with listening(keep_alive=1) as port:
        yield port


def test_client_that_sends_nothing_is_cut_off(port):
    assert converse(port) == b""


def test_client_that_dribbles_its_head_is_cut_off(port):
    assert converse(port, *(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20,), *(b"A", b":", b"b") * 4, pause=0.05) == b""


def test_head_of_a_second_request_has_to_come_in_time_too(port):
    answer = converse(port, GET + b"\r\n", GET, pause=0.1)
    assert answer.count(b"HTTP/1.1 200") == 1


def test_empty_lines_between_requests_do_not_keep_a_connection(port):
    # It is closed long before they end, where uvicorn alone would wait for ever.
    empty_lines = [b"\r\n"] * 100
    begun = time.monotonic()
    answer = converse(port, GET + b"\r\n", *empty_lines, pause=0.1)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert time.monotonic() - begun < 0.1 * len(empty_lines)


def test_body_that_nobody_reads_has_to_end_in_time(port):
    answer = converse(
        port, b"POST /healthz HTTP/1.1\r\nHost: test\r\nContent-Length: 99\r\n\r\n", *[b"x"] * 10, pause=0.1
    )
    assert answer.startswith(b"HTTP/1.1 405")


def test_connection_whose_body_ends_after_its_answer_is_closed_when_idle(listening_briefly):
    # 405 is answered before the body has arrived.
    head = b"POST /healthz HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n"
    begun = time.monotonic()
    answer = converse(listening_briefly, head, b"x", b"x", pause=0.1, patience=8)
    assert answer.startswith(b"HTTP/1.1 405")
    assert 1 <= time.monotonic() - begun < 5


def test_idle_connection_between_requests_is_kept(port):
    # Longer than a head may take, by far shorter than a load balancer keeps connections.
    answer = converse(port, GET + b"\r\n", b"", b"", GET + b"Connection: close\r\n\r\n", pause=0.2)
    assert answer.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: " + b"a" * 40_000 + b"\r\n\r\n",
        GET + b"".join(b"X%d: %s\r\n" % (number, b"a" * 100) for number in range(400)) + b"\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["a long field", "many fields", "a long address"],
)
def test_long_head_is_refused(port, head: bytes):
    answer = converse(port, head)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"longer than 32768 bytes" in answer


@pytest.mark.parametrize(
    "begin",
    [
        GET + b"X: ",
        b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n4\r\n--x\r\r\n0\r\nX: ",
    ],
    ids=["of a head", "after a body"],
)
def test_field_that_never_ends_is_refused_before_it_fills_the_memory(begin: bytes):
    # The connection's own patience, 10 seconds, would be enough for gigabytes.
    with listening() as port:
        answer = converse(port, begin, *[b"a" * 20_000] * 5, pause=0.01)
    assert b"longer than 32768 bytes" in answer


@pytest.mark.parametrize(
    "request_bytes", [b"\x00\x01\x02\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_not_http_is_refused(port, request_bytes: bytes):
    assert converse(port, request_bytes).startswith(b"HTTP/1.1 400")


def test_upload_that_takes_too_long_is_cut_off(port):
    head = b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    answer = converse(port, head + b"Content-Length: 1000\r\n\r\n--x\r\n", *[b"A"] * 8, pause=0.1)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer.lower()
    assert b"took longer than 0.5 s" in answer


def test_client_that_waits_for_100_continue_gets_it(port):
    asking = b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    asking += b"Connection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    answer = converse(port, asking, b"---", pause=0.2)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 4")


def test_answer_that_has_no_body(port):
    answer = converse(port, b"HEAD / HTTP/1.1\r\nHost: test\r\n\r\n", GET + b"Connection: close\r\n\r\n", pause=0.1)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert answer.endswith(b'{"status":"ok"}')


def test_a_server_that_ends_answers_a_request_that_is_on_its_way():
    with production() as (address, process):
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert answer.read()
        assert answer.getheader("connection") is None
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("connection")) == (200, "close")
        assert process.wait(10) == 0
