"""Pen tracks → image folder, with whole writers or whole sources held out for the test set."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.errors import TrainingError
from training.prepare.drawing import draw, vary
from training.prepare.folder import ImageFolderWriter
from training.prepare.unipen import Character, read_unipen
from training.progress import bar


@dataclass(frozen=True)
class Plan:
    """How to draw characters: those of `held_out` (source, writer) pairs into the folder `test`, the others into
    "train", and these also in so many `variations`, drawn with `seed`."""

    writer: ImageFolderWriter
    held_out: frozenset[tuple[str, str]]
    test: str
    variations: int
    seed: int

    def draw(self, index: int, character: Character) -> tuple[str, int]:
        """Write a character's images; the part that they went to, and how many there are."""
        name = f"{character.source}-{character.writer}-{index:05d}"
        if (character.source, character.writer) in self.held_out:
            self.writer.write(self.test, character.label, name, draw(character.strokes))
            return self.test, 1
        self.writer.write("train", character.label, name, draw(character.strokes))
        for version in range(1, self.variations + 1):
            strokes, pen, extent = vary(character.strokes, np.random.default_rng((self.seed, index, version)))
            self.writer.write("train", character.label, f"{name}-{version}", draw(strokes, pen, extent))
        return "train", 1 + self.variations


def prepare(
    files: Sequence[Path],
    out: Path,
    test_sources: Sequence[str] = (),
    test_fraction: float = 0.2,
    test_name: str = "",
    variations: int = 0,
    seed: int = 0,
) -> dict[str, int]:
    """Draw the characters of UNIPEN files into an image folder and return the number of images in each part.

    All of `test_sources`, and this fraction of the writers of every other source, are for the test set alone, which is
    `test`, or `test-<test_name>`. Each character is drawn as the page would; those to train on also in `variations`
    distorted versions, with pens from thin to blunt.

    Raises TrainingError for a file that cannot be used, or a source that no file has.
    """
    characters = [character for file in files for character in read_unipen(file)]
    sources = sorted({character.source for character in characters})
    for source in test_sources:
        if source not in sources:
            raise TrainingError(f"no source named {source!r} in the files. They have {', '.join(sources)}.")
    test = f"test-{test_name}" if test_name else "test"
    held_out = held_out_writers(characters, test_sources, test_fraction, seed)
    plan = Plan(ImageFolderWriter(out), held_out, test, variations, seed)
    written = {"train": 0, test: 0}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        drawn = pool.map(plan.draw, range(len(characters)), characters, chunksize=100)
        for part, count in bar(drawn, desc="drawing", unit="character", total=len(characters)):
            written[part] += count
    return written


def held_out_writers(
    characters: Sequence[Character], test_sources: Sequence[str], test_fraction: float, seed: int
) -> frozenset[tuple[str, str]]:
    """The (source, writer) pairs whose characters are for testing only."""
    chosen = set()
    for source in sorted({character.source for character in characters}):
        writers = sorted({character.writer for character in characters if character.source == source})
        count = len(writers) if source in test_sources else round(test_fraction * len(writers))
        chosen |= {(source, writer) for writer in random.Random(seed).sample(writers, count)}
    return frozenset(chosen)
