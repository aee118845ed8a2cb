"""Pen tracks → image folder, with whole writers or whole sources held out for validation and for the test."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.prepare.drawing import draw, vary
from training.prepare.folder import ImageFolderWriter
from training.prepare.unipen import Character, read_unipen
from training.prepare.writers import TRAIN, Share, divide
from training.progress import bar

# The most versions of one drawing for rare classes: more of them help little.
_MOST_VARIATIONS = 8


@dataclass(frozen=True)
class Drawing:
    """How to draw characters. Those of the training part are also drawn in random variations (`seed`)."""

    writer: ImageFolderWriter
    seed: int

    def draw(self, index: int, part: str, character: Character, variations: int) -> tuple[str, int]:
        """Write a character's images. Returns their part and number."""
        name = f"{character.source}-{character.writer}-{index:05d}"
        self.writer.write(part, character.label, name, draw(character.strokes))
        for version in range(1, variations + 1):
            strokes, pen, extent = vary(character.strokes, np.random.default_rng((self.seed, index, version)))
            self.writer.write(part, character.label, f"{name}-{version}", draw(strokes, pen, extent))
        return part, 1 + variations


def prepare(
    files: Sequence[Path],
    out: Path,
    held_out: Mapping[str, Share],
    variations: int = 0,
    seed: int = 0,
    exclude_namesakes: bool = False,
    fewest: int = 0,
) -> tuple[dict[str, int], str]:
    """Draw the characters of UNIPEN files into an image folder.

    `held_out` names the parts other than "train" and the writers of each; these are drawn once, as the page draws,
    those to train on also in `variations` distorted versions, with pens from thin to blunt; more of these for a class
    with fewer than `fewest` images to train on. `exclude_namesakes` is explained at `divide`.

    Returns the number of images in each part, and the regular expression that finds the writer in a file's name.
    Raises TrainingError for a file that cannot be used, or a source that no file has.
    """
    characters = [character for file in files for character in read_unipen(file)]
    part_of = divide(characters, held_out, seed, exclude_namesakes)
    places = {index: part_of.get((one.source, one.writer)) for index, one in enumerate(characters)}
    chosen = {index: part for index, part in places.items() if part is not None}
    drawing = Drawing(ImageFolderWriter(out), seed)
    counts = Counter(characters[index].label for index, part in chosen.items() if part == TRAIN)
    of_class = {
        label: max(variations, min(_MOST_VARIATIONS, -(-fewest // count) - 1)) for label, count in counts.items()
    }
    versions = (of_class[characters[index].label] if part == TRAIN else 0 for index, part in chosen.items())
    written = Counter({TRAIN: 0} | dict.fromkeys(held_out, 0))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        tracks = (characters[index] for index in chosen)
        drawn = pool.map(drawing.draw, chosen, chosen.values(), tracks, versions, chunksize=100)
        for part, count in bar(drawn, desc="drawing", unit="character", total=len(chosen)):
            written[part] += count
    return {part: count for part, count in written.items() if count}, _writer_in_name(characters)


def _writer_in_name(characters: Sequence[Character]) -> str:
    """A regular expression for the file names of these sources; its group is source and writer."""
    sources = "|".join(re.escape(source) for source in sorted({character.source for character in characters}))
    return rf"(?:^|/)((?:{sources})-[^/]*)-\d{{5}}(?:-\d+)?\.png$"
