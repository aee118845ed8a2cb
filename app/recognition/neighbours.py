"""The training images that a drawing is most like, as the network sees it: a mistake explains itself by them.

The record `serving/neighbours.npz` has some images of every class; training/neighbours.py chooses and writes them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.recognition.segmentation import Grey

# Larger arrays are refused before they fill the memory.
_MAX_BYTES = 256 * 2**20


class Neighbour(NamedTuple):
    """A training image as the network saw it, uint8 (size, size), its class, and how alike its features are: the
    cosine of the angle between them, 1 for the same."""

    image: Grey
    label: str
    similarity: float


@dataclass(frozen=True)
class Neighbours:
    """Training images with their features.

    `features`, int8 (n, values), are what goes into the network's last layer, scaled to one length; `images`, uint8
    (n, size, size); `labels`, (n,) strings; `credit`: whose images they are, and under which licence.
    """

    features: NDArray[np.int8]
    images: Grey
    labels: Sequence[str]
    credit: tuple[str, ...]

    def nearest(self, features: NDArray[np.float32], count: int) -> list[Neighbour]:
        """Those most like an image with these features, (values,), the nearest first."""
        own = self.features.astype(np.float32)
        lengths = np.linalg.norm(own, axis=1) * np.linalg.norm(features)
        similarity = own @ features / np.maximum(lengths, np.finfo(np.float32).tiny)
        first = np.argsort(-similarity, kind="stable")[:count].tolist()
        return [Neighbour(self.images[row], self.labels[row], float(similarity[row])) for row in first]

    def to_bytes(self) -> bytes:
        """As the record in model.pt."""
        file = io.BytesIO()
        labels, credit = np.array(list(self.labels), np.str_), np.array(list(self.credit), np.str_)
        np.savez_compressed(file, features=self.features, images=self.images, labels=labels, credit=credit)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, record: bytes) -> Neighbours:
        """The inverse of `to_bytes`. Raises ValueError, KeyError, OSError or BadZipFile for any other bytes."""
        with zipfile.ZipFile(io.BytesIO(record)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
                raise ValueError(f"its neighbours take more than {_MAX_BYTES // 2**20} MB")
        with np.load(io.BytesIO(record), allow_pickle=False) as arrays:
            features, images = arrays["features"], arrays["images"]
            labels, credit = arrays["labels"].tolist(), tuple(arrays["credit"].tolist())
        shapes = features.ndim == 2 and images.ndim == 3 and len(features) == len(images) == len(labels)
        if not shapes or features.dtype != np.int8 or images.dtype != np.uint8:
            raise ValueError("its neighbours are not images with their features")
        return cls(features, images, labels, credit)


def quantised(features: NDArray[np.float32]) -> NDArray[np.int8]:
    """Features, (n, values), scaled to one length and rounded to a byte: only their direction is compared."""
    lengths = np.maximum(np.linalg.norm(features, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    unit = features / lengths
    rounded: NDArray[np.int8] = np.rint(
        unit * (127 / np.maximum(np.abs(unit).max(axis=1, keepdims=True), 1e-6))
    ).astype(np.int8)
    return rounded
