"""Accuracy on pen tracks of unseen writers, drawn in every way that people and devices do.

    python -m benchmarks.robustness ../shared/data/strokes

Prints a table and draws benchmarks/robustness.png. The path is the server's: bytes of an image file in, a label out.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from app.recognition.classifier import Classifier
from app.recognition.decoding import ImageError
from benchmarks.held_out import read_held_out
from benchmarks.photograph import photograph
from benchmarks.photographs import CONDITIONS, photographed
from training.prepare.drawing import EXTENT, PEN, draw
from training.prepare.unipen import Character, Stroke

_BATCH = 100

Drawer = Callable[[Character, np.random.Generator], bytes]


@dataclass(frozen=True)
class Condition:
    """One way of drawing, one cell of the table. `plain` conditions are those in which nothing may be lost."""

    group: str
    name: str
    drawer: Drawer
    plain: bool = True


def conditions() -> list[Condition]:
    """All cells, group by group."""
    cells = [Condition("pen, pixels", f"{pen}", partial(_drawn, pen=pen)) for pen in (2, 4, 7, 10, 15, 20, 30)]
    for extent in (0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95):
        # As a picture is scaled: the pen with it.
        scaled = partial(_drawn, pen=max(PEN * extent / EXTENT, 1.5), extent=extent)
        cells.append(Condition("size, share of the paper", f"{extent:g}", scaled))
    for extent in (0.1, 0.15, 0.2, 0.35, 0.5, 0.95):
        fixed = partial(_drawn, extent=extent)
        cells.append(Condition("size with the page's 10-pixel pen", f"{extent:g}", fixed, plain=extent >= 0.35))
    for vertical, y in (("top", 0.22), ("middle", 0.5), ("bottom", 0.78)):
        for horizontal, x in (("left", 0.22), ("centre", 0.5), ("right", 0.78)):
            cells.append(Condition("place", f"{vertical} {horizontal}", partial(_drawn, extent=0.4, centre=(x, y))))
    for name, ink, paper in (("black on white", 0, 255), ("white on black", 255, 0), ("grey on grey", 110, 160)):
        cells.append(Condition("polarity", name, partial(_coloured, ink=(ink,) * 3, paper=(paper,) * 3)))
    cells.append(Condition("polarity", "transparent canvas", _transparent))
    for degrees in (-20, -15, -10, -5, 5, 10, 15, 20):
        cells.append(Condition("rotation, degrees", f"{degrees:+d}", partial(_rotated, degrees=degrees), plain=False))
    for name, ink_colour, paper_colour in (
        ("blue on white", (20, 60, 200), (255, 255, 255)),
        ("yellow on white", (255, 235, 0), (255, 255, 255)),
        ("red on green, equally bright", (200, 30, 30), (20, 110, 40)),
        ("white on blue", (255, 255, 255), (30, 60, 160)),
        ("pale grey on white", (225, 225, 225), (255, 255, 255)),
    ):
        cells.append(Condition("colour", name, partial(_coloured, ink=ink_colour, paper=paper_colour), plain=False))
    for quality in (90, 75, 50, 25, 10, 5):
        cells.append(Condition("JPEG quality", f"{quality}", partial(_jpeg, quality=quality), plain=False))
    for shadow in (0.0, 0.3, 0.5, 0.7):
        cells.append(Condition("photograph, shadow", f"{shadow:.0%}", partial(_photo, shadow=shadow), plain=False))
    for condition in CONDITIONS:
        on_paper = partial(photographed, condition=condition)
        cells.append(Condition("photograph, paper", condition, on_paper, plain=False))
    return cells


def _drawn(character: Character, _: np.random.Generator, **how: object) -> bytes:
    return _png(draw(character.strokes, **how))  # type: ignore[arg-type]


def _rotated(character: Character, _: np.random.Generator, degrees: float) -> bytes:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def turn(stroke: Stroke) -> Stroke:
        return tuple((cos * x - sin * y, sin * x + cos * y) for x, y in stroke)

    return _png(draw([turn(stroke) for stroke in character.strokes]))


def _coloured(
    character: Character, _: np.random.Generator, ink: tuple[int, int, int], paper: tuple[int, int, int]
) -> bytes:
    return _png(ImageOps.colorize(draw(character.strokes), black=ink, white=paper))


def _transparent(character: Character, _: np.random.Generator) -> bytes:
    canvas = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
    canvas.putalpha(ImageOps.invert(draw(character.strokes)))
    return _png(canvas)


def _jpeg(character: Character, _: np.random.Generator, quality: int) -> bytes:
    file = io.BytesIO()
    draw(character.strokes).convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


def _photo(character: Character, generator: np.random.Generator, shadow: float) -> bytes:
    extent, pen = generator.uniform(0.3, 0.7), generator.uniform(5, 12)
    centre = (generator.uniform(0.4, 0.6), generator.uniform(0.4, 0.6))
    return photograph(draw(character.strokes, pen=pen, extent=extent, centre=centre), generator, shadow)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def accuracy(condition: Condition, characters: Sequence[Character], model: Path) -> float:
    """Share of right labels, 0 to 1; an image in which nothing is found counts as wrong."""
    torch.set_num_threads(1)
    classifier = Classifier.load(model)
    right = 0
    generator = np.random.default_rng(0)
    for start in range(0, len(characters), _BATCH):
        prepared, labels = [], []
        for character in characters[start : start + _BATCH]:
            try:
                prepared.append(classifier.preprocess(condition.drawer(character, generator)))
                labels.append(character.label)
            except ImageError:
                continue
        answers = classifier.predict(prepared) if prepared else []
        right += sum(answer.label == label for answer, label in zip(answers, labels, strict=True))
    return right / len(characters)


def main() -> None:
    """Measure, print the table and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="the folder with the UNIPEN files")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th character")
    parser.add_argument("--picture", type=Path, default=Path(__file__).with_name("robustness.png"))
    options = parser.parse_args()
    held_out = read_held_out(options.strokes)
    characters = [character for some in held_out.values() for character in some][:: options.every]
    cells = conditions()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        figures = list(pool.map(partial(accuracy, characters=characters, model=options.model), cells))
    best = max(figure for cell, figure in zip(cells, figures, strict=True) if cell.plain)
    print(f"{len(characters):,} characters; best plain condition {best:.2%}\n")
    print("| condition | accuracy, % |\n|---|---|")
    for group in dict.fromkeys(cell.group for cell in cells):
        members = [(cell, figure) for cell, figure in zip(cells, figures, strict=True) if cell.group == group]
        print(f"| {group} | {' · '.join(_cell(cell, figure, best) for cell, figure in members)} |")
    _draw_picture(options.picture, cells, figures, characters[0])


