"""Photographs composed of unseen people's pen tracks: what is found on them and what is read, condition by condition.

    python -m benchmarks.photographs ../shared/data/strokes

Prints a table and draws docs/photographs.png. The tracks are of a site that neither the recogniser nor the network
that finds the ink was trained or chosen on; the papers, lights and cameras are those of training/ink, drawn anew.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from app.recognition.classifier import Classifier
from app.recognition.decoding import ImageError, decode
from app.recognition.segmentation import separate_ink
from training.ink.compose import compose
from training.prepare.unipen import Character, read_unipen

SITE = "apa"
PICTURE = Path(__file__).parent.parent / "docs" / "photographs.png"
_SIZE = 480
_SHOWN, _TILE, _GAP = 8, 96, 4

# What is on the paper, and the pen; None for any.
CONDITIONS: dict[str, tuple[frozenset[str], str | None]] = {
    "plain": (frozenset(), None),
    "ruled": (frozenset({"ruled"}), None),
    "squared": (frozenset({"squared"}), None),
    "pencil": (frozenset(), "pencil"),
    "pencil on rules": (frozenset({"ruled"}), "pencil"),
    "frame": (frozenset({"frame"}), None),
    "table's edge": (frozenset({"table"}), None),
    "fold, stains": (frozenset({"fold", "stains"}), None),
    "board": (frozenset({"board"}), "chalk"),
}


def photographed(character: Character, generator: np.random.Generator, condition: str) -> bytes:
    """A photograph of the character as a JPEG file, under one of CONDITIONS."""
    features, pen = CONDITIONS[condition]
    file = io.BytesIO()
    compose([character], _SIZE, generator, features=features, pen=pen).picture.save(file, "JPEG", quality=92)
    return file.getvalue()


def read(classifier: Classifier, photograph: bytes) -> str:
    """The label, or "" where nothing is found."""
    try:
        return classifier.predict([classifier.preprocess(photograph)])[0].label
    except ImageError:
        return ""


def overlaid(photograph: bytes) -> Image.Image:
    """The photograph, fainter, with what was taken for the character's ink in red."""
    picture = decode(photograph).convert("RGB")
    ink, box = separate_ink(picture).character()
    left, top, right, bottom = (
        round(share * side) for share, side in zip(box, (picture.width, picture.height) * 2, strict=True)
    )
    mask = Image.new("L", picture.size)
    ink = (ink * (255 / max(1, ink.max()))).astype(np.uint8)
    mask.paste(Image.fromarray(ink).resize((right - left, bottom - top)), (left, top))
    faint = Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.5)
    return Image.composite(Image.new("RGB", picture.size, (215, 0, 30)), faint, mask)


def _row(name: str, shown: Sequence[tuple[bytes, str, str]]) -> Image.Image:
    """Examples of one condition: the photograph above, what was found below, with what was read."""
    row = Image.new("RGB", (110 + _SHOWN * (_TILE + _GAP), 2 * _TILE + 3 * _GAP + 12), "white")
    brush = ImageDraw.Draw(row)
    brush.text((6, _TILE), name, "black")
    for place, (photograph, label, answer) in enumerate(shown):
        x = 110 + place * (_TILE + _GAP)
        row.paste(decode(photograph).convert("RGB").resize((_TILE, _TILE)), (x, _GAP))
        row.paste(overlaid(photograph).resize((_TILE, _TILE)), (x, _TILE + 2 * _GAP))
        colour = "#1a7f37" if answer == label else "#c4301c"
        brush.text((x + 2, 2 * _TILE + 2 * _GAP), f"{label} read {answer or 'nothing'}", colour)
    return row


def main() -> None:
    """Measure, print the table and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="the folder with the UNIPEN files")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    parser.add_argument("--count", type=int, default=200, help="photographs for each condition (%(default)s)")
    parser.add_argument("--site", default=SITE, help="whose tracks (%(default)s)")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    options = parser.parse_args()
    classifier = Classifier.load(options.model)
    characters = [one for one in read_unipen(options.strokes / "unipen-digits.unp.gz") if one.source == options.site]
    rows = []
    print("| condition | read right, % | nothing found, % | ms a photograph |\n|---|---|---|---|")
    for number, condition in enumerate(CONDITIONS):
        generator = np.random.default_rng(number)
        chosen = [characters[int(index)] for index in generator.integers(len(characters), size=options.count)]
        photographs = [photographed(character, generator, condition) for character in chosen]
        began = time.perf_counter()
        answers = [read(classifier, photograph) for photograph in photographs]
        spent = (time.perf_counter() - began) / len(answers)
        right = np.mean([answer == one.label for answer, one in zip(answers, chosen, strict=True)])
        nothing = np.mean([not answer for answer in answers])
        print(f"| {condition} | {100 * right:.1f} | {100 * nothing:.1f} | {1000 * spent:.0f} |", flush=True)
        labels = [character.label for character in chosen]
        rows.append(_row(condition, list(zip(photographs, labels, answers, strict=True))[:_SHOWN]))
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), "white")
    for place, row in enumerate(rows):
        sheet.paste(row, (0, place * row.height))
    sheet.quantize(128).save(options.picture, optimize=True)


if __name__ == "__main__":
    main()
