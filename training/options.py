"""Command-line options for the fields of a recipe."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, get_args

from app.recognition.preprocessing import Method
from training.augmentation import AUGMENTATIONS
from training.errors import TrainingError
from training.recipes import Optimizer, Recipe, Scheduler


def add_recipe(group: Any) -> None:
    """Add an option for each field of the recipe. Options that are not given are missing from the parsed ones."""
    default = Recipe()

    def add(field: str, help: str = "", also: Sequence[str] = (), **options: Any) -> None:
        shown = getattr(default, field)
        if isinstance(shown, (tuple, dict)):
            shown = " ".join(shown) or "none"
        elif field in ("teacher", "init"):
            shown = "none"
        elif field in ("epochs", "batch_size"):
            shown = "by the number of images"
        flags = [f"--{field.replace('_', '-')}", *also]
        group.add_argument(*flags, dest=field, default=argparse.SUPPRESS, help=f"{help} ({shown})".strip(), **options)

    add(
        "preprocessing",
        "ink: characters, cropped and centred; plain: pictures that fill their frame",
        ["--prepare"],
        choices=get_args(Method),
    )
    add("size", "pixels of a side of what the network sees", type=positive)
    add(
        "validation_fraction",
        "share of each class to choose the epoch by, without validation/",
        type=fraction,
    )
    add("epochs", "how often the training goes through all images", type=positive)
    add("batch_size", "images in a step, of all processes together", type=positive)
    add("opt", "optimizer", choices=get_args(Optimizer))
    add("lr", "highest learning rate", type=factor)
    add("weight_decay", "of all weights but biases and normalisation", type=factor)
    add("label_smoothing", "share of each label that is spread over all classes", type=fraction)
    add("lr_scheduler", "how the learning rate falls after its warm-up", choices=get_args(Scheduler))
    add("lr_warmup_epochs", "epochs in which the learning rate rises", type=factor)
    add("lr_step_size", "for step: epochs between two falls", type=positive)
    add("lr_gamma", "for step: factor of each fall", type=factor)
    add(
        "progressive_resizing",
        "first share of the training, on images of half the side: faster",
        type=fraction,
    )
    names = ", ".join(AUGMENTATIONS)
    add(
        "augment",
        f"any of {names}, each with =STRENGTH or 1; alone: no augmentation",
        nargs="*",
        metavar="NAME",
    )
    add("model_ema_decay", "how slowly the averaged weights follow, from 0 (no averaging) to 1", type=fraction)
    add("class_weight", "CLASS=FACTOR (repeatable), or balanced", action="append", metavar="WEIGHT")
    add("patience", "end after so many epochs without a lower validation loss; 0: never", type=natural)
    add("amp", "compute in bfloat16", action=argparse.BooleanOptionalAction)
    add("seed", "of all random numbers", type=natural)
    add("device", "cpu, cuda, mps, …")
    add(
        "init",
        "a model to start from, also one of other classes; other defaults",
        metavar="MODEL",
    )
    add(
        "refit",
        "train a second time, on the validation images too, if DATA has no validation/; yes with --init",
        action=argparse.BooleanOptionalAction,
    )
    add("teacher", "a model to learn from: its probabilities instead of the labels", metavar="MODEL")


def given_choices(options: argparse.Namespace) -> dict[str, Any]:
    """The fields that were given. Raises TrainingError for an unknown augmentation or an invalid class weight."""
    given = {field.name: getattr(options, field.name) for field in fields(Recipe) if hasattr(options, field.name)}
    if "augment" in given:
        given["augment"] = dict(_augmentation(item) for item in given["augment"])
    if "class_weight" in given:
        given["class_weight"] = _class_weight(given["class_weight"])
    return given


def _augmentation(item: str) -> tuple[str, float]:
    name, _, strength = item.partition("=")
    try:
        if name in AUGMENTATIONS and float(strength or 1) >= 0:
            return name, float(strength or 1)
    except ValueError:
        pass
    raise TrainingError(
        f"--augment {item}: not one of {', '.join(AUGMENTATIONS)}, nor one with a strength: affine=0.5."
    )


def _class_weight(given: list[str]) -> Any:
    if given == ["balanced"]:
        return "balanced"
    weights = {}
    for item in given:
        name, _, factor = item.rpartition("=")
        try:
            weights[name] = float(factor)
        except ValueError:
            raise TrainingError(f"--class-weight {item}: not CLASS=FACTOR, such as 9=2, nor balanced.") from None
    return weights


def positive(text: str) -> int:
    """Parse a whole number of at least 1."""
    return int(_within(text, int, 1, math.inf, "a whole number of 1 or more"))


def natural(text: str) -> int:
    """Parse a whole number of at least 0."""
    return int(_within(text, int, 0, math.inf, "a whole number of 0 or more"))


def factor(text: str) -> float:
    """Parse a number of at least 0."""
    return _within(text, float, 0, math.inf, "a number of 0 or more")


def fraction(text: str) -> float:
    """Parse a number from 0 to below 1."""
    return _within(text, float, 0, 1, "a number from 0 to below 1")


def folds(text: str) -> int:
    """Parse a number of folds: 2 or more, or 0 for none."""
    number = natural(text)
    if number == 1:
        raise argparse.ArgumentTypeError("one fold would leave nothing to train on: take 2 or more")
    return number


def _within(text: str, kind: Callable[[str], float], least: float, below: float, words: str) -> float:
    """Parse a number. argparse prints the message of an ArgumentTypeError."""
    try:
        number = kind(text)
    except ValueError:
        number = math.nan
    if not least <= number < below:
        raise argparse.ArgumentTypeError(f"{text!r} is not {words}")
    return number