def _cell(condition: Condition, figure: float, best: float) -> str:
    text = f"{condition.name}: {100 * figure:.1f}"
    return f"**{text}**" if figure < best - 0.015 else text


def _draw_picture(path: Path, cells: Sequence[Condition], figures: Sequence[float], example: Character) -> None:
    from matplotlib.figure import Figure

    groups = list(dict.fromkeys(cell.group for cell in cells))
    columns = max(sum(cell.group == group for cell in cells) for group in groups)
    figure = Figure(figsize=(1.3 * (columns + 1), 1.75 * len(groups)), layout="constrained")
    axes = figure.subplots(len(groups), columns + 1, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for row, group in enumerate(groups):
        heading = textwrap.fill(group, 16)
        axes[row][0].text(0, 0.5, heading, transform=axes[row][0].transAxes, va="center", fontsize=11)
        members = [(cell, score) for cell, score in zip(cells, figures, strict=True) if cell.group == group]
        for axis, (cell, score) in zip(axes[row][1:], members, strict=False):
            axis.imshow(_on_grey(Image.open(io.BytesIO(cell.drawer(example, np.random.default_rng(1))))))
            colour = "#1a7f37" if score >= 0.975 else "#9a6700" if score >= 0.95 else "#c4301c"
            axis.set_title(f"{score:.1%}", fontsize=11, color=colour, fontweight="bold")
            name = textwrap.fill(cell.name, 18)
            axis.text(0.5, -0.06, name, transform=axis.transAxes, ha="center", va="top", fontsize=8)
    figure.savefig(path, dpi=80)


def _on_grey(image: Image.Image) -> Image.Image:
    """Transparency shown as a grey sheet; framed, so that white paper has an edge."""
    sheet = Image.new("RGB", image.size, (200, 200, 200))
    sheet.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return ImageOps.expand(sheet.resize((140, 140)), 1, (160, 160, 160))


if __name__ == "__main__":
    main()
