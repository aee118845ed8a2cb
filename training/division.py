"""Divide images into training, validation and test sets, by groups.

Images form a group if one person wrote them, or they were made from one original. A group that is split between two
sets would make the figures too good: the network would be tested on images much like those that it was trained on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from training.errors import TrainingError
from training.images import ImageSet
from training.prepare import sources


class Grouping:
    """The groups of images: those in whose paths (below the data folder) a regular expression finds the same text.

    The expressions are `--group-by`, or those that `prepare` recorded. An image that no expression matches is a group
    of its own.
    """

    def __init__(self, data: Path, group_by: str = "") -> None:
        """Raises TrainingError if `group_by` is not a valid regular expression."""
        recorded = [str(source["group_by"]) for source in sources.read(data).values() if "group_by" in source]
        self._data = f"{data}/"
        self._given = group_by
        try:
            self._patterns = [re.compile(pattern) for pattern in ([group_by] if group_by else recorded)]
        except re.error as error:
            raise TrainingError(f"--group-by {group_by}: not a valid regular expression ({error}).") from error

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
    """Split off about this fraction of each class, in whole groups drawn with `seed`. Returns the rest and the part.

    At least one image of every class stays in the rest. Each class's share is as near to `fraction` as whole groups
    allow; if every group is larger than that, the smallest one is taken.
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
    """The indices of each group's images, groups in random order."""
    places = np.argsort(groups, kind="stable")
    members = np.split(places, np.flatnonzero(np.diff(groups[places])) + 1)
    for index in torch.randperm(len(members), generator=Generator().manual_seed(seed)).tolist():
        yield members[index]


def _may_go(counts: NDArray[np.int64], left: NDArray[np.int64]) -> bool:
    return bool(((left - counts)[counts > 0] >= 1).all())


def folds(images: ImageSet, count: int, seed: int, groups: NDArray[np.int64]) -> list[tuple[ImageSet, ImageSet]]:
    """`count` pairs of training and test images for cross-validation: each image is in one test part, groups are kept
    whole, and classes are spread evenly.

    Raises TrainingError if there are fewer groups than folds, or a training part would lack a class.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # takes a second to import

    found = len(np.unique(groups))
    if found < count:
        raise TrainingError(f"--folds {count}: there are only {found} groups of images. Take as many folds at most.")
    largest = max(images.counts.values())
    if largest < count:
        raise TrainingError(f"--folds {count}: the largest class has {largest} images. Take as many folds at most.")
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
    """Raises TrainingError if there is only one class."""
    images = next(iter(sets.values()))
    if len(images.classes) < 2:
        raise TrainingError(
            f"the only class is {images.classes[0]!r}. Add a folder of images for each other class; or, if the class "
            f"folders are in {images.classes[0]!r}, name that folder."
        )


def doubtful(sets: dict[str, ImageSet], parts: dict[str, ImageSet]) -> list[str]:
    """Probable faults in the data, one sentence each: classes of one image, images that are in two classes, and images
    that are in two parts. `sets` are what was read, `parts` what they were divided into, or the same."""
    hashes = {id(images.images): _hashes(images.images) for images in sets.values()}

    def hashed(images: ImageSet) -> NDArray[np.uint64]:
        own: NDArray[np.uint64] = hashes[id(images.images)][images.rows.numpy()]
        return own

    first = next(iter(sets))
    remarks = []
    lonely = [name for name, count in sets[first].counts.items() if count == 1]
    if lonely:
        remarks.append(f"one image only in {first}: {_some(lonely)}")
    for part, images in sets.items():
        remarks += _in_two_classes(part, images, hashed(images))
    seen = {part: hashed(images) for part, images in parts.items()}
    for earlier, part in itertools.combinations(parts, 2):
        same, here, there = np.intersect1d(seen[earlier], seen[part], return_indices=True)
        if len(same):
            path, twin = (
                parts[name].paths[int(parts[name].rows[place[0]])] for name, place in ((earlier, here), (part, there))
            )
            remarks.append(
                f"{len(same):,} images are alike in {earlier} and {part}, such as {path} and {twin}: "
                "accuracies on them say little"
            )
    return remarks


def _in_two_classes(part: str, images: ImageSet, hashes: NDArray[np.uint64]) -> list[str]:
    _, kinds = np.unique(hashes, return_inverse=True)
    order = np.argsort(kinds, kind="stable")
    same = np.diff(kinds[order]) == 0
    twins = np.flatnonzero(same & (np.diff(images.targets.numpy()[order]) != 0))
    if not len(twins):
        return []
    path, twin = (images.paths[int(images.rows[order[twins[0] + step]])] for step in (0, 1))
    count = f"{len(twins):,} {'pair' if len(twins) == 1 else 'pairs'}"
    return [f"the same image is in two classes of {part}, such as {path} and {twin} ({count}): remove the wrong ones"]


def _hashes(images: Tensor) -> NDArray[np.uint64]:
    """A hash of the pixels of each image, (n, 1, height, width): their sum with random weights, modulo 2**64."""
    weights = np.random.default_rng(0).integers(1, 2**63, images[0].numel(), np.uint64)
    return np.concatenate([batch.flatten(1).numpy().astype(np.uint64) @ weights for batch in images.split(500)])


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
