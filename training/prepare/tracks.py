"""Pen tracks → image folder, with whole writers or whole sources held out for the test set."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from training.errors import TrainingError
from training.prepare.drawing import draw, vary
from training.prepare.folder import ImageFolderWriter
from training.prepare.unipen import Character, read_unipen
from training.progress import bar


def prepare(
    files: Sequence[Path],
    out: Path,
    test_sources: Sequence[str] = (),
    test_fraction: float = 0.2,
    variations: int = 0,
    seed: int = 0,
) -> Counter[str]:
    """Draw the characters of UNIPEN files into an image folder and return the number of images in each part.

    All of `test_sources`, and this fraction of the writers of every other source, are for the test set alone. Each
    character is drawn as the page would; those to train on also in `variations` distorted versions, with pens from 2 to
    32 pixels wide.

    Raises TrainingError for a file that cannot be used, or a source that no file has.
    """
    characters = [character for file in files for character in read_unipen(file)]
    sources = sorted({character.source for character in characters})
    for source in test_sources:
        if source not in sources:
            raise TrainingError(f"no source named {source!r} in the files. They have {', '.join(sources)}.")
    held_out = held_out_writers(characters, test_sources, test_fraction, seed)
    writer = ImageFolderWriter(out)
    written: Counter[str] = Counter()
    work = partial(_draw, variations, held_out, seed)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        drawn = pool.map(work, range(len(characters)), characters, chunksize=100)
        for character, images in zip(bar(characters, desc="drawing", unit="character"), drawn, strict=True):
            part = "test" if (character.source, character.writer) in held_out else "train"
            name = f"{character.source}-{character.writer}-{written['characters']:05d}"
            for version, image in enumerate(images):
                writer.write(part, character.label, f"{name}-{version}" if version else name, image)
            written[part] += len(images)
            written["characters"] += 1
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


def _draw(
    variations: int, held_out: frozenset[tuple[str, str]], seed: int, index: int, character: Character
) -> list[Image.Image]:
    images = [draw(character.strokes)]
    if (character.source, character.writer) not in held_out:
        for version in range(variations):
            strokes, pen, extent = vary(character.strokes, np.random.default_rng((seed, index, version)))
            images.append(draw(strokes, pen, extent))
    return images
