"""`--look-alikes 0Oo 1Il`: classes that differ only in size or context, for people too.

The model stores these groups. Its figures have two accuracies: for the exact class, and with each group as one class.
The page shows an answer together with its look-alikes.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, arange

from training.errors import TrainingError

Groups = tuple[tuple[str, ...], ...]


def parse(given: Sequence[str]) -> Groups:
    """Groups of class names, each written without a space between characters, or with commas between longer names.

    Raises TrainingError for a group of one class, or a class in two groups.
    """
    groups = tuple(tuple(filter(None, text.split(","))) if "," in text else tuple(text) for text in given)
    seen: set[str] = set()
    for text, group in zip(given, groups, strict=True):
        if len(group) < 2:
            raise TrainingError(f"--look-alikes {text}: only one class. Name two or more, as in 0Oo or zero,oh.")
        if len(group) > len(set(group) - seen):
            raise TrainingError(f"--look-alikes {text}: a class is named twice. Put it into one group, once.")
        seen.update(group)
    return groups


def require_classes(groups: Groups, classes: Sequence[str]) -> None:
    """Raise TrainingError for a look-alike that is not a class."""
    for name in (name for group in groups for name in group):
        if name not in classes:
            raise TrainingError(f"--look-alikes: {name} is not a class. The classes are {', '.join(classes)}.")


def merged(indices: Tensor, groups: Groups, classes: Sequence[str]) -> Tensor:
    """Class indices, int64 (n,), where each look-alike is replaced by the first class of its group."""
    first = arange(len(classes))
    for group in groups:
        for name in group:
            first[classes.index(name)] = classes.index(group[0])
    return first[indices]
