"""What the deployed service does under load when things go wrong: the Procfile's line with two workers.

    python -m benchmarks.faults soak --minutes 10    steady load with bad requests; errors and memory
    python -m benchmarks.faults term                 SIGTERM under load
    python -m benchmarks.faults kill                 kill -9 of a worker under load
    python -m benchmarks.faults disk                 no write access, no room for the log (run as root)

Load generator and server share the machine. The figures are in benchmarks/OPERATION.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import HOST, Tally, load

ROOT = Path(__file__).resolve().parent.parent


class Server:
    """A server started by the Procfile's line; `started` are the times at which its workers said that they serve."""

    def __init__(self, workers: int, prefix: str = "", **options: Any) -> None:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = int(probe.getsockname()[1])
        line = (ROOT / "Procfile").read_text().removeprefix("web: ").strip()
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOST": HOST,
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(workers),
            "LOG_REQUESTS": "false",
            **options.pop("environment", {}),
        }
        options.setdefault("stdout", subprocess.PIPE)
        self.started: list[float] = []
        self.process = subprocess.Popen(
            ["sh", "-c", f"exec {prefix}{line}"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, **options
        )
        if self.process.stdout:
            threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if b" serving " in line:
                self.started.append(time.perf_counter())

    def wait_until_ready(self) -> None:
        """Return when /readyz answers 200."""
        for _ in range(600):
            try:
                if self.get("/readyz"):
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("the server is not ready after 60 s")

    def get(self, path: str) -> str:
        """What is there."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    @property
    def workers(self) -> list[int]:
        """The workers' process ids."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def memory(self) -> float:
        """MB of all processes together, shared pages counted once."""
        lines = (
            line
            for pid in (self.process.pid, *self.workers)
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        )
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@contextmanager
def serving(workers: int = 2, **options: Any) -> Iterator[Server]:
    """A ready server, ended at the end."""
    server = Server(workers, **options)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
            server.process.wait(20)


def soak(minutes: float, share: float) -> None:
    """Steady load below capacity, one request in a hundred bad."""
    with serving() as server:
        warm_up = asyncio.run(load(server.port, 15))
        capacity = len(warm_up.seconds) / 15
        rate = share * capacity
        print(f"capacity {capacity:.0f} requests/s; {minutes:g} minutes at {rate:.0f}/s, 1 % of them bad", flush=True)
        samples: list[tuple[float, float]] = []
        done = threading.Event()
        began = time.perf_counter()

        def sample() -> None:
            while not done.wait(5):
                samples.append((time.perf_counter() - began, server.memory()))
                if len(samples) % 12 == 0:
                    print(f"  {samples[-1][0]:4.0f} s  {samples[-1][1]:.1f} MB", flush=True)

        thread = threading.Thread(target=sample)
        thread.start()
        tally = asyncio.run(load(server.port, 60 * minutes, 32, rate, bad_share=0.01))
        done.set()
        thread.join()
        report(tally)
        print(f"  achieved {len(tally.seconds) / (tally.answered[-1] - began):.0f} good answers/s")
        # Garbage comes and goes, so minutes are compared, not moments; the first one warms up.
        minutes_of_memory = [
            [memory for seconds, memory in samples if 60 * minute <= seconds < 60 * minute + 60]
            for minute in range(max(1, int(minutes)))
        ]
        means = [sum(minute) / len(minute) for minute in minutes_of_memory if minute]
        print(f"memory, MB, minute by minute: {', '.join(f'{mean:.1f}' for mean in means)}")
        failed = [line for line in server.get("/metrics").splitlines() if 'status="5' in line]
        print(f"5xx counted by the server: {failed or 'none'}")


def term() -> None:
    """SIGTERM under load."""
    with serving() as server:
        ended: list[float] = []

        def stop() -> None:
            time.sleep(3)
            ended.append(time.perf_counter())
            server.process.terminate()
            server.process.wait(30)
            ended.append(time.perf_counter())

        thread = threading.Thread(target=stop)
        thread.start()
        tally = asyncio.run(load(server.port, 6, give_up_when_refused=True))
        thread.join()
        report(tally)
        before = sum(sent <= ended[0] for sent in tally.lost)
        answered = sum(moment > ended[0] for moment in tally.answered)
        print(
            f"  sent before SIGTERM and lost {before}, sent after it and lost {len(tally.lost) - before}, answered "
            f"after it {answered}; exit code {server.process.returncode} after {ended[1] - ended[0]:.2f} s"
        )


def kill(workers: int) -> None:
    """kill -9 of a worker under load."""
    with serving(workers) as server:
        while len(server.started) < workers:
            time.sleep(0.1)
        killed: list[float] = []

        def murder() -> None:
            time.sleep(3)
            killed.append(time.perf_counter())
            os.kill(server.workers[0], signal.SIGKILL)

        threading.Thread(target=murder).start()
        tally = asyncio.run(load(server.port, 10))
        report(tally)
        next_answer = min(moment for moment in tally.answered if moment > killed[0]) - killed[0]
        print(
            f"  {workers} worker(s): {len(tally.lost)} requests lost, next answer after {next_answer:.2f} s, a new "
            f"worker serves after {server.started[workers] - killed[0]:.2f} s; longest wait {max(tally.seconds):.2f} s"
        )


def disk() -> None:
    """As a user who may read everything and write nothing but what all may, with no room for the log."""
    # The interpreter may lie where only root can read.
    drop = "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +dac_read_search "
    drop += "--ambient-caps +dac_read_search "
    nowhere = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "LOG_REQUESTS": "true"}
    with (
        Path("/dev/full").open("wb") as full,
        serving(prefix=drop if os.geteuid() == 0 else "", stdout=full, environment=nowhere) as server,
    ):
        report(asyncio.run(load(server.port, 5, bad_share=0.01)))
        status = Path(f"/proc/{server.workers[0]}/status").read_text().splitlines()
        user = next(line for line in status if line.startswith("Uid:")).split()[1]
        print(f"  as user {user}, no home, log on /dev/full")


def report(tally: Tally) -> None:
    """The figures that every fault has."""
    print(
        f"good {dict(tally.good)}, bad {dict(sorted(tally.bad.items()))}, lost {len(tally.lost)}, "
        f"refused {tally.refused}; p50 {tally.percentile(0.5):.1f} ms, p99 {tally.percentile(0.99):.1f} ms"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fault", choices=("soak", "term", "kill", "disk"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--share", type=float, default=0.8, help="of the measured capacity, for soak")
    arguments = parser.parse_args()
    if arguments.fault == "soak":
        soak(arguments.minutes, arguments.share)
    elif arguments.fault == "term":
        term()
    elif arguments.fault == "kill":
        kill(2)
        kill(1)
    else:
        disk()


if __name__ == "__main__":
    main()
