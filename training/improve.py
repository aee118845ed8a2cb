"""`python -m training improve`: learn from accepted corrections, and write the model only if it is better."""

from __future__ import annotations

import math
import platform
import shlex
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from app.recognition.model_file import Network
from app.storage.records import Correction
from training import checkpoint, metrics, neighbours
from training.blend import furthest_blend
from training.checkpoint import Checkpoint
from training.correction_images import hold_back, image_set
from training.corrections import find
from training.errors import NotBetterError, TrainingError
from training.evaluate import evaluate, quantised_network, read_for
from training.finetune import FineTuning, fine_tune
from training.images import CACHE, ImageSet
from training.onnx_export import ServedNetwork, to_onnx
from training.outputs import require_writable
from training.quantisation import quantise
from training.rehearsal import SCRIBBLES, scribbles
from training.tree import extra_tests, find_part, is_divided, require_part

# Training images to watch for what is forgotten, where there are none for validation.
_WATCHED = 4000
# What a test set may lose, as a share of its images: of 10,000 ten, of 1,247 one, of 692 none.
_TOLERATED = 0.001
_EPSILON = 1e-9


@dataclass(frozen=True)
class Options:
    """What to improve, with which corrections and images, and where to write it. `data` is None for scribbles, `of` is
    the name of the model whose corrections are meant, None for the default."""

    model: Path
    data: Path | None
    database: str
    output: Path
    variations: int
    recipe: FineTuning
    seed: int
    skip_unreadable: bool
    command: Sequence[str]
    of: str | None = None


@dataclass(frozen=True)
class Comparison:
    """How many images of a set the model before and the one after read right, and how many must be right for the one
    after to be written."""

    name: str
    count: int
    before: int
    after: int
    needed: int

    HEAD: ClassVar[str] = f"{'':<24} {'images':>7}  {'right before → after':<40} {'needed':>7}"

    @property
    def good(self) -> bool:
        """Whether enough are right."""
        return self.after >= self.needed

    @property
    def row(self) -> str:
        """A line of the table."""
        share = f"{self.before / self.count:.2%} → {self.after / self.count:.2%}"
        verdict = "" if self.good else "not good enough"
        right = f"{self.count:>7,}  {self.before:>7,} → {self.after:<7,}  {share:<21} {self.needed:>7,}"
        return f"{self.name:<24} {right}  {verdict}".rstrip()


def run(options: Options) -> None:
    """Fine-tune, compare, print the table, and write the model.

    Raises NotBetterError, with nothing written, unless more of the held-back corrections are right and no test set has
    lost more than 0.1 points; TrainingError for input that cannot be used.
    """
    started = time.perf_counter()
    require_writable(options.output)
    model = checkpoint.load(options.model)
    accepted = find(options.database, "accepted", options.of)
    usable = [one for one in accepted if one.label in model.classes]
    misread = _misread(options.model, model, usable)
    learn, held = hold_back(usable, misread, options.seed)
    # What is none of the classes can be learned by a network that has an output for it.
    strange = [one for one in accepted if one.label is None] if model.learned_unknown else []
    people = {one.writer for one in held} & {one.writer for one in learn}
    print(
        f"{len(accepted)} accepted corrections, {len(usable)} of the model's classes: {len(learn)} to learn from, "
        f"{len(held)} held back, of {'the same people' if people else 'other people'}; "
        f"{len(strange)} of none of the classes to learn from"
    )
    if not any(one.id in misread for one in held):
        raise NotBetterError(
            f"not better: all {len(held)} held-back corrections are read right already, so that no model can read more "
            "of them. Nothing was written. Collect corrections of what is misread."
        )
    corrections = image_set([*learn, *strange], model.preprocessing, model.classes, options.variations, options.seed)
    rehearsal, watched, tests = _rehearsal(options, model)
    network = fine_tune(model.network(), corrections, rehearsal, options.recipe, options.seed)
    share = 1.0
    if watched:
        network, share = furthest_blend(model.network(), network, watched)
        print(f"taken: {share:.0%} of the way from the weights before to those after fine-tuning")
    better = replace(model, state=network.state_dict())
    served, quantised = _served(options.model, network, model, rehearsal)
    comparisons = _compare(options.model, model, quantised or network, held, tests)
    print(f"\n{Comparison.HEAD}")
    for comparison in comparisons:
        print(comparison.row)
    if not all(comparison.good for comparison in comparisons):
        worse = ", ".join(comparison.name for comparison in comparisons if not comparison.good)
        raise NotBetterError(f"not better: {worse}. Nothing was written. Review the corrections, or collect more.")
    figures = {part: evaluate(better, images, quantised).figures for part, images in tests.items()}
    seconds = time.perf_counter() - started
    provenance = _provenance(options, model, learn, len(strange), held, comparisons, seconds) | {"blend": share}
    # Without test sets there are no figures: those of the model before are not the new one's.
    better = replace(better, metrics=figures, provenance=provenance)
    served = replace(served, neighbours=neighbours.kept(options.model, served.onnx))
    checkpoint.save(better, options.output, served)
    print(f"wrote {options.output}: version {better.version}, made from {model.version}")


