"""The parts of a tree: what to train on, to validate with and to test on."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from app.recognition.preprocessing import Preprocessing
from training.errors import TrainingError
from training.images import CACHE, ImageSet, read_images
from training.recipes import Recipe
from training.tree import (
    extra_tests,
    find_part,
    list_images,
    require_known_classes,
    require_part,
    require_same_classes,
)


def read_parts(data: Path, preprocessing: Preprocessing, skip_unreadable: bool = False) -> dict[str, ImageSet]:
    """The "train", "test" and, if the tree has one, "validation" images, all of the same classes; then its further test
    sets, each under its folder's name, their targets indexing the same classes.

    Raises TrainingError for a tree that is incomplete or has files that are no images.
    """
    folders = {part: require_part(data, part) for part in ("train", "test")}
    validation = find_part(data, "validation")
    if validation:
        folders["validation"] = validation
    listings = {part: list_images(folder) for part, folder in folders.items()}
    for listing in listings.values():
        require_same_classes(listings["train"], listing)
    classes = listings["train"].classes
    for folder in extra_tests(data):
        listings[folder.name] = list_images(folder)
        require_known_classes(listings[folder.name], classes)
    return {
        part: read_images(listing, preprocessing, skip_unreadable, data / CACHE).with_classes(classes)
        for part, listing in listings.items()
    }


def split_validation(sets: dict[str, ImageSet], fraction: float, seed: int) -> tuple[ImageSet, ImageSet | None]:
    """What to train on and what to validate with: the tree's own validation set, or this share of each class.

    A class keeps at least one image to train on; without any image to spare there is no validation set.
    """
    train = sets["train"]
    if "validation" in sets:
        return train, sets["validation"]
    generator = torch.Generator().manual_seed(seed)
    held_out = torch.zeros(len(train), dtype=torch.bool)
    for index in range(len(train.classes)):
        members = (train.targets == index).nonzero().squeeze(1)
        shuffled = members[torch.randperm(len(members), generator=generator)]
        held_out[shuffled[: min(round(fraction * len(members)), len(members) - 1)]] = True
    return train.subset(~held_out), train.subset(held_out) if held_out.any() else None


def class_weights(recipe: Recipe, train: ImageSet) -> Tensor | None:
    """The factor of each class's loss, (classes,), or None where all are 1.

    "balanced" is the number of images over that of a class, over the number of classes: 1 on average over the images.
    Raises TrainingError for a class that the tree does not have.
    """
    if recipe.class_weight == "balanced":
        counts = train.targets.bincount(minlength=len(train.classes))
        return len(train) / (len(train.classes) * counts.float())
    if not recipe.class_weight:
        return None
    weights = torch.ones(len(train.classes))
    for name, factor in recipe.class_weight.items():
        if name not in train.classes:
            raise TrainingError(
                f"--class-weight {name}={factor:g}: no class {name!r} in the tree. It has {', '.join(train.classes)}."
            )
        weights[train.classes.index(name)] = factor
    return weights
