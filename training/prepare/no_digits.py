"""Images of what is no digit, for `train --unknown`: letters and symbols, shapes and scribbles, several digits at once,
digits crossed out; whole writers held out for validation and for the test."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.errors import TrainingError
from training.prepare import shapes
from training.prepare.compositions import crossed_out, side_by_side
from training.prepare.drawing import draw, vary
from training.prepare.folder import ImageFolderWriter
from training.prepare.unipen import Character, Stroke, read_unipen
from training.prepare.writers import TRAIN, Share, divide
from training.progress import bar

DIGITS = frozenset("0123456789")
# What is read as a digit by people too, once it is cropped and scaled, so that its size and place are gone.
LOOK_ALIKES = frozenset(
    "oOQ"  # 0
    "lI|i!1'`,/\\()"  # 1: a line is a line, and many leave out a dot
    "zZ"  # 2
    "sS"  # 5
    "bG"  # 6
    "B&"  # 8
    "gq"  # 9
)
# For each character that is drawn: so many shapes, and as many words of several digits and digits crossed out.
_SHAPES, _SEVERAL, _CROSSED_OUT = 0.25, 0.12, 0.08
# Those that are made for the test come half from shapes that training never draws.
_TEST = "test"


@dataclass(frozen=True)
class Made:
    """An image to draw: the strokes, the folder and the name of its file, and whether the hand and the pen vary."""

    part: str
    kind: str
    name: str
    strokes: tuple[Stroke, ...]
    varied: bool


def prepare(
    files: Sequence[Path], out: Path, held_out: Mapping[str, Share], seed: int = 0, exclude_namesakes: bool = False
) -> dict[str, int]:
    """Draw what is no digit into `out/<part>/<kind>/` and return the number of images in each part.

    `files` are UNIPEN files; those of their characters that are neither digits nor look like one are drawn once each,
    every other one in another hand and with another pen. With digits among them there are images of several, and of
    crossed out ones, too. `held_out` and `exclude_namesakes` are those of `divide`.

    Raises TrainingError for a file that cannot be used, a source that no file has, or files of digits alone.
    """
    characters = [character for file in files for character in read_unipen(file)]
    if all(character.label in DIGITS | LOOK_ALIKES for character in characters):
        raise TrainingError(f"{files[0]}: no character that is not, or looks like, a digit. Add files of letters.")
    part_of = divide(characters, held_out, seed, exclude_namesakes)
    made = [*_characters(characters, part_of), *_compositions(characters, part_of, seed)]
    writer = ImageFolderWriter(out)
    written: Counter[str] = Counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        drawn = pool.map(_draw, [writer] * len(made), made, range(len(made)), [seed] * len(made), chunksize=100)
        for part in bar(drawn, desc="drawing", unit="image", total=len(made)):
            written[part] += 1
    return dict(written)


def _draw(writer: ImageFolderWriter, made: Made, index: int, seed: int) -> str:
    if made.varied:
        strokes, pen, extent = vary(made.strokes, np.random.default_rng((seed, index)))
        image = draw(strokes, pen, extent)
    else:
        image = draw(made.strokes)
    writer.write(made.part, made.kind, made.name, image)
    return made.part


def _characters(characters: Sequence[Character], part_of: Mapping[tuple[str, str], str]) -> Iterator[Made]:
    for index, one in enumerate(characters):
        part = part_of.get((one.source, one.writer))
        if part is None or one.label in DIGITS | LOOK_ALIKES:
            continue
        # Only training wants another hand: what is measured is drawn as people did.
        varied = part == TRAIN and index % 2 == 1
        kind = "letters" if one.label.isalpha() else "symbols"
        yield Made(part, kind, f"{one.source}-{one.writer}-{index:05d}", one.strokes, varied)


def _compositions(characters: Sequence[Character], part_of: Mapping[tuple[str, str], str], seed: int) -> Iterator[Made]:
    lots, generator = random.Random(seed), np.random.default_rng(seed)
    counts = Counter(part_of.get((one.source, one.writer)) for one in characters)
    for part in sorted(name for name in counts if name is not None):
        digits = [
            one.strokes for one in characters if one.label in DIGITS and part_of.get((one.source, one.writer)) == part
        ]
        for index in range(round(_SHAPES * counts[part])):
            new = part.startswith(_TEST) and index % 2
            shape = lots.choice(shapes.UNSEEN_SHAPES if new else shapes.SHAPES)
            yield Made(part, "shapes", f"{shape.__name__}-{index:05d}", tuple(shape(generator)), True)
        for index in range(round(_SEVERAL * counts[part]) if digits else 0):
            several = [lots.choice(digits) for _ in range(lots.randint(2, 4))]
            strokes = side_by_side(several, generator)
            yield Made(part, "several", f"several-{index:05d}", tuple(strokes), True)
        for index in range(round(_CROSSED_OUT * counts[part]) if digits else 0):
            strokes = crossed_out(lots.choice(digits), generator)
            yield Made(part, "crossed-out", f"crossed-out-{index:05d}", tuple(strokes), True)
