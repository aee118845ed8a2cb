"""The command as a process of its own, as people run it, and files for it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT

# Makes a file deadly to the process that opens it: a fault in a decoder's C code. No file is known that has one.
DEADLY = """
import os
real = os.open
def deadly(path, *rest, **more):
    if str(path).endswith("deadly.png"):
        os.kill(os.getpid(), 9)
    return real(path, *rest, **more)
os.open = deadly
"""

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def images(drawings: list[tuple[str, Image.Image]], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A folder of 80 drawings of all classes, as files in the order of their names."""
    folder = tmp_path_factory.mktemp("images")
    for number, (label, image) in enumerate(drawings[:80]):
        image.save(folder / f"{number:03}-{label}.png")
    return sorted(folder.iterdir())


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "app.recognition", *map(str, arguments)]


def environment(hidden: Path) -> dict[str, str]:
    """Where PyTorch cannot be imported, and `hidden` comes before everything else."""
    for name in ("torch", "torchvision"):
        (hidden / f"{name}.py").write_text("raise ImportError('recognition must do without PyTorch')")
    return {**os.environ, "PYTHONPATH": str(hidden)}


@pytest.fixture
def hidden(tmp_path: Path) -> Path:
    """A folder of modules that the command finds before all others."""
    folder = tmp_path / "hidden"
    folder.mkdir()
    return folder


@pytest.fixture
def run(hidden: Path) -> Run:
    """Run the command to its end, with these names on standard input."""

    def to_the_end(*arguments: object, names: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command(*arguments), cwd=ROOT, env=environment(hidden), input=names, capture_output=True, timeout=120
        )

    return to_the_end


def rows_of(text: bytes) -> list[dict[str, str]]:
    """The rows of CSV, with names as the file system has them."""
    lines = text.decode(errors="surrogateescape").splitlines(keepends=True)
    return list(csv.DictReader(lines))
