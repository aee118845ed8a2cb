"""The images of a training: training, validation and test sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from app.recognition.preprocessing import Preprocessing
from training.division import Grouping, doubtful, folds, hold_out, require_trainable
from training.errors import TrainingError
from training.images import ImageSet
from training.recipes import Recipe
from training.tree import WHOLE, read_tree


@dataclass(frozen=True)
class Division:
    """How to divide a folder without train/ and test/: the fraction of each class for the test, or the number of folds,
    and the groups to keep whole."""

    test_fraction: float = 0.2
    group_by: str = ""
    folds: int = 0


@dataclass(frozen=True)
class Material:
    """`tests` are test sets by name. If there are none, the model is tested by cross-validation: each of `folds` has
    training, validation and test images. `how` says how the images were divided, `remarks` lists probable faults,
    `skipped` counts unreadable files."""

    train: ImageSet
    validation: ImageSet | None
    tests: dict[str, ImageSet]
    folds: tuple[tuple[ImageSet, ImageSet | None, ImageSet], ...] = ()
    how: str = ""
    remarks: tuple[str, ...] = ()
    skipped: int = 0

    @property
    def sets(self) -> dict[str, ImageSet]:
        """All parts by name."""
        validation = {"validation": self.validation} if self.validation else {}
        return {"train": self.train, **validation, **self.tests}

    def __str__(self) -> str:
        tests = ", ".join(f"{len(images):,} in {part}" for part, images in self.tests.items() if part != "test")
        test = f"{len(self.tests['test']):,} to test" if "test" in self.tests else f"{len(self.folds)} folds to test"
        counts = (
            f"{len(self.train):,} images to train on, {len(self.validation) if self.validation else 0:,} to validate, "
            f"{test}{f' ({tests})' if tests else ''}, {len(self.train.classes)} classes"
        )
        return "\n".join([counts, *filter(None, [self.how]), *(f"note: {remark}" for remark in self.remarks)])


def read_material(data: Path, recipe: Recipe, division: Division, skip_unreadable: bool = False) -> Material:
    """Read a folder, and divide it where it has no train/, validation/ or test/.

    Raises TrainingError for a folder that cannot be used or cannot be divided as asked.
    """
    sets = read_tree(data, Preprocessing(recipe.preprocessing, recipe.size), skip_unreadable)
    require_trainable(sets)
    grouping = Grouping(data, division.group_by)
    material = _divided(data, sets, grouping, division, recipe)
    skipped = sum(images.skipped for images in sets.values())
    parts = {f"fold {number}": test for number, (*_, test) in enumerate(material.folds, 1)} or material.sets
    remarks = doubtful(sets, parts)
    if material.validation is None and recipe.validation_fraction:
        remarks.append(
            "too few images to keep some for validation, so confidences are not calibrated and every answer is called "
            "known: about ten images of each class are enough"
        )
    return replace(material, remarks=tuple(remarks), skipped=skipped)


def _divided(data: Path, sets: dict[str, ImageSet], grouping: Grouping, division: Division, recipe: Recipe) -> Material:
    if WHOLE in sets:
        images = sets[WHOLE]
        if division.folds:
            return _in_folds(images, grouping, division, recipe)
        rest, test = hold_out(images, division.test_fraction, recipe.seed, grouping.of(images))
        if not len(test):
            raise TrainingError(
                f"{data}: no image can be spared for a test: every class needs two, of different groups. "
                "Add some, or make DATA/test/<class>."
            )
        tests = {"test": test}
    elif division.folds:
        raise TrainingError(f"--folds: {data} is divided already. Leave it out, or name a folder of class folders.")
    else:
        rest, tests = sets["train"], {part: images for part, images in sets.items() if part.startswith("test")}
    if "validation" in sets:
        return Material(rest, sets["validation"], tests)
    train, validation = _hold_out_validation(rest, grouping, recipe)
    parts = [part for part, there in (("test", WHOLE in sets), ("validation", validation)) if there]
    how = f"{' and '.join(parts)} drawn {_by(grouping, division)}, with seed {recipe.seed}" if parts else ""
    return Material(train, validation, tests, how=how)


def _in_folds(images: ImageSet, grouping: Grouping, division: Division, recipe: Recipe) -> Material:
    divided = tuple(
        (*_hold_out_validation(rest, grouping, recipe), test)
        for rest, test in folds(images, division.folds, recipe.seed, grouping.of(images))
    )
    train, validation = _hold_out_validation(images, grouping, recipe)
    how = f"{division.folds} folds and validation drawn {_by(grouping, division)}, with seed {recipe.seed}"
    return Material(train, validation, {}, divided, how)


def _hold_out_validation(images: ImageSet, grouping: Grouping, recipe: Recipe) -> tuple[ImageSet, ImageSet | None]:
    if not recipe.validation_fraction:
        return images, None
    train, validation = hold_out(images, recipe.validation_fraction, recipe.seed, grouping.of(images))
    return train, validation if len(validation) else None


def _by(grouping: Grouping, division: Division) -> str:
    if division.group_by:
        return f"by class and by {division.group_by!r} in the paths"
    return "by class and writer, as prepared" if grouping else "by class, image by image"
