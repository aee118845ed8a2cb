"""Image folders: find their parts (train, validation, test), list their classes and images, and read them."""

from __future__ import annotations

import os
from pathlib import Path

from app.recognition.preprocessing import Preprocessing
from training.class_names import class_of
from training.errors import TrainingError
from training.images import CACHE, ImageSet, Listing, read_images

# Both spellings are in use; messages name the first.
PART_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}
_LAYOUT = "DATA/<class>/*.png, or in DATA/train/<class>/*.png and DATA/test/<class>/*.png"
# The name, in messages and in the model, of the images of a folder that is not divided.
WHOLE = "all"
# What systems put into folders by themselves, in lower case.
_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir"}


def read_tree(data: Path, preprocessing: Preprocessing, skip_unreadable: bool = False) -> dict[str, ImageSet]:
    """The images of a folder's parts, all of the same classes.

    "train", "test" and, if the folder has one, "validation"; then its further test sets, each under its folder's name,
    their targets indexing the same classes. Or, of a folder that has neither train/ nor test/, all of its classes'
    images as "all".
    Raises TrainingError for a tree that is incomplete or has files that are no images.
    """
    if not is_divided(data):
        listings = {WHOLE: list_images(data)}
    else:
        folders = {part: require_part(data, part) for part in ("train", "test")}
        validation = find_part(data, "validation")
        if validation:
            folders["validation"] = validation
        listings = {part: list_images(folder) for part, folder in folders.items()}
        for listing in listings.values():
            _require_same_classes(listings["train"], listing)
        for folder in extra_tests(data):
            listings[folder.name] = list_images(folder)
            require_known_classes(listings[folder.name], listings["train"].classes)
    classes = next(iter(listings.values())).classes
    return {
        part: read_images(listing, preprocessing, skip_unreadable, data / CACHE).with_classes(classes)
        for part, listing in listings.items()
    }


def is_divided(data: Path) -> bool:
    """Whether a folder has parts; otherwise its folders are classes. Raises TrainingError if it is not there."""
    if not data.is_dir():
        raise TrainingError(f"{data}: no such folder. The images are expected in {_LAYOUT}.")
    return any(find_part(data, part) for part in ("train", "test"))


def find_part(data: Path, part: str) -> Path | None:
    """The folder of a part ("train", "validation" or "test"), or None if the tree has none."""
    return next((data / name for name in PART_NAMES[part] if (data / name).is_dir()), None)


def extra_tests(data: Path) -> list[Path]:
    """Further test sets of the tree, beside the main one: `test-<name>`, each with all or some of the classes."""
    return sorted(folder for folder in data.glob("test-*") if folder.is_dir())


def require_part(data: Path, part: str) -> Path:
    """The folder of a part. Raises TrainingError if the tree or that part of it does not exist."""
    divided = is_divided(data)
    folder = find_part(data, part)
    if folder is None and not divided:
        raise TrainingError(f"{data}: has no parts. Name a folder with {part}/<class>/*.png in it.")
    if folder is None:
        raise TrainingError(f"{data}: no {part} folder in it. The images are expected in {_LAYOUT}.")
    return folder


def list_images(folder: Path) -> Listing:
    """List the images in a folder of class folders and their subfolders; classes and files in alphabetical order.

    Hidden files and those of the system are ignored, all others are taken as images. Raises TrainingError if the folder
    is not there, has no class folders, or one of them is empty.
    """
    if not folder.is_dir():
        raise TrainingError(f"{folder}: no such folder. Name one that holds a folder of images for each class.")
    names = [entry.name for entry in os.scandir(folder) if entry.is_dir() and not _is_hidden(entry.name)]
    if not names:
        raise TrainingError(f"{folder}: no class folders in it. Make one for each class and put its images there.")
    paths_of: dict[str, list[str]] = {}
    for name in sorted(names):
        found = _files(os.path.join(folder, name))
        if not found:
            raise TrainingError(f"{folder / name}: no images in this class. Add some, or remove the folder.")
        paths_of.setdefault(class_of(name), []).extend(found)
    classes = tuple(sorted(paths_of))
    targets = [index for index, name in enumerate(classes) for _ in paths_of[name]]
    return Listing(folder, classes, tuple(path for name in classes for path in paths_of[name]), tuple(targets))


def _files(folder: str) -> list[str]:
    paths = []
    for root, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        paths += [os.path.join(root, name) for name in sorted(files) if not _is_hidden(name)]
    return paths


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OF_THE_SYSTEM


def _require_same_classes(train: Listing, other: Listing) -> None:
    """Raises TrainingError if two parts of a tree have different classes."""
    if train.classes == other.classes:
        return
    for here, there in ((train, other), (other, train)):
        missing = sorted(set(here.classes) - set(there.classes))
        if missing:
            raise TrainingError(
                f"{there.folder}: no folder for {', '.join(map(repr, missing[:5]))}, which {here.folder} has. "
                "Both need the same classes: add the folder there or remove it here."
            )


def require_known_classes(listing: Listing, classes: tuple[str, ...]) -> None:
    """Raises TrainingError if a listing has a class that is not among these."""
    unknown = sorted(set(listing.classes) - set(classes))
    if unknown:
        raise TrainingError(
            f"{listing.folder}: the class {unknown[0]!r} is not one of {', '.join(classes)}. "
            "Rename the folder, or remove it."
        )
