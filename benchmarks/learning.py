"""How a model learns people whose hand it misreads, from 20, 50 and 100 of their corrections.

python -m benchmarks.learning ../shared/data [--people uqb/re.dat …] [--counts 20 50 100] [--output DIR]

Three people of sites and tablets that the model has not seen: one strikes the zeros, one writes a 1 with a flag as long
as that of a 7, one crosses the 7 and ends it in a curl. Each corrects or confirms so many of their drawings, chosen at
random; the fine-tuning is that of `python -m training improve`. Accuracy before and after is that on the same person's
other drawings, on those of all other held-out people, and on MNIST's test images. Then again, with one label in five
wrong. Nothing here chose the recipe but the rehearsal and the learning rate, on one draw of one person (uqb/re.dat).
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from app.recognition.preprocessing import Preprocessing
from benchmarks.held_out import Part, read_held_out
from training import checkpoint, metrics
from training.blend import furthest_blend
from training.finetune import FineTuning, fine_tune
from training.images import ImageSet
from training.prepare.drawing import draw, vary
from training.prepare.unipen import read_unipen
from training.rehearsal import SCRIBBLES, scribbles

PEOPLE = ("uqb/ja.dat", "uqb/re.dat", "pendigits-train/20")
COUNTS = (20, 50, 100)
_VARIATIONS = 4
_WRONG = 0.2
# Images of training to rehearse with, others to watch for what is forgotten, and of MNIST to test on.
_REHEARSED, _WATCHED, _TESTED = 4000, 2000, 2000


@dataclass(frozen=True)
class Row:
    """Accuracies, 0 to 1, before and after learning from so many corrections of a person."""

    person: str
    corrections: int
    wrong_labels: float
    rehearsal: str
    own_before: float
    own_after: float
    others_before: float
    others_after: float
    mnist_before: float
    mnist_after: float
    cpu_seconds: float


class Bench:
    """The model, the people's drawings, and what to rehearse with."""

    def __init__(self, data: Path, model: Path, scribbled: bool) -> None:
        self._model = checkpoint.load(model)
        self.network = self._model.network()
        self._preprocessing = self._model.preprocessing
        parts: tuple[Part, ...] = ("validation", "test")
        held_out = [read_held_out(data / "strokes", part) for part in parts]
        self.characters = [one for part in held_out for characters in part.values() for one in characters]
        self._held_out = {(character.source, character.writer) for character in self.characters}
        images = [self._preprocessing(draw(character.strokes)) for character in self.characters]
        self.drawings = self._set(images, [character.label for character in self.characters])
        trained = self._training_images(data)
        self.watched = trained.subset(torch.arange(_WATCHED))
        self.rehearsal_name = "scribbles" if scribbled else "training images"
        self.rehearsal = (
            scribbles(self._preprocessing, SCRIBBLES, 0) if scribbled else trained.images[trained.rows[_WATCHED:]]
        )
        self.mnist = self._mnist(data, "t10k", _TESTED)

    def of(self, person: str) -> Tensor:
        """Which drawings are this person's: a mask."""
        return torch.tensor([f"{one.source}/{one.writer}" == person for one in self.characters])

    def corrections(self, chosen: Sequence[int], wrong: float, seed: int) -> ImageSet:
        """Drawings with their labels, this share of them wrong, and their variations."""
        generator = np.random.default_rng(seed)
        images, labels = [], []
        bad = set(generator.permutation(len(chosen))[: round(wrong * len(chosen))].tolist())
        for place, index in enumerate(chosen):
            character = self.characters[index]
            others = [name for name in self._model.classes if name != character.label]
            label = str(generator.choice(others)) if place in bad else character.label
            images.append(self._preprocessing(draw(character.strokes)))
            for _ in range(_VARIATIONS):
                strokes, pen, extent = vary(character.strokes, generator)
                images.append(self._preprocessing(draw(strokes, pen, extent)))
            labels += [label] * (1 + _VARIATIONS)
        return self._set(images, labels)

    def accuracy(self, network: nn.Module, images: ImageSet) -> float:
        """The share of images that a network reads right."""
        return metrics.accuracy(metrics.logits_of(network, images).argmax(1), images.targets)

    def _set(self, images: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> ImageSet:
        classes = self._model.classes
        targets = torch.tensor([classes.index(label) for label in labels])
        array = torch.from_numpy(np.array(images)).unsqueeze(1)
        return ImageSet(array, torch.arange(len(images)), targets, [""] * len(images), classes)

    def learn(self, learned: ImageSet, recipe: FineTuning) -> nn.Module:
        """As `improve` does."""
        tuned = fine_tune(self.network, learned, self.rehearsal, recipe, seed=0)
        return furthest_blend(self.network, tuned, self.watched)[0]

    def _training_images(self, data: Path) -> ImageSet:
        """Images that the model was trained on, in random order: as many of MNIST's as drawings by people who are not
        held out."""
        characters = [
            one
            for one in read_unipen(data / "strokes" / "unipen-digits.unp.gz")
            if (one.source, one.writer) not in self._held_out
        ]
        half = (_REHEARSED + _WATCHED) // 2
        order = np.random.default_rng(0)
        chosen = [characters[index] for index in order.permutation(len(characters))[:half]]
        drawn = self._set([self._preprocessing(draw(one.strokes)) for one in chosen], [one.label for one in chosen])
        mnist = self._mnist(data, "train", half)
        mixed = torch.from_numpy(order.permutation(2 * half))
        both = replace(drawn, images=torch.cat([drawn.images, mnist.images]), rows=torch.arange(2 * half))
        return replace(both, targets=torch.cat([drawn.targets, mnist.targets])).subset(mixed)

    def _mnist(self, data: Path, part: str, count: int) -> ImageSet:
        images, labels = (_idx(data / "MNIST" / "raw", f"{part}-{kind}") for kind in ("images-idx3", "labels-idx1"))
        chosen = np.random.default_rng(0).permutation(len(images))[:count]
        prepared = [prepare_grey(self._preprocessing, images[index]) for index in chosen]
        return self._set(prepared, [str(labels[index]) for index in chosen])


def prepare_grey(preprocessing: Preprocessing, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An array of greys as the network sees it."""
    return preprocessing(Image.fromarray(pixels))


def _idx(folder: Path, name: str) -> NDArray[np.uint8]:
    """A file in MNIST's own format, gzipped or not."""
    path = next(folder.glob(f"{name}*"))
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = [int.from_bytes(data[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def measure(
    bench: Bench, people: Sequence[str], counts: Sequence[int], wrong: Sequence[float], recipe: FineTuning
) -> Iterator[Row]:
    """Fine-tune for each person, number of corrections and share of wrong labels, each time from the same model."""
    mnist_before = bench.accuracy(bench.network, bench.mnist)
    for share in wrong:
        for person in people:
            mine = bench.of(person)
            order = np.random.default_rng(0).permutation(mine.nonzero().squeeze(1).numpy())
            others = bench.drawings.subset(~mine)
            others_before = bench.accuracy(bench.network, others)
            for count in counts:
                learned = bench.corrections(order[:count].tolist(), share, seed=count)
                rest = bench.drawings.subset(torch.from_numpy(order[count:]))
                started = time.process_time()
                network = bench.learn(learned, recipe)
                seconds = time.process_time() - started
                yield Row(
                    person=person,
                    corrections=count,
                    wrong_labels=share,
                    rehearsal=bench.rehearsal_name,
                    own_before=bench.accuracy(bench.network, rest),
                    own_after=bench.accuracy(network, rest),
                    others_before=others_before,
                    others_after=bench.accuracy(network, others),
                    mnist_before=mnist_before,
                    mnist_after=bench.accuracy(network, bench.mnist),
                    cpu_seconds=seconds,
                )


def line(row: Row) -> str:
    """A row of the table in benchmarks/README.md."""
    shares = " | ".join(
        f"{before:.1%} → {after:.1%}"
        for before, after in (
            (row.own_before, row.own_after),
            (row.others_before, row.others_after),
            (row.mnist_before, row.mnist_after),
        )
    )
    wrong = f", {row.wrong_labels:.0%} of them wrong" if row.wrong_labels else ""
    return f"| {row.person} | {row.rehearsal} | {row.corrections}{wrong} | {shares} | {row.cpu_seconds:.0f} s |"


def draw_curve(rows: Sequence[Row], path: Path) -> None:
    """Accuracy on each person's other drawings by the number of corrections; dashed with wrong labels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    for place, person in enumerate(dict.fromkeys(row.person for row in rows)):
        for share in sorted({row.wrong_labels for row in rows}):
            mine = [row for row in rows if row.person == person and row.wrong_labels == share]
            if not mine:
                continue
            label = person + (f", {share:.0%} of the labels wrong" if share else "")
            style = {"color": f"C{place}", "linestyle": "--" if share else "-", "marker": "o"}
            points = [(0, mine[0].own_before), *((row.corrections, row.own_after) for row in mine)]
            axis.plot(*zip(*points, strict=True), label=label, **style)  # type: ignore[arg-type]
    axis.set_xlabel("corrections and confirmations of this person")
    axis.set_ylabel("accuracy on the person's other drawings")
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.legend(fontsize=7)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print the table, and write the curve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with MNIST/raw and strokes")
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    parser.add_argument("--people", nargs="+", default=PEOPLE)
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    parser.add_argument("--wrong", nargs="+", type=float, default=(0.0, _WRONG), help="shares of wrong labels")
    parser.add_argument("--scribbles", action="store_true", help="rehearse with scribbles, not with training images")
    parser.add_argument("--steps", type=int, default=FineTuning().steps)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="where learning.png is written")
    options = parser.parse_args()
    bench = Bench(options.data, options.model, options.scribbles)
    rows = []
    recipe = FineTuning(steps=options.steps)
    for row in measure(bench, options.people, options.counts, options.wrong, recipe):
        rows.append(row)
        print(line(row), flush=True)
        (options.output / "learning.json").write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n")
    draw_curve(rows, options.output / "learning.png")


if __name__ == "__main__":
    main()
