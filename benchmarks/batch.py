"""Piles of images: the plain command and a local Ray cluster side by side, and what a million images take.

python -m benchmarks.batch DATA/test [--times 4] [--engines plain ray] [--several]

Each reads the folder's images once, and then the same ones under so many names. Two sizes tell the time to start from
the time for each file, so that a million can be extrapolated. Memory is that of all processes together, pages that they
share counted in each (see memory.py): if it depended on the number of files, the second size would show it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from app.recognition.batch.names import images_in
from app.recognition.batch.processes import cores
from benchmarks.memory import peak

ENGINES = {"plain": [], "ray": ["--ray", "local"]}
_MILLION = 1_000_000


def linked(images: list[str], times: int, folder: Path) -> Path:
    """A folder that has every image under so many names."""
    folder.mkdir()
    for time in range(times):
        for number, image in enumerate(images):
            os.symlink(os.path.abspath(image), folder / f"{time}-{number:07}{Path(image).suffix}")
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
    print("| command | files | elapsed | files a minute | memory at most | a million: hours | core hours |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        few, many = (linked(images, times, Path(temporary, f"times-{times}")) for times in (1, options.times))
        for engine in options.engines:
            seconds = []
            for folder, count in ((few, len(images)), (many, len(images) * options.times)):
                arguments = ["-m", "app.recognition", str(folder), *ENGINES[engine]]
                arguments += ["--several"] if options.several else []
                # 1: some image could not be read.
                memory, elapsed = peak([*arguments, "--output", f"{folder}-{engine}.csv"], allowed=(0, 1))
                seconds.append(elapsed)
                hours = ""
                if folder is many:
                    each = (seconds[1] - seconds[0]) / (count - len(images))
                    total = (seconds[0] + (_MILLION - len(images)) * each) / 3600
                    hours = f"{total:.2f} | {total * cores():.2f}"
                rate = f"{count / elapsed * 60:,.0f}"
                print(
                    f"| {engine} | {count:,} | {elapsed:.0f} s | {rate} | {memory / 1e6:,.0f} MB | {hours or ' | '} |"
                )


if __name__ == "__main__":
    main()
