"""What the service takes: memory, time to be ready, and the size of what is deployed.

    python -m benchmarks.footprint            # memory and start
    python -m benchmarks.footprint --size     # installs requirements.txt in a temporary folder, and packs it

Memory is the proportional set size (Linux), over gunicorn and its workers, after 500 predictions.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import httpx2

from benchmarks.serving import OURS, page_drawing, running, upload
from tests.conftest import ROOT

# What a platform gets, beside the installed requirements.
_SERVED = ("app", "static", "model.pt", "models", "Procfile", "requirements.txt")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def memory(pid: int) -> float:
    """Proportional set size of a process and its descendants, in MB (10^6 bytes)."""
    rollups = (Path(f"/proc/{member}/smaps_rollup").read_text() for member in family(pid))
    lines = (line for rollup in rollups for line in rollup.splitlines() if line.startswith("Pss:"))
    return sum(int(line.split()[1]) for line in lines) * 1024 / 1e6


def measure_memory(workers: int, paths: str) -> tuple[int, float]:
    """How many models MODEL_PATH offers, and the memory of the service with so many workers, after predictions of each
    model."""
    body, kind = upload(page_drawing())
    with running(OURS, workers, more={"MODEL_PATH": paths}) as (address, pid):
        names = [model["name"] for model in httpx2.get(f"{address}/models").json()]
        for index in range(500 * len(names)):
            name = names[index % len(names)]
            httpx2.post(f"{address}/predict?model={name}", content=body, headers={"content-type": kind})
        return len(names), memory(pid)


def measure_start() -> float:
    """Seconds from the command until /readyz answers."""
    started = time.perf_counter()
    with running(OURS, ready="/readyz"):
        return time.perf_counter() - started


def measure_size() -> None:
    """Install the requirements, and print what they and the project come to, compressed, largest first."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "site")
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--retries", "0", "--target", str(target)]
        subprocess.run([*install, "--requirement", str(ROOT / "requirements.txt")], check=True)
        packed = {path.name: _packed(path, Path(folder)) for path in target.iterdir()}
        packed |= {f"./{name}": _packed(ROOT / name, Path(folder)) for name in _SERVED}
    print(f"{sum(packed.values()) / 1e6:.1f} MB compressed")
    for name, size in sorted(packed.items(), key=lambda item: -item[1])[:15]:
        print(f"{size / 1e6:8.1f} MB  {name}")


def _packed(path: Path, folder: Path) -> int:
    archive = folder / "packed.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(path, arcname=path.name)
    return archive.stat().st_size


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", action="store_true", help="measure what is deployed instead")
    options = parser.parse_args()
    if options.size:
        return measure_size()
    for workers in (1, 2):
        for paths in ("model.pt", "model.pt:models"):
            models, megabytes = measure_memory(workers, paths)
            print(f"workers: {workers}, models: {models}, memory {megabytes:.1f} MB")
    print(f"ready after {statistics.median(measure_start() for _ in range(9)):.2f} s (median of 9 starts)")
    return None


if __name__ == "__main__":
    main()
