"""Image files → one array of network inputs, preprocessed once, on all cores, by the server's own function.

The array is a memory-mapped file: a second run starts at once, and the operating system pages images in and out if
there are more than fit in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.recognition.decoding import FORMATS, ImageError, decode
from app.recognition.preprocessing import Preprocessing
from training.errors import TrainingError
from training.fingerprint import code_digest
from training.progress import bar

# Scanners and converters write these too. The server does not accept them, because uploads are not trusted.
TRAINING_FORMATS = (*FORMATS, "TIFF", "PPM")
CACHE = ".handwritten-cache"
_CHUNK = 500
_Failures = dict[int, str]


@dataclass(frozen=True)
class Listing:
    """The image files of one folder of class folders, by class."""

    folder: Path
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    targets: tuple[int, ...]


@dataclass(frozen=True)
class ImageSet:
    """Labelled images: a part of the rows of an array.

    `rows` (n,) int64 are the indices of the set's images in `images`, uint8 (N, 1, size, size); `targets` (n,) int64
    are their classes; `paths` are the files of all N images.
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
        """The images at these indices, or where this mask is true."""
        return replace(self, rows=self.rows[chosen], targets=self.targets[chosen])

    def joined(self, other: ImageSet) -> ImageSet:
        """These images and those of another part of the same array."""
        return replace(self, rows=torch.cat([self.rows, other.rows]), targets=torch.cat([self.targets, other.targets]))

    def with_classes(self, classes: tuple[str, ...]) -> ImageSet:
        """The same images, their targets indexing these classes, which must include the set's own."""
        index_of = torch.tensor([classes.index(name) for name in self.classes])
        return replace(self, targets=index_of[self.targets], classes=classes)

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All images in order, (up to `size`, 1, height, width), with their targets."""
        for rows, targets in zip(self.rows.split(size), self.targets.split(size), strict=True):
            yield self.images[rows], targets

    @property
    def fingerprint(self) -> str:
        """Changes with any pixel, target or class of the set."""
        digest = hashlib.blake2b(repr(self.classes).encode(), digest_size=12)
        for batch, targets in self.batches(_CHUNK):
            digest.update(batch.contiguous().numpy().tobytes() + targets.contiguous().numpy().tobytes())
        return digest.hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each class."""
        return dict(zip(self.classes, self.targets.bincount(minlength=len(self.classes)).tolist(), strict=True))


def read_images(
    listing: Listing, preprocessing: Preprocessing, skip_unreadable: bool = False, cache: Path | None = None
) -> ImageSet:
    """Decode and preprocess every image of a listing, in its order, or find them in the folder `cache`.

    Raises TrainingError, with the path, for the first file that is not an image or is blank. With `skip_unreadable`
    such files are skipped and counted; an error is raised only if a class has no image left.
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
        with suppress(OSError):  # in a read-only folder there is no cache
            cache.mkdir(exist_ok=True)
            prefix = f"{listing.folder.name}-{preprocessing.method}-{preprocessing.size}-"
            file = cache / f"{prefix}{_fingerprint(listing, preprocessing)}.npy"
            found = _found(file, shape)
            if found is None:
                for stale in cache.glob(f"{prefix}*"):
                    stale.unlink()
                _fill_cache(file, shape, listing, preprocessing)
                found = _found(file, shape)
            if found is not None:
                return found
    with tempfile.TemporaryFile() as nameless:
        images: NDArray[np.uint8] = np.memmap(nameless, np.uint8, "w+", shape=shape)
    return images, _preprocess_all(images, listing, preprocessing)


def _found(file: Path, shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], _Failures] | None:
    """The cached images and failures, or None if the cache is missing or damaged."""
    try:
        failures = {int(row): str(reason) for row, reason in json.loads(file.with_suffix(".json").read_text()).items()}
        # "c", copy on write: torch warns about arrays that are read-only.
        images = np.load(file, mmap_mode="c")
    except (OSError, ValueError, EOFError, AttributeError):
        return None
    return (images, failures) if images.shape == shape and images.dtype == np.uint8 else None


def _fill_cache(file: Path, shape: tuple[int, ...], listing: Listing, preprocessing: Preprocessing) -> None:
    unfinished = file.with_name(f"{os.getpid()}.part")
    try:
        images = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
        failures = _preprocess_all(images, listing, preprocessing)
        images.flush()
        file.with_suffix(".json").write_text(json.dumps(failures))
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _fingerprint(listing: Listing, preprocessing: Preprocessing) -> str:
    """Changes with any file's name, size or time of change, and with the code that preprocesses."""
    digest = hashlib.blake2b(digest_size=12)
    digest.update(repr((asdict(preprocessing), code_digest(), TRAINING_FORMATS)).encode())
    for path in listing.paths:
        status = os.stat(path)
        name = path.removeprefix(str(listing.folder))  # os.path.relpath would take longer than os.stat
        digest.update(f"{name}\0{status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _preprocess_all(images: NDArray[np.uint8], listing: Listing, preprocessing: Preprocessing) -> _Failures:
    """Fill `images`. Returns the reason for each file that could not be used, by row."""
    failures: _Failures = {}
    starts = range(0, len(images), _CHUNK)
    chunks = (listing.paths[start : start + _CHUNK] for start in starts)
    with (
        ProcessPoolExecutor(min(os.cpu_count() or 1, len(starts)), initializer=_leave_signals_to_the_parent) as pool,
        bar(total=len(images), desc=f"reading {listing.folder}", unit="image") as done,
    ):
        try:
            for start, (preprocessed, wrong) in zip(
                starts, pool.map(partial(_preprocess_chunk, preprocessing), chunks), strict=True
            ):
                images[start : start + len(preprocessed)] = preprocessed
                failures |= {start + offset: reason for offset, reason in wrong.items()}
                done.update(len(preprocessed))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return failures


def _leave_signals_to_the_parent() -> None:
    # A terminal sends Ctrl-C to every process; only the parent reports it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _preprocess_chunk(preprocessing: Preprocessing, paths: Sequence[str]) -> tuple[NDArray[np.uint8], _Failures]:
    images = np.zeros((len(paths), preprocessing.size, preprocessing.size), np.uint8)
    failures = {}
    for offset, path in enumerate(paths):
        try:
            images[offset] = preprocessing(decode(Path(path).read_bytes(), formats=TRAINING_FORMATS))
        except ImageError as error:
            # Only the first sentence: the rest of the message is advice about uploads.
            failures[offset] = f"{str(error).split('. ')[0].rstrip('.')}."
        except OSError as error:
            failures[offset] = f"It cannot be read ({error.strerror or error})."
    return images, failures
