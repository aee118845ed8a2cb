"""Damaged and generated uploads through the whole application: no answer is ever a server error, and nothing grows.

    python -m benchmarks.fuzz --count 20000 --seed 1 [--route /read]

The figures are in benchmarks/OPERATION.md.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import itertools
import random
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from app.main import create_app
from app.settings import Settings

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16")
_KIND = b"multipart/form-data; boundary=frontier"
# Where uploads go, and a query that may be added.
_ROUTES = {"/predict": b"include=input", "/read": b"include=probabilities", "/explain": b"model=letters"}
_OPTIONS: tuple[dict[str, Any], ...] = ({}, {"progressive": True}, {"interlace": 1}, {"save_all": True})


def picture(dice: random.Random) -> bytes:
    """An image file of any kind, mode and small size, with something drawn or with nothing but noise."""
    size = dice.choice((1, 2, 28, 64, 280)), dice.choice((1, 3, 28, 90, 280))
    image = Image.effect_noise(size, dice.random() * 90).convert("RGB")
    if dice.random() < 0.7:
        image = Image.new("RGB", size, dice.choice(("white", "black", "navy", "pink")))
        points = [(dice.randrange(size[0]), dice.randrange(size[1])) for _ in range(dice.randrange(2, 6))]
        ImageDraw.Draw(image).line(points, fill=dice.choice(("black", "white", "red")), width=dice.randrange(1, 20))
    for kind in (dice.choice(KINDS), "PNG"):
        mode = dice.choice(MODES)
        try:
            file = io.BytesIO()
            converted = image.convert("L").convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)
            converted.save(file, kind, **dice.choice(_OPTIONS))
        except (OSError, ValueError, KeyError):  # not every kind has every mode
            continue
        return file.getvalue()
    return b""


def damage(data: bytes, dice: random.Random) -> bytes:
    """Bytes changed, cut out, repeated or swapped for others; a PNG's checksums are often made right again."""
    damaged = bytearray(data)
    for _ in range(dice.randrange(0, 6)):
        place = dice.randrange(len(damaged) + 1)
        length = dice.choice((1, 1, 2, 4, 30, len(damaged)))
        part = damaged[place : place + length]
        damaged[place : place + length] = dice.choice(
            (bytes(len(part)), b"\xff" * len(part), dice.randbytes(len(part)), b"", bytes(part) * 2)
        )
    return _with_checksums(bytes(damaged)) if dice.random() < 0.5 else bytes(damaged)


def _with_checksums(data: bytes) -> bytes:
    if not data.startswith(b"\x89PNG"):
        return data
    mended, place = bytearray(data), 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4])
        mended[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4) if end + 4 <= len(data) else b""
        place = end + 4
    return bytes(mended)


def form(data: bytes, dice: random.Random) -> tuple[bytes, bytes]:
    """A body and its content type, which now and then is not what it should be."""
    head = b'Content-Disposition: form-data; name="image"; filename="a"\r\nContent-Type: image/png'
    body = b"--frontier\r\n%s\r\n\r\n%s\r\n--frontier--\r\n" % (head, data)
    chance = dice.random()
    if chance < 0.05:
        return damage(body, dice), _KIND
    if chance < 0.07:
        return body, dice.choice(
            (b"", b"multipart/form-data", b"image/png", _KIND + b'"; x="', b"\xff\xfe;boundary=\xff")
        )
    return body, _KIND


async def send(app: Any, route: str, body: bytes, kind: bytes, dice: random.Random) -> int:
    """One request, in pieces; the status of its answer."""
    edges = sorted({0, len(body), *(dice.randrange(len(body) + 1) for _ in range(dice.randrange(3)))})
    pieces = [body[start:end] for start, end in itertools.pairwise(edges)] or [b""]
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def answer(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": route,
        "raw_path": route.encode(),
        "root_path": "",
        "query_string": dice.choice((b"", _ROUTES[route])),
        "headers": [(b"content-type", kind), (b"accept", dice.choice((b"*/*", b"text/plain")))],
        "http_version": "1.1",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    await app(scope, receive, answer)
    return statuses[0]


def megabytes() -> float:
    """Resident memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def fuzz(route: str, count: int, seed: int) -> Counter[int]:
    """Send a route so many uploads; print and return how many got which status."""
    dice, statuses = random.Random(seed), Counter[int]()
    app = create_app(Settings(log_requests=False))
    slowest, began = 0.0, time.perf_counter()
    async with app.router.lifespan_context(app):
        for number in range(count):
            if number % max(1, count // 10) == 0:
                print(f"  {number:6} uploads, {megabytes():.1f} MB", flush=True)
            body, kind = form(damage(picture(dice), dice), dice)
            started = time.perf_counter()
            statuses[await send(app, route, body, kind, dice)] += 1
            slowest = max(slowest, time.perf_counter() - started)
        print(
            f"  {count:6} uploads, {megabytes():.1f} MB; {time.perf_counter() - began:.0f} s, slowest {slowest:.2f} s"
        )
    print(f"statuses {dict(sorted(statuses.items()))}")
    return statuses


def main() -> None:
    """Command line; fails if there was a server error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--route", choices=_ROUTES, default="/predict")
    arguments = parser.parse_args()
    statuses = asyncio.run(fuzz(arguments.route, arguments.count, arguments.seed))
    if any(status >= 500 for status in statuses):
        raise SystemExit("There were server errors.")


if __name__ == "__main__":
    main()
