"""Piles of images: the plain command and a local Ray cluster side by side, and what a million images take.

python -m benchmarks.batch DATA/test [--times 4] [--engines plain ray] [--several]

Each reads the folder's images once, and then the same ones under so many names. Two sizes tell the time to start from
the time for each file, so that a million can be extrapolated. CPU time and memory are those of all processes together,
looked at ten times a second; pages that processes share are counted in each. If the memory depended on the number of
files, the second size would show it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from app.recognition.batch.names import images_in
from benchmarks.memory import family, resident

ENGINES = {"plain": [], "ray": ["--ray", "local"]}
_MILLION = 1_000_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Use:
    """What a run needed: seconds by the clock, seconds of CPU time, and the most bytes of memory."""

    elapsed: float
    cpu: float
    memory: int


def measure(arguments: list[str]) -> Use:
    """Run `python ARGUMENTS`, whose exit status must be 0, or 1 for files that cannot be read."""
    started, most = time.perf_counter(), 0
    cpu: dict[int, float] = {}
    with subprocess.Popen([sys.executable, *arguments]) as process:
        while process.poll() is None:
            members = family(process.pid)
            most = max(most, sum(resident(one) for one in members))
            cpu |= {one: seconds for one in members if (seconds := _cpu_seconds(one))}
            time.sleep(0.1)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{arguments}: ended with status {process.returncode}")
    return Use(time.perf_counter() - started, sum(cpu.values()), most)


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def linked(images: list[str], times: int, folder: Path) -> Path:
    """A folder that has every image under so many names."""
    folder.mkdir()
    for copy in range(times):
        for number, image in enumerate(images):
            os.symlink(os.path.abspath(image), folder / f"{copy}-{number:07}{Path(image).suffix}")
    return folder


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of images")
    parser.add_argument("--times", type=int, default=4, help="names for each image in the second size (%(default)s)")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--several", action="store_true", help="read several characters in each image")
    options = parser.parse_args()
    images = list(images_in(str(options.folder)))
    sizes = (1, options.times)
    print("| command | files | elapsed | CPU time | memory at most |", "|---|---|---|---|---|", sep="\n")
    with tempfile.TemporaryDirectory() as temporary:
        folders = [linked(images, times, Path(temporary, f"times-{times}")) for times in sizes]
        for engine in options.engines:
            uses = []
            for folder, times in zip(folders, sizes, strict=True):
                arguments = ["-m", "app.recognition", str(folder), "--output", f"{folder}-{engine}.csv"]
                use = measure(arguments + ENGINES[engine] + (["--several"] if options.several else []))
                uses.append(use)
                amounts = f"{use.elapsed:.0f} s | {use.cpu:.0f} s | {use.memory / 1e6:,.0f} MB"
                print(f"| {engine} | {times * len(images):,} | {amounts} |", flush=True)
            each = (uses[1].cpu - uses[0].cpu) / (len(images) * (options.times - 1))
            hours = (uses[0].cpu + each * (_MILLION - len(images))) / 3600
            print(f"{engine}: {each * 1000:.2f} ms of CPU time for a file, {hours:.2f} core hours for a million")


if __name__ == "__main__":
    main()
