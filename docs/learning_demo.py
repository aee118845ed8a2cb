"""The whole loop in one run: a person is misread, corrects, and is read right, without a restart.

python -m docs.learning_demo [--database postgresql://…] [--data DATA]

A server starts with the committed model. A person strikes every zero, but from the top left; the digits are real
people's (tests/data), the stroke through them is added here. Some of the answers are wrong. The person corrects them,
an operator accepts the corrections, the model learns, is published, and the running server reads zeros that it has
never seen. Last, a rollback brings the old model back.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2
import numpy as np

from tests.service.server import production
from training.prepare.drawing import draw, vary
from training.prepare.unipen import Stroke, read_unipen

ROOT = Path(__file__).resolve().parent.parent
# What the person draws: first to correct, later to see whether it helped.
_CORRECTED, _LATER = 40, 40


def struck_zeros(count: int) -> list[list[Stroke]]:
    """Zeros by the people of tests/data, each also a little varied, with a stroke from the top left through it."""
    zeros = [
        character.strokes
        for file in sorted((ROOT / "tests" / "data").glob("*.unp.gz"))
        for character in read_unipen(file)
        if character.label == "0"
    ]
    struck = []
    for number in range(count):
        generator = np.random.default_rng(number)
        strokes, _, _ = vary(zeros[number % len(zeros)], generator)
        points = np.concatenate([np.asarray(stroke) for stroke in strokes])
        # Where the stroke begins and ends, in shares of the zero's width and height.
        ends = generator.uniform([[-0.1, -0.1], [0.8, 0.9]], [[0.2, 0.1], [1.1, 1.1]])
        line = points.min(0) + ends * np.ptp(points, axis=0)
        struck.append([*strokes, tuple((float(x), float(y)) for x, y in line)])
    return struck


def main() -> None:
    """Run the loop and print what happens."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="an empty database (SQLite in a temporary folder)")
    parser.add_argument("--data", type=Path, help="the images that the model was trained on (scribbles)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{folder}/handwritten.db"
        _loop(url, options.data, Path(folder) / "better.pt")


def _loop(url: str, data: Path | None, better: Path) -> None:
    drawings = struck_zeros(_CORRECTED + _LATER)
    first, later = drawings[:_CORRECTED], drawings[_CORRECTED:]
    with production(DATABASE_URL=url, LOG_REQUESTS="false", CORRECTION_RATE="1000/minute") as (address, _):
        old = _version(address)
        print(f"the server at {address} serves {old}")
        print(f"before: {_right(address, later)} of {len(later)} struck zeros are read as 0")
        for strokes in first:
            _correct(address, strokes)
        print(f"the person has corrected or confirmed {len(first)} other ones")
        _command("corrections", "accept", "--all", "--database", url)
        _command(
            *("improve", "--model", "model.pt", "--database", url, "--output", str(better)),
            *(("--data", str(data)) if data else ()),
        )
        _command("publish", str(better), "--database", url)
        _until_other(address, old)  # it may serve the new one already
        print(f"after: {_right(address, later)} of {len(later)} struck zeros are read as 0, by {_version(address)}")
        _command("models", "--database", url)
        now = _version(address)
        _command("rollback", "--database", url)
        _until_other(address, now)
        print(f"the server serves {_version(address)} again")


def _file(strokes: Sequence[Stroke]) -> bytes:
    file = io.BytesIO()
    draw(strokes).save(file, "PNG")
    return file.getvalue()


def _right(address: str, drawings: Sequence[Sequence[Stroke]]) -> int:
    return sum(
        httpx2.post(f"{address}/predict", files={"image": _file(strokes)}).json()["label"] == "0"
        for strokes in drawings
    )


def _correct(address: str, strokes: Sequence[Stroke]) -> None:
    """What the page does when the person says what it was."""
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    low, scale = points.min(0), 200 / max(float(np.ptp(points, axis=0).max()), 1e-9)
    placed = [[[float(value) for value in 40 + (np.asarray(point) - low) * scale] for point in s] for s in strokes]
    fields = {"label": "0", "strokes": json.dumps(placed), "writer": "somebody", "version": _version(address)}
    httpx2.post(f"{address}/corrections", files={"image": _file(strokes)}, data=fields).raise_for_status()


def _version(address: str) -> str:
    return str(httpx2.get(f"{address}/model").json()["version"])


def _until_other(address: str, version: str) -> None:
    """Wait until the server serves another model than this one."""
    deadline = time.monotonic() + 60
    while _version(address) == version:
        if time.monotonic() > deadline:
            raise TimeoutError("the server has not taken the model within a minute")
        time.sleep(0.5)


def _command(*arguments: str) -> None:
    print(f"$ python -m training {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", "training", *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
