"""Images of what is none of the classes, for `train --unknown`: other characters, shapes and scribbles, several
characters at once, characters crossed out; whole writers held out for validation and for the test."""

from __future__ import annotations

import os
import random
import string
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


@dataclass(frozen=True)
class Alphabet:
    """The classes of a model, as the characters of UNIPEN files; what is read as one of them by people too, once it is
    cropped and scaled, so that its size and place are gone; and shapes that are.

    `own_pen` says whether the classes' images are drawn with the page's pen, as these are. Where they are not, every
    one of these gets another pen: the model is to know characters from others, not one pen from another.
    """

    classes: frozenset[str]
    look_alikes: frozenset[str]
    shapes: frozenset[shapes.Shape] = frozenset()
    own_pen: bool = True


_DIGITS = frozenset(string.digits)
ALPHABETS = {
    "digits": Alphabet(
        _DIGITS,
        frozenset(
            "oOQ"  # 0
            "lI|i!1'`,/\\()"  # 1: a line is a line, and many leave out a dot
            "zZ"  # 2
            "sS"  # 5
            "bG"  # 6
            "B&"  # 8
            "gq"  # 9
        ),
    ),
    # Digits and letters.
    "letters": Alphabet(
        _DIGITS | frozenset(string.ascii_letters),
        frozenset(
            "|!'`,/\\()"  # 1, I and l
            "[<"  # C and c
            ";:"  # i and j
            "+"  # t
            "&"  # 8
        ),
        frozenset([shapes.wave]),  # w and m
    ),
    # The ten of Kuzushiji-MNIST, whose images are of brush strokes.
    "kana": Alphabet(
        frozenset(),
        frozenset(")>]72?"),  # tsu
        own_pen=False,
    ),
}
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
    alphabet: Alphabet,
    files: Sequence[Path],
    out: Path,
    held_out: Mapping[str, Share],
    seed: int = 0,
    exclude_namesakes: bool = False,
    every: int = 1,
) -> dict[str, int]:
    """Draw what is not of the alphabet into `out/<part>/<kind>/` and return the number of images in each part.

    `files` are UNIPEN files; those of their characters that are neither of the alphabet nor look like it are drawn once
    each, every other one in another hand and with another pen. With characters of the alphabet among them there are
    images of several, and of crossed out ones, too; for an alphabet without characters, all of them. Of the characters
    only one in `every` is used. `held_out` and `exclude_namesakes` are those of `divide`.

    Raises TrainingError for a file that cannot be used, a source that no file has, or files of the alphabet alone.
    """
    characters = [character for file in files for character in read_unipen(file)][::every]
    if all(_is_like(alphabet, character) for character in characters):
        raise TrainingError(f"{files[0]}: every character is, or looks like, one of the classes. Add files of others.")
    part_of = divide(characters, held_out, seed, exclude_namesakes)
    made = [
        *_characters(alphabet, characters, part_of),
        *_compositions(alphabet, characters, part_of, seed),
    ]
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


def _is_like(alphabet: Alphabet, character: Character) -> bool:
    return character.label in alphabet.classes | alphabet.look_alikes


def _characters(
    alphabet: Alphabet, characters: Sequence[Character], part_of: Mapping[tuple[str, str], str]
) -> Iterator[Made]:
    for index, one in enumerate(characters):
        part = part_of.get((one.source, one.writer))
        if part is None or _is_like(alphabet, one):
            continue
        # Only training wants another hand: what is measured is drawn as people did.
        varied = (part == TRAIN and index % 2 == 1) or not alphabet.own_pen
        kind = "letters" if one.label.isalpha() else "digits" if one.label.isdigit() else "symbols"
        yield Made(part, kind, f"{one.source}-{one.writer}-{index:05d}", one.strokes, varied)


def _compositions(
    alphabet: Alphabet, characters: Sequence[Character], part_of: Mapping[tuple[str, str], str], seed: int
) -> Iterator[Made]:
    lots, generator = random.Random(seed), np.random.default_rng(seed)
    counts = Counter(part_of.get((one.source, one.writer)) for one in characters)
    drawn = [shape for shape in shapes.SHAPES if shape not in alphabet.shapes]
    for part in sorted(name for name in counts if name is not None):
        own = [
            one.strokes
            for one in characters
            if (one.label in alphabet.classes or not alphabet.classes) and part_of.get((one.source, one.writer)) == part
        ]
        for index in range(round(_SHAPES * counts[part])):
            new = part.startswith(_TEST) and index % 2
            shape = lots.choice(shapes.UNSEEN_SHAPES if new else drawn)
            yield Made(part, "shapes", f"{shape.__name__}-{index:05d}", tuple(shape(generator)), True)
        for index in range(round(_SEVERAL * counts[part]) if own else 0):
            several = [lots.choice(own) for _ in range(lots.randint(2, 4))]
            strokes = side_by_side(several, generator)
            yield Made(part, "several", f"several-{index:05d}", tuple(strokes), True)
        for index in range(round(_CROSSED_OUT * counts[part]) if own else 0):
            strokes = crossed_out(lots.choice(own), generator)
            yield Made(part, "crossed-out", f"crossed-out-{index:05d}", tuple(strokes), True)
