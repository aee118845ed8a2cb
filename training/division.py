"""Dividing images into those to train on, to validate with and to test on; what belongs together stays together.

Images belong together if one person wrote them, or they were made from one original. Otherwise a network is asked about
what it has seen almost exactly, and its figures promise too much.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from training.errors import TrainingError
from training.images import ImageSet
from training.prepare import sources


class Grouping:
    """Which images belong together: those in whose paths, from the data folder on, a pattern finds the same.

    The patterns are `--group-by`, or those that `prepare` recorded. What none of them finds belongs to itself alone.
    """

    def __init__(self, data: Path, group_by: str = "") -> None:
        """Raises TrainingError for a `group_by` that is no regular expression."""
        recorded = [str(source["group_by"]) for source in sources.read(data).values() if "group_by" in source]
        self._data = f"{data}/"
        self._given = group_by
        try:
            self._patterns = [re.compile(pattern) for pattern in ([group_by] if group_by else recorded)]
        except re.error as error:
            raise TrainingError(f"--group-by {group_by}: no regular expression ({error}).") from error

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def of(self, images: ImageSet) -> NDArray[np.int64]:
        """The number of each image's group, (n,). Raises TrainingError if `--group-by` finds nothing in any path."""
        if not self._patterns:
            return np.arange(len(images))
        paths = [images.paths[row].removeprefix(self._data) for row in images.rows.tolist()]
        found = [self._found(path) for path in paths]
        if self._given and not any(found):
            raise TrainingError(f"--group-by {self._given}: not found in any path, such as {paths[0]}.")
        keys = [key or path for key, path in zip(found, paths, strict=True)]
        return np.unique(np.array(keys), return_inverse=True)[1].astype(np.int64)

    def _found(self, path: str) -> str:
        for pattern in self._patterns:
            if match := pattern.search(path):
                return str(match[1] if pattern.groups else match[0])
        return ""


def hold_out(images: ImageSet, fraction: float, seed: int, groups: NDArray[np.int64]) -> tuple[ImageSet, ImageSet]:
    """The images that stay, and about this share of each class, in whole groups, drawn with `seed`.

    Of every class at least one image stays. The share of a class is as near as whole groups allow; where every group
    is too large, it is the smallest one.
    """
    targets = images.targets.numpy()
    left = np.bincount(targets, minlength=len(images.classes))
    wanted = np.minimum(np.round(fraction * left).astype(int), left - 1).clip(0)
    chosen = np.zeros(len(images), bool)
    drawn = list(_shuffled(groups, seed))
    for members in drawn:
        counts = np.bincount(targets[members], minlength=len(left))
        useful = np.minimum(counts, wanted).sum()
        if 2 * useful > len(members) and _may_go(counts, left):
            chosen[members] = True
            left = left - counts
            wanted = (wanted - counts).clip(0)
    if wanted.any() and not chosen.any():
        for members in sorted(drawn, key=len):
            if _may_go(np.bincount(targets[members], minlength=len(left)), left):
                chosen[members] = True
                break
    held_out = torch.from_numpy(chosen)
    return images.subset(~held_out), images.subset(held_out)


def _shuffled(groups: NDArray[np.int64], seed: int) -> Iterator[NDArray[np.int64]]:
    """The places of the members of each group, groups in random order."""
    places = np.argsort(groups, kind="stable")
    members = np.split(places, np.flatnonzero(np.diff(groups[places])) + 1)
    for index in torch.randperm(len(members), generator=Generator().manual_seed(seed)).tolist():
        yield members[index]


def _may_go(counts: NDArray[np.int64], left: NDArray[np.int64]) -> bool:
    return bool(((left - counts)[counts > 0] >= 1).all())


def folds(images: ImageSet, count: int, seed: int, groups: NDArray[np.int64]) -> list[tuple[ImageSet, ImageSet]]:
    """So many divisions into what to train on and what to test on, each image tested on once, groups kept whole and
    classes spread evenly.

    Raises TrainingError if there are not as many groups, or a class would be missing from a training.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # takes a second to import

    found = len(np.unique(groups))
    if found < count:
        raise TrainingError(f"--folds {count}: there are only {found} groups of images. Take as many folds at most.")
    alone = found == len(images)
    splitter = (StratifiedKFold if alone else StratifiedGroupKFold)(count, shuffle=True, random_state=seed)
    try:
        places = list(splitter.split(np.zeros(len(images)), images.targets.numpy(), None if alone else groups))
    except ValueError as error:
        raise TrainingError(f"--folds {count}: {str(error).splitlines()[0].rstrip('.')}. Take fewer.") from error
    divided = [(images.subset(torch.from_numpy(rest)), images.subset(torch.from_numpy(part))) for rest, part in places]
    for rest, _ in divided:
        for name, left in rest.counts.items():
            if not left:
                raise TrainingError(f"--folds {count}: all images of {name!r} are in one fold. Add some, by others.")
    return divided


def require_trainable(sets: dict[str, ImageSet]) -> None:
    """Raises TrainingError if there is only one class: nothing to tell apart."""
    images = next(iter(sets.values()))
    if len(images.classes) < 2:
        raise TrainingError(f"the only class is {images.classes[0]!r}. Add a folder of images for each other class.")


def doubtful(sets: dict[str, ImageSet]) -> list[str]:
    """What is probably not meant, one sentence each: classes of one image, and images that two parts have."""
    first = next(iter(sets))
    remarks = []
    lonely = [name for name, count in sets[first].counts.items() if count == 1]
    if lonely:
        remarks.append(f"one image only in {first}: {_some(lonely)}")
    seen = {part: _digests(images) for part, images in sets.items()}
    for earlier, part in itertools.combinations(sets, 2):
        same, here, there = np.intersect1d(seen[earlier], seen[part], return_indices=True)
        if len(same):
            path, twin = (
                sets[name].paths[int(sets[name].rows[place[0]])] for name, place in ((earlier, here), (part, there))
            )
            remarks.append(
                f"{len(same):,} images are alike in {earlier} and {part}, such as {path} and {twin}: "
                "accuracies on them say little"
            )
    return remarks


def _digests(images: ImageSet) -> NDArray[np.uint64]:
    """A number for each image, (n,), that differs for different pixels: their sum with random weights, modulo 2**64."""
    pixels = images.images[0].numel()
    weights = np.random.default_rng(0).integers(1, 2**63, pixels, np.uint64)
    chunks = [batch.flatten(1).numpy().astype(np.uint64) @ weights for batch, _ in images.batches(500)]
    return np.concatenate(chunks)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
