"""Image files → one array of what the network sees, prepared by the server's own function, on all cores, once.

The array lies in a file that is mapped into memory: a second run starts at once, and a tree larger than the memory is
streamed by the operating system, with the same results.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import PIL
import torch
from numpy.typing import NDArray
from torch import Tensor

import app.recognition
from app.recognition.decoding import FORMATS, ImageError, decode
from app.recognition.preprocessing import Preprocessing
from training.errors import TrainingError
from training.progress import bar
from training.tree import Listing

# Scanners and converters write these too, and here nobody hostile sends them.
TRAINING_FORMATS = (*FORMATS, "TIFF", "PPM")
CACHE = ".handwritten-cache"
_CHUNK = 500
_Failures = dict[int, str]


@dataclass(frozen=True)
class ImageSet:
    """Labelled images, a part of an array of them.

    `rows` (n,) int64 says which of `images`, uint8 (N, 1, size, size), belong to the set, `targets` (n,) int64 of which
    class each of those is; `paths` are the files of all N.
    """

    images: Tensor
    rows: Tensor
    targets: Tensor
    paths: Sequence[str]
    classes: tuple[str, ...]
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def subset(self, chosen: Tensor) -> ImageSet:
        """The images at these places, or where this mask is true."""
        return replace(self, rows=self.rows[chosen], targets=self.targets[chosen])

    def with_classes(self, classes: tuple[str, ...]) -> ImageSet:
        """The same images, their targets indexing these classes, which must include the set's own."""
        index_of = torch.tensor([classes.index(name) for name in self.classes])
        return replace(self, targets=index_of[self.targets], classes=classes)

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All images in order, (up to `size`, 1, height, width), with their targets."""
        for rows, targets in zip(self.rows.split(size), self.targets.split(size), strict=True):
            yield self.images[rows], targets

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each class."""
        return dict(zip(self.classes, self.targets.bincount(minlength=len(self.classes)).tolist(), strict=True))


def read_images(
    listing: Listing, preprocessing: Preprocessing, skip_unreadable: bool = False, cache: Path | None = None
) -> ImageSet:
    """Decode and prepare every image of a listing, in its order, or find them in the folder `cache`.

    Raises TrainingError naming the first file that is no image or shows nothing; with `skip_unreadable` these are left
    out and counted instead, unless none is left of a class.
    """
    images, failures = _cached(listing, preprocessing, cache)
    for row, reason in failures.items():
        path = listing.paths[row]
        if not skip_unreadable:
            raise TrainingError(f"{path}: {reason} Replace or remove it, or go on with --skip-unreadable.")
        print(f"skipped {path}: {reason}")
    good = np.ones(len(images), bool)
    good[list(failures)] = False
    targets = np.array(listing.targets, np.int64)
    emptied = np.setdiff1d(targets, targets[good])
    if len(emptied):
        name = listing.classes[emptied[0]]
        raise TrainingError(f"{listing.folder / name}: no readable image is left in this class. Add some.")
    return ImageSet(
        images=torch.from_numpy(images).unsqueeze(1),
        rows=torch.from_numpy(np.flatnonzero(good)),
        targets=torch.from_numpy(targets[good]),
        paths=listing.paths,
        classes=listing.classes,
        skipped=len(failures),
    )


def _cached(listing: Listing, preprocessing: Preprocessing, cache: Path | None) -> tuple[NDArray[np.uint8], _Failures]:
    shape = (len(listing.paths), preprocessing.size, preprocessing.size)
    if cache is not None:
        with suppress(OSError):  # a tree that cannot be written to is read anew each time
            cache.mkdir(exist_ok=True)
            prefix = f"{listing.folder.name}-{preprocessing.method}-{preprocessing.size}-"
            file = cache / f"{prefix}{_fingerprint(listing, preprocessing)}.npy"
            if not file.exists():
                for stale in cache.glob(f"{prefix}*"):
                    stale.unlink()
                _fill_cache(file, shape, listing, preprocessing)
            failures = json.loads(file.with_suffix(".json").read_text())
            # "c": changes would stay in memory, which torch wants to be possible, and never reach the file.
            return np.load(file, mmap_mode="c"), {int(row): reason for row, reason in failures.items()}
    with tempfile.TemporaryFile() as nameless:
        images: NDArray[np.uint8] = np.memmap(nameless, np.uint8, "w+", shape=shape)
    return images, _prepare_all(images, listing, preprocessing)


def _fill_cache(file: Path, shape: tuple[int, ...], listing: Listing, preprocessing: Preprocessing) -> None:
    unfinished = file.with_name(f"{os.getpid()}.part")
    try:
        images = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
        failures = _prepare_all(images, listing, preprocessing)
        images.flush()
        file.with_suffix(".json").write_text(json.dumps(failures))
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _fingerprint(listing: Listing, preprocessing: Preprocessing) -> str:
    """Changes with any file's name, size or time of change, and with the code that prepares."""
    digest = hashlib.blake2b(digest_size=12)
    digest.update(repr((asdict(preprocessing), PIL.__version__, TRAINING_FORMATS)).encode())
    for source in ("decoding.py", "preprocessing.py", "segmentation.py", "photographs.py", "components.py", "ink.onnx"):
        digest.update((Path(app.recognition.__path__[0]) / source).read_bytes())
    for path in listing.paths:
        status = os.stat(path)
        name = path.removeprefix(str(listing.folder))  # not os.path.relpath: it takes longer than asking for the status
        digest.update(f"{name}\0{status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _prepare_all(images: NDArray[np.uint8], listing: Listing, preprocessing: Preprocessing) -> _Failures:
    """Fill `images` and return what is wrong with the files that could not be used, by row."""
    failures: _Failures = {}
    starts = range(0, len(images), _CHUNK)
    chunks = (listing.paths[start : start + _CHUNK] for start in starts)
    with (
        ProcessPoolExecutor(min(os.cpu_count() or 1, len(starts))) as pool,
        bar(total=len(images), desc=f"reading {listing.folder}", unit="image") as done,
    ):
        try:
            for start, (prepared, wrong) in zip(
                starts, pool.map(partial(_prepare_chunk, preprocessing), chunks), strict=True
            ):
                images[start : start + len(prepared)] = prepared
                failures |= {start + offset: reason for offset, reason in wrong.items()}
                done.update(len(prepared))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return failures


def _prepare_chunk(preprocessing: Preprocessing, paths: Sequence[str]) -> tuple[NDArray[np.uint8], _Failures]:
    images = np.zeros((len(paths), preprocessing.size, preprocessing.size), np.uint8)
    failures = {}
    for offset, path in enumerate(paths):
        try:
            images[offset] = preprocessing(decode(Path(path).read_bytes(), formats=TRAINING_FORMATS))
        except (ImageError, OSError) as error:
            failures[offset] = str(error)
    return images, failures
