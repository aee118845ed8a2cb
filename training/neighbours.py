"""Choose the training images that the server shows as a drawing's neighbours (app/recognition/neighbours.py).

They are evenly spaced over the images of each class that the network reads right. Files are in alphabetical order, so
every source and writer is represented. Misread images are left out, because many of them have a wrong label. (Of the
committed model's validation images, 99.1 % have a nearest neighbour of their class; with misread images among the
neighbours it is 98.9 %. Cluster centres by k-means are a tenth nearer, but no better: 99.1 %.)
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.recognition import model_file
from app.recognition.inside import with_outputs
from app.recognition.model_file import INPUT, OUTPUT, ModelFileError, Network
from app.recognition.neighbours import Neighbours, quantised
from training.images import ImageSet
from training.layers import describe
from training.prepare import sources

# Of all classes together: 240 kB of them for the default network.
DEFAULT_COUNT = 1000
_BATCH = 256


def choose(network: bytes, train: ImageSet, count: int, credit: tuple[str, ...]) -> Neighbours | None:
    """Choose `count` images, the same number of each class, at least one. None if the network cannot be described, or
    reads no image right. `network` is the ONNX file that is served, `credit` names the images' sources."""
    seen = _Features.of(network)
    if seen is None or not count:
        return None
    each = max(1, count // len(train.classes))
    features, rows, labels = [], [], list[str]()
    for index, name in enumerate(train.classes):
        own = train.rows[train.targets == index]
        candidates = _spaced(own, 2 * each)
        found, logits = seen(train.images, candidates)
        right = _spaced(torch.from_numpy(np.flatnonzero(logits.argmax(1) == index)), each)
        features.append(found[right.numpy()])
        rows.append(candidates[right])
        labels += [name] * len(right)
    if not labels:
        return None
    images = train.images[torch.cat(rows)].squeeze(1).numpy()
    return Neighbours(quantised(np.concatenate(features)), images, labels, credit)


def of_another_network(neighbours: Neighbours, network: bytes) -> Neighbours | None:
    """The same images with the features of another network; None if that network cannot be described."""
    seen = _Features.of(network)
    if seen is None:
        return None
    images = torch.from_numpy(neighbours.images).unsqueeze(1)
    return replace(neighbours, features=quantised(seen(images, torch.arange(len(images)))[0]))


def kept(model: Path, network: bytes) -> Neighbours | None:
    """The neighbours in a model file, with the features of another network; None if the file has none."""
    try:
        card, _ = model_file.load(model)
        record = model_file.load_inside(model, card).neighbours
        return of_another_network(Neighbours.from_bytes(record), network) if record else None
    except (ModelFileError, ValueError, KeyError, OSError, BadZipFile):  # PyTorch can still read the file
        return None


def credit_of(data: Path) -> tuple[str, ...]:
    """The sources and licences of a tree's training images, as far as `prepare` recorded them."""
    found = [source for source in sources.read(data).values() if source.get("images", {}).get("train")]
    return tuple(dict.fromkeys(str(source["credit"]) for source in found if source.get("credit")))


class _Features:
    """Computes the input of a network's last layer, and its logits."""

    def __init__(self, network: bytes, tensor: str) -> None:
        self._session, self._tensor = Network(with_outputs(network, [tensor])).session, tensor

    @classmethod
    def of(cls, network: bytes) -> _Features | None:
        inside = describe(network)
        return cls(network, inside.features) if inside else None

    def __call__(self, images: Tensor, rows: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features and logits, (n, values) and (n, outputs), of these rows of images, uint8 (N, 1, size, size)."""
        batches = [
            self._session.run([self._tensor, OUTPUT], {INPUT: (images[some].float() / 255).numpy()})
            for some in rows.split(_BATCH)
        ]
        features, logits = zip(*batches, strict=True)
        return np.concatenate(features), np.concatenate(logits)


def _spaced(rows: Tensor, count: int) -> Tensor:
    """`count` of the rows, evenly spaced, or all if there are fewer."""
    return rows[torch.linspace(0, len(rows) - 1, count).long()] if len(rows) > count else rows
