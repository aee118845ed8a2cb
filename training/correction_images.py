"""Corrections as images to learn from, and some people's held back to judge by."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence, Set

import numpy as np
import torch

from app.recognition.decoding import ImageError
from app.recognition.preprocessing import Preprocessing
from app.storage.records import Correction
from training.correction_pictures import picture, strokes_of
from training.errors import TrainingError
from training.images import ImageSet
from training.prepare.drawing import draw, vary

# The share of the corrections that is held back.
HELD_BACK = 0.2
# Fewer corrections than this say nothing about a model.
FEWEST = 5


def hold_back(
    corrections: Sequence[Correction], misread: Set[str], seed: int
) -> tuple[list[Correction], list[Correction]]:
    """Divide corrections into those to learn from and those to judge by.

    Whole writers are held back, so that a model is judged by hands that it has not seen; the present model misreads one
    of them at least (`misread` has the ids), as otherwise no model could be better. Where only one writer is misread,
    or most corrections are one writer's, a fifth of the drawings is held back instead: of those that are misread, and
    of the others. Raises TrainingError for too few corrections.
    """
    if len(corrections) < FEWEST:
        raise TrainingError(
            f"{len(corrections)} accepted corrections of the model's classes; at least {FEWEST} are needed. "
            "Accept more, in /review or with `python -m training corrections accept`."
        )
    generator = random.Random(seed)
    wanted = max(1, round(HELD_BACK * len(corrections)))
    chosen = _of_whole_writers(corrections, misread, wanted, generator)
    if len(chosen) < wanted or (misread and not chosen & misread):
        chosen = _of_all_writers(corrections, misread, wanted, generator)
    learn = [one for one in corrections if one.id not in chosen]
    return learn, [one for one in corrections if one.id in chosen]


def _of_whole_writers(
    corrections: Sequence[Correction], misread: Set[str], wanted: int, generator: random.Random
) -> set[str]:
    """The ids of about so many corrections, of writers drawn at random: of those who are misread one at least, but not
    all. Fewer or none if that is not possible."""
    by_writer: dict[str, list[Correction]] = defaultdict(list)
    for one in corrections:
        by_writer[one.writer or one.id].append(one)
    writers = sorted(by_writer)
    generator.shuffle(writers)
    wrong = [writer for writer in writers if any(one.id in misread for one in by_writer[writer])]
    most = max(wanted, len(corrections) // 2)
    held: set[str] = set()
    count = 0
    for writer in [*wrong[:1], *(writer for writer in writers if writer not in wrong[:1])]:
        own = len(by_writer[writer])
        if count < wanted and count + own <= most and not (wrong and held.union([writer]).issuperset(wrong)):
            held.add(writer)
            count += own
    return {one.id for name in held for one in by_writer[name]}


def _of_all_writers(
    corrections: Sequence[Correction], misread: Set[str], wanted: int, generator: random.Random
) -> set[str]:
    """The ids of so many corrections, drawn at random; of two or more that are misread one at least is among them, and
    one at least is not."""
    wrong = [one.id for one in corrections if one.id in misread]
    right = [one.id for one in corrections if one.id not in misread]
    share = min(max(1, round(HELD_BACK * len(wrong))), len(wrong) // 2)
    return {*generator.sample(wrong, share), *generator.sample(right, min(wanted - share, len(right)))}


def image_set(
    corrections: Sequence[Correction],
    preprocessing: Preprocessing,
    classes: tuple[str, ...],
    variations: int,
    seed: int,
) -> ImageSet:
    """Corrections as the network sees them. Their labels are classes, or None, whose target is the number of classes.

    Each that has strokes is also drawn in so many distorted variations. What cannot be prepared is left out; raises
    TrainingError if nothing is left.
    """
    images, targets, paths = [], [], []
    for one in corrections:
        pictures = [picture(one)]
        if variations and (strokes := strokes_of(one)):
            for version in range(variations):
                generator = np.random.default_rng([seed, version, *one.id.encode()])
                varied, pen, extent = vary(strokes, generator)
                pictures.append(draw(varied, pen, extent))
        for image in pictures:
            try:
                images.append(preprocessing(image))
            except ImageError:
                continue
            targets.append(len(classes) if one.label is None else classes.index(one.label))
            paths.append(one.id)
    if not images:
        raise TrainingError("none of these corrections shows a character. Reject them, and accept others.")
    array = np.array(images, np.uint8).reshape(-1, 1, preprocessing.size, preprocessing.size)
    rows = torch.arange(len(images))
    return ImageSet(torch.from_numpy(array), rows, torch.tensor(targets, dtype=torch.long), paths, classes)
