"""The command line's options for a recipe."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any, get_args

from training.augmentation import AUGMENTATIONS
from training.errors import TrainingError
from training.recipes import Optimizer, Recipe, Scheduler


def add_recipe(group: Any) -> None:
    """Options named as the recipe's fields; what is not given does not appear among the parsed options."""
    default = Recipe()

    def add(field: str, help: str = "", **options: Any) -> None:
        shown = getattr(default, field)
        if isinstance(shown, (tuple, dict)):
            shown = " ".join(shown) or "none"
        elif field == "teacher":
            shown = "none"
        elif field in ("epochs", "batch_size"):
            shown = "by the number of images"
        flag = f"--{field.replace('_', '-')}"
        group.add_argument(flag, dest=field, default=argparse.SUPPRESS, help=f"{help} ({shown})".strip(), **options)

    add("epochs", "passes over the images", type=positive)
    add("batch_size", "images to a step, over all processes", type=positive)
    add("opt", "optimizer", choices=get_args(Optimizer))
    add("lr", "highest learning rate", type=float)
    add("weight_decay", type=float)
    add("label_smoothing", type=fraction)
    add("lr_scheduler", choices=get_args(Scheduler))
    add("lr_warmup_epochs", type=float)
    add("lr_step_size", "epochs, for step", type=positive)
    add("lr_gamma", "factor, for step", type=float)
    names = ", ".join(AUGMENTATIONS)
    add("augment", f"any of {names}; none to switch it off", nargs="*", choices=AUGMENTATIONS, metavar="NAME")
    add("model_ema_decay", "of the averaged weights, 0 for none", type=fraction)
    add("class_weight", "CLASS=FACTOR (repeatable), or balanced", action="append", metavar="WEIGHT")
    add("patience", "epochs without a lower validation loss, 0 for no end", type=int)
    add("amp", "compute in bfloat16", action=argparse.BooleanOptionalAction)
    add("seed", type=int)
    add("device", "cpu, cuda, mps, …")
    add("teacher", "a model to learn from: its probabilities instead of the labels", metavar="MODEL")


def given_choices(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's fields that were given. Raises TrainingError for a class weight that is none."""
    given = {field.name: getattr(options, field.name) for field in fields(Recipe) if hasattr(options, field.name)}
    if "augment" in given:
        given["augment"] = tuple(given["augment"])
    if "class_weight" in given:
        given["class_weight"] = _class_weight(given["class_weight"])
    return given


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
    """A whole number of at least 1. Raises ValueError otherwise, which argparse explains."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def fraction(text: str) -> float:
    """A number from 0 to below 1. Raises ValueError otherwise, which argparse explains."""
    number = float(text)
    if not 0 <= number < 1:
        raise ValueError
    return number
