"""How well POST /read?model=letters reads words, and tells o, O and 0, and l, I and 1, apart by size and neighbours.

    python -m benchmarks.words ../shared/data/strokes

Each word is composed of the letters and digits of one writer of the sites that choices are made by, at the sizes that
the writer gave them; letters that go below the line do. At the site `apa` nobody wrote all characters of a word.
Printed: how many characters are right, and of those that are one of a group of look-alikes and were read as one of the
same group, how many are exactly right: as the classifier says of each alone, and after app/recognition/context.py.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.recognition.classifier import Classifier
from app.recognition.model_card import ModelCard
from app.recognition.reading import look
from benchmarks.numbers import compose_text
from benchmarks.reading import WIDE, png
from training.prepare.drawing import PEN, draw_placed
from training.prepare.unipen import Character, read_unipen

WORDS = """
hello Oslo Iowa OHIO lion look soil Lola Illinois INFO oil tool pool Ollie Olivia London Idaho Lima Toronto solo COLOUR
LION BIO IDOL OIL also only local global 10 100 101 2010 1901 110 1000 2001 701 401 Paul Otto Ingo Nikolo All Ill Also
It Is In Oak Owl old own SOLO TOOL ZOO zoo food moon Moon wood
"""
_LEAST = 40  # characters of a writer, for a choice


def writers(strokes: Path, sources: Sequence[str]) -> list[dict[str, list[Character]]]:
    """The letters and digits of each writer who wrote enough of them: by what they are."""
    found: dict[tuple[str, str], dict[str, list[Character]]] = defaultdict(lambda: defaultdict(list))
    for name in ("letters", "digits"):
        for one in read_unipen(strokes / f"unipen-{name}.unp.gz"):
            if one.source in sources:
                found[one.source, one.writer][one.label].append(one)
    return [own for _, own in sorted(found.items()) if sum(map(len, own.values())) >= _LEAST]


def words(own: Sequence[dict[str, list[Character]]], count: int) -> Iterator[tuple[str, bytes]]:
    """So many words, each by a writer who wrote all of its characters, drawn on the page's wide paper."""
    for index in range(count):
        generator = np.random.default_rng((3, index))
        word = str(generator.choice(WORDS.split()))
        able = [one for one in own if set(word) <= set(one)]
        if able:
            written = compose_text(word, able[int(generator.integers(len(able)))], generator, WIDE)
            yield word, png(draw_placed(written.strokes, PEN, WIDE))


def without_groups(model: ModelCard) -> ModelCard:
    """The card of a model in which nothing looks alike, so that context settles nothing."""
    return replace(model, look_alikes=())


def main() -> None:
    """Compose, read, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="folder with the files of pen tracks")
    parser.add_argument("--sources", nargs="+", default=["aga", "uqb"])
    parser.add_argument("--model", type=Path, default=Path("models/letters.pt"))
    parser.add_argument("--count", type=int, default=400, help="of words")
    options = parser.parse_args()
    classifier = Classifier.load(options.model)
    counts: Counter[tuple[str, str]] = Counter()
    confusions: Counter[tuple[str, str]] = Counter()
    for word, image in words(writers(options.strokes, options.sources), options.count):
        sheet = look(image, classifier)
        settled = sheet.reading()
        alone = replace(sheet, model=without_groups(sheet.model)).reading()
        counts["words", "count"] += 1
        counts["words", "as many characters"] += len(settled.characters) == len(word)
        counts["words", "right"] += settled.text == word
        counts["words", "right alone"] += alone.text == word
        if {len(settled.text), len(alone.text)} != {len(word)}:  # two lines have a line feed between them
            continue
        for written, one, other in zip(word, settled.text, alone.text, strict=True):
            group = classifier.model.alike(written)
            if len(group) == 1 or other not in group:
                continue
            for name in ("".join(group), "all groups"):
                counts[name, "count"] += 1
                counts[name, "right"] += one == written
                counts[name, "right alone"] += other == written
            if one != written:
                confusions[written, one] += 1
    total = counts["words", "count"]
    if not total:
        raise SystemExit(
            f"error: at {', '.join(options.sources)} nobody wrote all the characters of a word; name others"
        )
    same = counts["words", "as many characters"] / total
    print(f"{total} words, {same:.1%} of them with as many characters as written")
    print("| what | count | right, each alone | right in the word |\n|---|---|---|---|")
    for name in dict.fromkeys(name for name, _ in counts):
        count = counts[name, "count"]
        alone_share, share = counts[name, "right alone"] / count, counts[name, "right"] / count
        print(f"| {name} | {count} | {alone_share:.1%} | {share:.1%} |")
    print("most often:", ", ".join(f"{a} as {b} {number}" for (a, b), number in confusions.most_common(12)))


if __name__ == "__main__":
    main()
