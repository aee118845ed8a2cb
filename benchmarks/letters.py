"""How well a model of digits and letters reads people that it has not seen.

    python -m benchmarks.letters ../shared/data/strokes                       # the sites that choices are made by
    python -m benchmarks.letters ../shared/data/strokes --sources apa         # the site that is only reported on

`exact` is the share of labels that are right; `merged` the share with the classes taken for one another that only size
or context tells apart (the model's look-alikes); `by class` is the mean of that over the classes, each counting the
same, as rare letters are few in these files; `known` the share of answers that are called so. Labels are as they come,
some of them wrong. The path is the server's: bytes of an image file in, label out. Then come the confusions that are
most frequent, as shares of the class that was written.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.recognition.classifier import Classifier
from training.prepare.drawing import draw
from training.prepare.unipen import Character, read_unipen

_BATCH = 16
_CONFUSIONS = 25


class Reading(NamedTuple):
    """What was written, what was read, and whether that was called known."""

    written: str
    read: str
    known: bool


def read(classifier: Classifier, characters: Sequence[Character]) -> Iterator[Reading]:
    """Draw each character as the page does, and classify the file."""
    for start in range(0, len(characters), _BATCH):
        batch = characters[start : start + _BATCH]
        inputs = []
        for character in batch:
            file = io.BytesIO()
            draw(character.strokes).save(file, "PNG")
            inputs.append(classifier.preprocess(file.getvalue()))
        for character, prediction in zip(batch, classifier.predict(inputs), strict=True):
            yield Reading(character.label, prediction.label, prediction.known)


def row(name: str, readings: Sequence[Reading], classifier: Classifier) -> str:
    """A line of the table."""
    alike = classifier.model.alike
    count = len(readings)
    by_class: dict[str, list[bool]] = defaultdict(list)
    for one in readings:
        by_class[one.written].append(one.read in alike(one.written))
    exact = sum(one.written == one.read for one in readings) / count
    merged = sum(sum(rights) for rights in by_class.values()) / count
    mean = sum(sum(rights) / len(rights) for rights in by_class.values()) / len(by_class)
    known = sum(one.known for one in readings) / count
    return f"| {name} | {count:,} | {exact:.1%} | {merged:.1%} | {mean:.1%} | {known:.1%} |"


def main() -> None:
    """Print the table and the confusions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="the folder with unipen-letters.unp.gz and unipen-digits.unp.gz")
    parser.add_argument("--model", type=Path, default=Path("models/letters.pt"))
    parser.add_argument("--sources", nargs="+", default=["aga", "uqb"], metavar="NAME", help="(%(default)s)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth character")
    options = parser.parse_args()
    classifier = Classifier.load(options.model)
    files = (options.strokes / f"unipen-{name}.unp.gz" for name in ("letters", "digits"))
    characters = [one for file in files for one in read_unipen(file) if one.source in options.sources]
    readings = list(read(classifier, characters[:: options.every]))
    print("| characters | count | exact | merged | by class | known |\n|---|---|---|---|---|---|")
    kinds = {
        "capital letters": str.isupper,
        "small letters": str.islower,
        "letters": str.isalpha,
        "digits": str.isdigit,
    }
    for name, is_kind in kinds.items():
        print(row(name, [one for one in readings if is_kind(one.written)], classifier))
    print(row("all", readings, classifier))
    totals = Counter(one.written for one in readings)
    wrong = Counter((one.written, one.read) for one in readings if one.written != one.read)
    shares = {pair: count / totals[pair[0]] for pair, count in wrong.items()}
    print()
    for (written, taken), share in sorted(shares.items(), key=lambda item: -item[1])[:_CONFUSIONS]:
        print(f"{written} read as {taken}: {share:.0%} of {totals[written]}")


if __name__ == "__main__":
    main()
