"""Throughput and latency of the service, of a server that does nothing and of a plain one, on this machine.

    python -m benchmarks.serving

The load is the page's own upload, taken from Chromium, sent by wrk (Debian: apt-get install wrk). On two cores or more
the servers have one to themselves and the load generator has the other. All are started, and loaded in turn, a second
at a time, so that changes of the machine's speed affect all alike; then they are started again. Printed are the medians
of all rounds, and the medians of the ratios to the do-nothing server, and to the plain one, in the same round. Also
writes benchmarks/serving.png.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from playwright.sync_api import expect

from tests.conftest import ROOT, TRACK_FILES
from tests.page.conftest import launched_browser, served
from tests.page.playing import play
from tests.test_deployment import free_port, wait_until_answering
from training.prepare.unipen import read_unipen

BIN = Path(sys.executable).parent
# The Procfile's line, without the address.
OURS = ("python", "-m", "app")
_QUIET = ("--no-access-log", "--log-level", "warning")
_PLAIN = ("uvicorn", "benchmarks.servers.plain:app", *_QUIET)
NOTHING = "do-nothing FastAPI"
PLAIN = "plain, the tutorials' network"
# Command and environment. PyTorch gets one thread: more on one core would only wait for each other.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}
_SERVERS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    NOTHING: (("uvicorn", "benchmarks.servers.nothing:app", *_QUIET), {}),
    PLAIN: (_PLAIN, {"NETWORK": "tutorial", **_ONE_THREAD}),
    "plain, our network": (_PLAIN, _ONE_THREAD),
    "handwritten": (OURS, {}),
}
_SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "{kind}"
file:close()
done = function(summary, latency, requests)
  io.write(string.format('{{"rate": %f, "median": %f, "p99": %f, "errors": %d}}',
    summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


@dataclass
class Measured:
    """Rounds of one server: requests a second of eight clients, and microseconds of latency, of eight and of one."""

    rate: list[float] = field(default_factory=list)
    median: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)

    def rate_of(self, other: Measured) -> float:
        """Its rate as a multiple of the other's."""
        return _median_ratio(self.rate, other.rate)

    def alone_of(self, other: Measured) -> float:
        """Its latency with one client as a multiple of the other's."""
        return _median_ratio(self.alone, other.alone)


def _median_ratio(values: list[float], others: list[float]) -> float:
    return statistics.median(value / other for value, other in zip(values, others, strict=True))


@contextmanager
def running(
    command: tuple[str, ...],
    workers: int = 1,
    core: int | None = None,
    ready: str = "/docs",
    more: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, int]]:
    """A server, pinned to a core if one is given, once the path `ready` answers: its address and process id.

    `more` is added to its environment.
    """
    port = free_port()
    bind = ("--bind", f"127.0.0.1:{port}") if command == OURS else ("--port", str(port))
    pinned = ("taskset", "-c", str(core)) if core is not None else ()
    environment = {**os.environ, "WEB_CONCURRENCY": str(workers), **(more or {})}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*pinned, str(BIN / command[0]), *command[1:], *bind], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            wait_until_answering(f"http://127.0.0.1:{port}{ready}")
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()
            process.wait(20)


def page_drawing() -> bytes:
    """The PNG file that the page uploads of a digit drawn on it in Chromium."""
    character = next(iter(read_unipen(TRACK_FILES[0])))
    with served() as address, launched_browser() as browser:
        page = browser.new_page()
        page.add_init_script("""
            const append = FormData.prototype.append;
            FormData.prototype.append = function (name, value, ...rest) {
              if (name === "image") window.uploaded = value;
              append.call(this, name, value, ...rest);
            };
        """)
        page.goto(address)
        play(page, character.strokes)
        expect(page.locator("#predictionResult")).not_to_be_empty()
        url: str = page.evaluate("""() => new Promise((use) => {
            const reader = new FileReader();
            reader.onload = () => use(reader.result);
            reader.readAsDataURL(window.uploaded);
        })""")
    return b64decode(url.split(",")[1])