def _misread(path: Path, model: Checkpoint, corrections: Sequence[Correction]) -> set[str]:
    """The ids of those corrections that the model, as it is served, reads wrong."""
    if not corrections:
        return set()
    images = image_set(corrections, model.preprocessing, model.classes, 0, 0)
    wrong = metrics.logits_of(quantised_network(path) or model.network(), images).argmax(1) != images.targets
    return {images.paths[row] for row in images.rows[wrong].tolist()}


def _rehearsal(options: Options, model: Checkpoint) -> tuple[Tensor, ImageSet | None, dict[str, ImageSet]]:
    """Images to rehearse with, those that tell what was forgotten, if any, and the test sets by name."""
    if options.data is None:
        print("no --data: rehearsing with scribbles, and no test set will tell what was forgotten")
        return scribbles(model.preprocessing, SCRIBBLES, options.seed), None, {}
    if options.data.is_dir() and not is_divided(options.data):
        raise TrainingError(
            f"--data {options.data}: has neither train/ nor test/, so nothing says which of its images the model was "
            "tested on. Leave it out, or divide it and train again."
        )
    folders = {"train": require_part(options.data, "train")}
    folders |= {part: folder for part in ("validation", "test") if (folder := find_part(options.data, part))}
    folders |= {folder.name: folder for folder in extra_tests(options.data)}
    if missing := sorted(set(model.metrics) - set(folders)):
        raise TrainingError(
            f"{options.data}: no {missing[0]} folder, on which {options.model} was tested. Without it, nothing tells "
            "what was forgotten there. Name the images that the model was trained on, or leave out --data."
        )
    sets = {
        part: read_for(model, folder, options.skip_unreadable, options.data / CACHE) for part, folder in folders.items()
    }
    train = sets.pop("train")
    some = train.subset(torch.linspace(0, len(train) - 1, min(_WATCHED, len(train))).long())
    return train.images[train.rows], sets.pop("validation", some), sets


def _served(
    path: Path, network: nn.Module, model: Checkpoint, rehearsal: Tensor
) -> tuple[ServedNetwork, Network | None]:
    """The network as it will be served, and in 8-bit integers if the model before was so."""
    exact = to_onnx(network, model.preprocessing.size)
    if quantised_network(path) is None:
        return ServedNetwork(exact), None
    count = len(rehearsal)
    images = ImageSet(rehearsal, torch.arange(count), torch.zeros(count, dtype=torch.long), (), model.classes)
    served = ServedNetwork(quantise(exact, images), quantised=True)
    return served, Network(served.onnx)


def _compare(
    path: Path,
    model: Checkpoint,
    after: nn.Module | Network,
    held: Sequence[Correction],
    tests: dict[str, ImageSet],
) -> list[Comparison]:
    """Both models as they are served, on the held-back corrections and on every test set."""
    before = quantised_network(path) or model.network()
    judged = image_set(held, model.preprocessing, model.classes, 0, 0)
    comparisons = []
    for name, images in {"held-back corrections": judged, **tests}.items():
        old, new = (
            int((metrics.logits_of(network, images).argmax(1) == images.targets).sum()) for network in (before, after)
        )
        needed = old + 1 if images is judged else math.ceil(old - _TOLERATED * len(images) - _EPSILON)
        comparisons.append(Comparison(name, len(images), old, new, needed))
    return comparisons


def _provenance(
    options: Options,
    model: Checkpoint,
    learn: Sequence[Correction],
    strange: int,
    held: Sequence[Correction],
    comparisons: Sequence[Comparison],
    seconds: float,
) -> dict[str, Any]:
    by_class = {name: sum(one.label == name for one in learn) for name in model.classes}
    return {
        "parent": model.version,
        "corrections": {
            "learned": len(learn),
            "of no class": strange,
            "held back": len(held),
            "learned by class": by_class,
        },
        "right before and after": {one.name: [one.before, one.after, one.count] for one in comparisons},
        "data": options.data.name if options.data else "scribbles",
        "command": shlex.join(["python", "-m", "training", *options.command]),
        "recipe": asdict(options.recipe),
        "seed": options.seed,
        "seconds": round(seconds, 1),
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "before": model.provenance,
    }
