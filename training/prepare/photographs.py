"""Pen tracks and printed digits → an image folder of composed photographs; and photographed cells, if there are any.

The trainer prepares these as it prepares all images, so the recogniser learns strokes as they are found in photographs,
and what print looks like.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.errors import TrainingError
from training.ink.compose import compose
from training.prepare.folder import ImageFolderWriter
from training.prepare.unipen import Character, read_unipen
from training.prepare.writers import TRAIN, Share, divide
from training.progress import bar

# Pixels of the longer side: as many as the network that finds the ink is shown.
_SIZE = 256


@dataclass(frozen=True)
class _Plan:
    writer: ImageFolderWriter
    seed: int

    def photograph(self, index: int, character: Character) -> None:
        generator = np.random.default_rng((self.seed, 1, index))
        name = f"photograph-{character.source}-{character.writer}-{index:05d}"
        self.writer.write("train", character.label, name, compose([character], _SIZE, generator).picture)

    def printed(self, index: int, text: str) -> None:
        generator = np.random.default_rng((self.seed, 2, index))
        picture = compose([], _SIZE, generator, printed=text).picture
        self.writer.write("train", text, f"printed-{index:05d}", picture)


def prepare(
    files: Sequence[Path],
    out: Path,
    held_out: Mapping[str, Share],
    count: int,
    printed: int = 0,
    cells: Path | None = None,
    seed: int = 0,
    exclude_namesakes: bool = False,
) -> dict[str, int]:
    """Compose `count` photographs of characters of UNIPEN files and `printed` of their classes in print, to train on.

    Held-out writers (as tracks.prepare holds them out) are left out. `cells` is a folder of class folders, of which the
    files named train-* are taken where the class is one of the tracks'. Returns the number of images in each part.
    Raises TrainingError for a file that cannot be used.
    """
    characters = [character for file in files for character in read_unipen(file)]
    part_of = divide(characters, held_out, seed, exclude_namesakes)
    characters = [one for one in characters if part_of.get((one.source, one.writer)) == TRAIN]
    if not characters:
        raise TrainingError("all characters are held out. Hold out fewer, or name more files.")
    classes = sorted({character.label for character in characters})
    generator, plan = np.random.default_rng((seed, 0)), _Plan(ImageFolderWriter(out), seed)
    chosen = [characters[int(index)] for index in generator.integers(len(characters), size=count)]
    texts = [classes[int(index)] for index in generator.integers(len(classes), size=printed)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for work, what in ((plan.photograph, chosen), (plan.printed, texts)):
            done = pool.map(work, range(len(what)), what, chunksize=50)
            for _ in bar(done, desc="composing", unit="photograph", total=len(what)):
                pass
    paths = [path for label in classes for path in _files(cells, label)]
    for path in paths:
        _copy(plan.writer, path)
    return {"train": count + printed + len(paths)}


def _files(cells: Path | None, label: str) -> list[Path]:
    return sorted((cells / label).glob("train-*")) if cells and label.isalnum() else []


def _copy(writer: ImageFolderWriter, path: Path) -> None:
    try:
        picture = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
    except OSError as error:
        raise TrainingError(f"{path}: not an image that can be read. Remove it.") from error
    writer.write("train", path.parent.name, f"cell-{path.stem}", picture)