def upload(drawing: bytes) -> tuple[bytes, str]:
    """The body and content type of a form with this file."""
    form = httpx2.Request("POST", "http://localhost", files={"image": ("drawing.png", drawing)})
    return form.read(), form.headers["content-type"]


def drive(address: str, script: Path, clients: int, seconds: float, core: int | None) -> dict[str, float]:
    """Load a server for some seconds; every answer must be a success."""
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    command = [*pinned, "wrk", "-t1", f"-c{clients}", f"-d{seconds:g}s", "-s", str(script), f"{address}/predict"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"\{.*\}", output)
    assert found, output
    figures: dict[str, float] = json.loads(found[0])
    assert not figures["errors"], output
    return figures


def measure(script: Path, starts: int, rounds: int, seconds: float, workers: int) -> dict[str, Measured]:
    """Start all servers `starts` times, and drive them in turn, `rounds` times each."""
    apart = workers == 1 and (os.cpu_count() or 1) > 1 and shutil.which("taskset") is not None
    server_core, load_core = (0, 1) if apart else (None, None)
    measured = {name: Measured() for name in _SERVERS}
    for _ in range(starts):
        with ExitStack() as servers:
            addresses = {}
            for name, (command, environment) in _SERVERS.items():
                server = running(command, workers, server_core, more=environment)
                addresses[name], _ = servers.enter_context(server)
                drive(addresses[name], script, 8, 1, load_core)
            for _ in range(rounds):
                for name, address in addresses.items():
                    eight = drive(address, script, 8, seconds, load_core)
                    measured[name].rate.append(eight["rate"])
                    measured[name].median.append(eight["median"])
                    measured[name].p99.append(eight["p99"])
                for name, address in addresses.items():
                    measured[name].alone.append(drive(address, script, 1, seconds, load_core)["median"])
    return measured


def table(measured: dict[str, Measured]) -> str:
    """The medians and ratios, as Markdown."""
    nothing, plain = measured[NOTHING], measured[PLAIN]
    rows = [
        "| server | requests/s, 8 clients | of do-nothing | of plain | median | p99 | one client | of do-nothing |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in measured.items():
        rate, alone = statistics.median(one.rate), statistics.median(one.alone)
        rows.append(
            f"| {name} | {rate:,.0f} | {one.rate_of(nothing):.2f} | {one.rate_of(plain):.1f} | "
            f"{statistics.median(one.median) / 1000:.2f} ms | {statistics.median(one.p99) / 1000:.2f} ms | "
            f"{alone / 1000:.2f} ms | {one.alone_of(nothing):.2f} |"
        )
    return "\n".join(rows)


def draw_chart(measured: dict[str, Measured], path: Path) -> None:
    """Requests a second as bars, each round a dot."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.8), layout="constrained")
    axis = figure.subplots()
    names = list(measured)[::-1]
    colours = ["#2448c5" if name.startswith("handwritten") else "#b7b0a2" for name in names]
    axis.barh(names, [statistics.median(measured[name].rate) for name in names], color=colours)
    for name in names:
        axis.plot(measured[name].rate, [name] * len(measured[name].rate), "o", color="#1d1c1a", markersize=3)
    axis.set_xlabel("requests per second, one worker on one core, eight clients")
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed. On Debian: apt-get install wrk")
    body, kind = upload(page_drawing())
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "upload.lua")
        script.with_name("body").write_bytes(body)
        script.write_text(_SCRIPT.format(body=script.with_name("body"), kind=kind))
        measured = measure(script, options.starts, options.rounds, options.seconds, options.workers)
    print(
        f"upload of {len(body):,} bytes, {options.starts} starts, {options.rounds} rounds of {options.seconds:g} s, "
        f"workers: {options.workers}\n"
    )
    print(table(measured))
    if options.workers == 1:
        draw_chart(measured, Path(__file__).with_name("serving.png"))


if __name__ == "__main__":
    main()
