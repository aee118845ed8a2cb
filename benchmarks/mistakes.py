"""The drawings of the test set that the model misreads, as one picture: docs/mistakes.png (shown in docs/models.md).

python -m benchmarks.mistakes ../shared/data/strokes
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from app.recognition.classifier import Classifier, Prediction
from benchmarks.held_out import read_held_out
from training.prepare.drawing import draw
from training.prepare.unipen import Character

PICTURE = Path(__file__).parent.parent / "docs" / "mistakes.png"
_COLUMNS = 9


@dataclass(frozen=True)
class Mistake:
    """A character, as it was drawn and as it was read."""

    character: Character
    image: Image.Image
    prediction: Prediction


def find_mistakes(classifier: Classifier, characters: Sequence[Character]) -> list[Mistake]:
    """The misread ones of characters drawn as the page draws them, the least confident first."""
    mistakes = []
    for character in characters:
        image = draw(character.strokes)
        (prediction,) = classifier.predict([classifier.model.preprocessing(image)])
        if prediction.label != character.label:
            mistakes.append(Mistake(character, image, prediction))
    return sorted(mistakes, key=lambda mistake: mistake.prediction.confidence)


def draw_sheet(mistakes: Sequence[Mistake], path: Path) -> None:
    """Every mistake with its label and what it was taken for."""
    from matplotlib.figure import Figure

    rows = math.ceil(len(mistakes) / _COLUMNS)
    figure = Figure(figsize=(1.25 * _COLUMNS, 1.6 * rows), layout="constrained")
    for axis in figure.subplots(rows, _COLUMNS, squeeze=False).flat:
        axis.axis("off")
    for axis, mistake in zip(figure.axes, mistakes, strict=False):
        axis.imshow(mistake.image, cmap="gray", vmin=0, vmax=255)
        prediction = mistake.prediction
        axis.set_title(f"{mistake.character.label} read {prediction.label}", fontsize=10, fontweight="bold")
        axis.text(
            0.5, -0.04, f"{prediction.confidence:.0%} sure", transform=axis.transAxes, ha="center", va="top", fontsize=8
        )
    figure.savefig(path, dpi=90)


def main() -> None:
    """Find, count and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="the folder with the UNIPEN files")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    options = parser.parse_args()
    classifier = Classifier.load(options.model)
    mistakes = []
    for name, characters in read_held_out(options.strokes).items():
        some = find_mistakes(classifier, characters)
        print(f"{name}: {len(some)} of {len(characters):,} misread")
        mistakes += some
    draw_sheet(sorted(mistakes, key=lambda mistake: mistake.prediction.confidence), PICTURE)


if __name__ == "__main__":
    main()
