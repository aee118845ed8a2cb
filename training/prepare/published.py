"""Published data sets of small grey images, read with torchvision."""

from __future__ import annotations

import gzip
import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

from PIL import Image

from training.errors import TrainingError
from training.prepare.folder import ImageFolderWriter
from training.progress import bar

PARTS = ("train", "test")
VALIDATION = "validation"
EMNIST_SPLITS = ("balanced", "digits", "letters")
CREDITS = {
    "mnist": "MNIST; LeCun, Cortes and Burges; CC BY-SA 3.0",
    "kmnist": "Kuzushiji-MNIST; CODH, doi:10.20676/00000341; CC BY-SA 4.0",
    "fashion-mnist": "Fashion-MNIST; Zalando Research; MIT",
    "emnist": "EMNIST; Cohen, Afshar, Tapson and van Schaik, 2017, from NIST Special Database 19",
    "qmnist": "QMNIST; Yadav and Bottou, 2019, from NIST Special Database 19",
    "usps": "USPS; Hull, 1994",
}
NAMES = tuple(CREDITS)


def prepare(
    name: str,
    out: Path,
    root: Path | None = None,
    split: str = "balanced",
    only: str | None = None,
    test_fraction: float = 0.2,
    validation_fraction: float = 0.0,
    seed: int = 0,
) -> dict[str, int]:
    """Write a data set as an image folder and return the number of images in each part.

    Without `root` the raw files are downloaded to `out/.raw`; with it they must be there, laid out as torchvision does.
    `split` is EMNIST's. With `only`, just that part of the data set is read, and `test_fraction` of each class (drawn
    with `seed`) becomes the test set. Of what is left to train on, `validation_fraction` of each class becomes a
    validation set: images drawn one by one, for these files do not say who wrote them.

    Raises TrainingError if the raw files are not there, cannot be downloaded or are damaged.
    """
    writer = ImageFolderWriter(out)
    written = dict.fromkeys(("train", VALIDATION, "test"), 0)
    for part in [only] if only else PARTS:
        with _opened(name, out, root, split, part) as dataset:
            classes = _class_names(name, dataset)
            labels = [classes[int(dataset[index][1])] for index in range(len(dataset))]
            parts = [part] * len(labels)
            if only:
                parts = ["train"] * len(labels)
                _move(parts, labels, "test", test_fraction, seed)
            _move(parts, labels, VALIDATION, validation_fraction, seed)
            for index in bar(range(len(dataset)), desc=f"{name} {part}", unit="image"):
                image: Image.Image = dataset[index][0]
                if name == "emnist":  # its images are transposed
                    image = image.transpose(Image.Transpose.TRANSPOSE)
                writer.write(parts[index], labels[index], f"{name}-{part}-{index:05d}", image)
                written[parts[index]] += 1
    return {part: count for part, count in written.items() if count}


@contextmanager
def _opened(name: str, out: Path, root: Path | None, split: str, part: str) -> Iterator[Any]:
    from training.torchvision import datasets

    kinds: dict[str, Callable[..., Any]] = {
        "mnist": datasets.MNIST,
        "kmnist": datasets.KMNIST,
        "fashion-mnist": datasets.FashionMNIST,
        "emnist": datasets.EMNIST,
        "qmnist": datasets.QMNIST,
        "usps": datasets.USPS,
    }
    kind = kinds[name]
    if name in ("mnist", "kmnist", "fashion-mnist"):
        kind = _needing_only(kind, part)
    options: dict[str, Any] = {"train": part == "train", "download": root is None}
    if name == "emnist":
        options["split"] = split
    with ExitStack() as stack:
        try:
            where = stack.enter_context(_unzipped(root)) if root else out / ".raw"
            where.mkdir(parents=True, exist_ok=True)
            yield kind(where, **options)
        except (URLError, OSError, RuntimeError, ValueError, EOFError) as error:
            remedy = (
                "Check the folder, or leave --root out to download the files."
                if root
                else "Check the network, or point --root at the raw files."
            )
            reason = str(error).splitlines()[0].rstrip(".")
            raise TrainingError(f"{root or where}: no usable {name} files ({reason}). {remedy}") from error


def _needing_only(kind: Any, part: str) -> Any:
    """The data set class, changed to need the files of one part only: torchvision's needs all four."""
    prefix = "train" if part == "train" else "t10k"
    needed = [resource for resource in kind.resources if Path(resource[0]).name.startswith(prefix)]
    return type(kind.__name__, (kind,), {"resources": needed})


@contextmanager
def _unzipped(root: Path) -> Iterator[Path]:
    """`root`, or a temporary copy with its raw files unpacked where it has only gzipped ones."""
    zipped = [path for path in root.glob("*/raw/*.gz") if not path.with_suffix("").exists()]
    if not zipped:
        yield root
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in root.glob("*/raw/*"):
            target = Path(folder, path.relative_to(root))
            target.parent.mkdir(parents=True, exist_ok=True)
            if path in zipped:
                with gzip.open(path) as packed, target.with_suffix("").open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
            else:
                target.symlink_to(path.resolve())
        yield Path(folder)


def _class_names(name: str, dataset: Any) -> Sequence[str]:
    if name in ("mnist", "qmnist", "usps"):
        return [str(digit) for digit in range(10)]
    return list(dataset.classes)


def _move(parts: list[str], labels: Sequence[str], part: str, fraction: float, seed: int) -> None:
    """Move this fraction of the training images of every class to another part."""
    of_class = defaultdict(list)
    for index, label in enumerate(labels):
        if parts[index] == "train":
            of_class[label].append(index)
    for indices in of_class.values():
        for index in random.Random(seed).sample(indices, round(fraction * len(indices))):
            parts[index] = part
