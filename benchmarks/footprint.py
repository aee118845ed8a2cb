"""What the service takes: memory, time to be ready, and the size of what is deployed.

    python -m benchmarks.footprint            # memory and start
    python -m benchmarks.footprint --size     # installs requirements.txt in a temporary folder, and packs it

Memory is that of gunicorn and its workers, after 500 predictions of each model, on Linux: what they have written, and
what they have mapped of files, as libraries are. The proportional set size would depend on what else runs: it counts a
page of a library only in part if other processes, this one too, have mapped it.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import httpx2

from benchmarks.serving import OURS, page_drawing, running, upload
from tests.conftest import ROOT

# What a platform gets, beside the installed requirements.
_SERVED = ("app", "static", "model.pt", "models", "Procfile", "requirements.txt")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


class Memory(NamedTuple):
    """MB (10^6 bytes) of a process and its descendants; a page that several of them share counts once."""

    own: float
    files: float


def memory(pid: int) -> Memory:
    """The memory of a process and its descendants."""
    own, files = 0, Counter[str]()
    for member in family(pid):
        rollup = Path(f"/proc/{member}/smaps_rollup").read_text()
        own += sum(int(size) for size in re.findall(r"^Pss_(?:Anon|Shmem): +(\d+)", rollup, re.MULTILINE))
        files |= _mapped_files(member)  # the larger of both, as processes map much the same pages of a file
    return Memory(own * 1024 / 1e6, files.total() * 1024 / 1e6)


def _mapped_files(pid: int) -> Counter[str]:
    """KB of each mapped file that are in memory and unchanged."""
    files = Counter[str]()
    name = ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        key, *values = line.split()
        if not key.endswith(":"):  # a mapping: addresses, permissions, offset, device, inode, path
            name = values[-1] if len(values) > 4 and "/dev/shm/" not in values[-1] else ""
        elif name.startswith("/") and key in ("Rss:", "Anonymous:"):
            files[name] += int(values[0]) if key == "Rss:" else -int(values[0])
    return files


def measure_memory(workers: int, paths: str) -> tuple[int, Memory]:
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
            models, (own, files) = measure_memory(workers, paths)
            print(
                f"workers: {workers}, models: {models}, memory {own + files:.0f} MB, {files:.0f} of them mapped files"
            )
    print(f"ready after {statistics.median(measure_start() for _ in range(9)):.2f} s (median of 9 starts)")
    return None


if __name__ == "__main__":
    main()
