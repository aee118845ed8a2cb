"""Peak memory of a training, all its processes together.

    python -m benchmarks.memory data/mnist          # the MNIST tree, read anew and trained on for one epoch
    python -m benchmarks.memory --images 1000000    # a synthetic tree of so many images instead

Resident memory of the trainer and its reading processes is added up several times a second. Pages that they share are
counted in each, and pages of the mapped array of images count too, though the system may take them back at any time:
the figure is an upper bound.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

OPTIONS = "--epochs 1"
_CLASSES = 10
# File systems allow some tens of thousands of names to a file.
_NAMES = 100
_PAGE = os.sysconf("SC_PAGE_SIZE")


def peak(arguments: list[str], allowed: tuple[int, ...] = (0,)) -> tuple[int, float]:
    """Run `python ARGUMENTS`: the most memory in bytes that it and its descendants had, and the seconds it took.

    Raises RuntimeError if it ends with another status than those allowed. Linux only: it reads /proc.
    """
    started, most = time.perf_counter(), 0
    with subprocess.Popen([sys.executable, *arguments]) as process:
        while process.poll() is None:
            most = max(most, sum(resident(one) for one in family(process.pid)))
            time.sleep(0.1)
    if process.returncode not in allowed:
        raise RuntimeError(f"{shlex.join(arguments)}: ended with status {process.returncode}")
    return most, time.perf_counter() - started


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        # A thread of a pool may have started the children.
        for task in Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                children += (task / "children").read_text().split()
    except OSError:  # it has just ended
        return []
    return [pid, *(descendant for child in children for descendant in family(int(child)))]


def resident(pid: int) -> int:
    """The memory of a process, in bytes; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def synthesise(folder: Path, count: int) -> None:
    """A tree of `count` images of 28 x 28 pixels to train on, and a hundredth of that to test.

    Printed digits, moved and turned. Every hundred names are hard links to one file: as much to list, open, decode and
    hold as so many files, but quickly written and deleted.
    """
    generator = random.Random(0)
    for part, images in (("train", count), ("test", count // 100)):
        for digit in range(_CLASSES):
            place = folder / part / str(digit)
            place.mkdir(parents=True)
            for number in range(images // _CLASSES // _NAMES):
                first = place / f"{number:05d}-00.png"
                _digit(digit, generator).save(first)
                for name in range(1, _NAMES):
                    os.link(first, place / f"{number:05d}-{name:02d}.png")


def _digit(digit: int, generator: random.Random) -> Image.Image:
    image = Image.new("L", (28, 28))
    place = (generator.uniform(6, 10), generator.uniform(1, 4))
    ImageDraw.Draw(image).text(place, str(digit), 255, ImageFont.load_default(size=generator.uniform(18, 22)))
    return image.rotate(generator.uniform(-15, 15), Image.Resampling.BILINEAR)


def main() -> None:
    """Train on the tree and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="a tree of labelled images")
    parser.add_argument("--images", type=int, default=1_000_000, help="without DATA: how many to synthesise")
    parser.add_argument("--options", default=OPTIONS, help="for `python -m training train` (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        tree.mkdir()
        if options.data:  # linked, so that no cache lies beside the images
            for part in ("train", "test"):
                (tree / part).symlink_to((options.data / part).resolve())
        else:
            synthesise(tree, options.images)
        arguments = ["-m", "training", "train", str(tree), "--output", str(Path(folder, "model.pt"))]
        most, seconds = peak([*arguments, *shlex.split(options.options)])
    print(f"peak memory {most / 1e9:.2f} GB, {seconds:.0f} s")


if __name__ == "__main__":
    main()
