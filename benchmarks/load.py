"""Load for a running server: real drawings and bad requests, as fast as answers come or at a fixed rate."""

from __future__ import annotations

import asyncio
import io
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from training.prepare.drawing import draw
from training.prepare.unipen import read_unipen

HOST = "127.0.0.1"
TRACKS = Path(__file__).resolve().parent.parent / "tests" / "data" / "pendigits.unp.gz"
_KIND = "multipart/form-data; boundary=frontier"


@dataclass
class Tally:
    """What came back. `good` and `bad` count statuses; `lost` are the times at which requests were sent that got no
    answer, `refused` counts attempts to connect that failed; `seconds` are waits for the answers to good requests."""

    good: Counter[int] = field(default_factory=Counter)
    bad: Counter[int] = field(default_factory=Counter)
    lost: list[float] = field(default_factory=list)
    refused: int = 0
    seconds: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the good requests was answered."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def upload(data: bytes, field_name: str = "image") -> bytes:
    """A request to /predict, as it goes over the wire."""
    body = (
        b'--frontier\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n%s\r\n--frontier--\r\n" % (field_name.encode(), data)
    )
    return request(b"POST", b"/predict", body, _KIND.encode())


def request(method: bytes, path: bytes, body: bytes = b"", kind: bytes = b"text/plain") -> bytes:
    """Any request, as it goes over the wire."""
    head = b"%s %s HTTP/1.1\r\nHost: test\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (method, path, kind, len(body)) + body


def drawings(count: int = 120) -> list[bytes]:
    """Requests with digits that people drew, as the page sends them."""
    requests = []
    for character in list(read_unipen(TRACKS))[:count]:
        file = io.BytesIO()
        draw(character.strokes).convert("RGBA").save(file, "PNG")
        requests.append(upload(file.getvalue()))
    return requests


def mischief() -> list[bytes]:
    """Requests that each deserve an answer between 400 and 499."""
    image = io.BytesIO()
    Image.effect_noise((60, 60), 80).save(image, "PNG")
    blank = io.BytesIO()
    Image.new("L", (280, 280), 255).save(blank, "PNG")
    tiff = io.BytesIO()
    Image.new("L", (20, 20)).save(tiff, "TIFF")
    return [
        upload(b"milk, eggs"),
        upload(image.getvalue()[:900]),
        upload(blank.getvalue()),
        upload(tiff.getvalue()),
        upload(image.getvalue(), "picture"),
        upload(b""),
        request(b"POST", b"/predict", b"--frontier garbage", _KIND.encode()),
        request(b"POST", b"/predict", b"{}", b"application/json"),
        request(b"GET", b"/nowhere"),
        request(b"DELETE", b"/predict"),
    ]


async def load(
    port: int,
    seconds: float,
    connections: int = 16,
    rate: float | None = None,
    bad_share: float = 0.0,
    give_up_when_refused: bool = False,
) -> Tally:
    """Send for so many seconds; without a rate, each connection sends when its last answer is there.

    At a rate, requests have their times, and one that is late because all connections wait is sent as soon as one is
    free; its wait counts from when it was due.
    """
    good, bad, tally = drawings(), mischief(), Tally()
    start = time.perf_counter()
    numbers = iter(range(10**12))
    every = round(1 / bad_share) if bad_share else 0

    async def client() -> None:
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while True:
            number = next(numbers)
            due = start + number / rate if rate else time.perf_counter()
            if due - start >= seconds or time.perf_counter() - start >= seconds + 5:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if streams is None:
                try:
                    streams = await asyncio.open_connection(HOST, port)
                except OSError:
                    tally.refused += 1
                    if give_up_when_refused:
                        return
                    await asyncio.sleep(0.05)
                    continue
            is_bad = bool(every) and number % every == every - 1
            pool: Sequence[bytes] = bad if is_bad else good
            sent = time.perf_counter()
            try:
                status, stays = await _exchange(*streams, pool[(number // every if is_bad else number) % len(pool)])
            except (OSError, EOFError):
                tally.lost.append(sent)
                stays = False
            else:
                now = time.perf_counter()
                (tally.bad if is_bad else tally.good)[status] += 1
                if not is_bad:
                    tally.seconds.append(now - due)
                    tally.answered.append(now)
            if not stays:
                streams[1].close()
                streams = None
        if streams is not None:
            streams[1].close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return tally


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> tuple[int, bool]:
    writer.write(data)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1]), b"connection: close" not in head
