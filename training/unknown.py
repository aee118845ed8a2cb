"""Images of no class: learned as one more output, so that the model says of an answer whether it is `known`.

The network is shown them beside the labelled images (outlier exposure: Hendrycks, Mazeika and Dietterich, "Deep Anomaly
Detection with Outlier Exposure", 2019) as a class of their own, whose output is kept out of the probabilities. A model
trained without them is judged by its highest logit alone (Hendrycks et al., "Scaling Out-of-Distribution Detection for
Real-World Settings", 2022).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from app.recognition.preprocessing import Preprocessing
from training import metrics
from training.checkpoint import Checkpoint
from training.errors import TrainingError
from training.images import CACHE, ImageSet, Listing, read_images
from training.tree import find_part

# Images of no class to a batch, as a share of its labelled ones: more made training longer and the model no better.
_SHARE = 0.2
# Of the folder's images, if it has no validation part.
_VALIDATION = 0.1
# A wrong "unknown" is so many times as bad as a wrong "known": people who write a digit outnumber those who do not. And
# no more than this share of validation images may be called unknown: new people will lose about twice as many.
_COST = 10
_MOST_LOST = 0.005
# Without images of no class: the share of validation images that may be called unknown.
_REJECTED = 0.01


@dataclass(frozen=True)
class Unknown:
    """Images of no class, to train on and to choose the threshold with; all targets are 0."""

    train: ImageSet
    validation: ImageSet

    def joined(self, images: Tensor, targets: Tensor, classes: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """A batch, uint8 (n, 1, size, size) with its targets, and some of these images, drawn anew each time, whose
        target is the number of classes."""
        count = max(1, round(_SHARE * len(images)))
        rows = self.train.rows[torch.randint(len(self.train), (count,), generator=generator)]
        return torch.cat([images, self.train.images[rows]]), torch.cat([targets, targets.new_full((count,), classes)])


def read_unknown(folder: Path | None, preprocessing: Preprocessing, seed: int) -> Unknown | None:
    """Read a folder of images of no class, in whatever folders they lie, or its parts train/ and validation/.

    What cannot be read or shows nothing is left out. Raises TrainingError if too few are left. None for no folder.
    """
    if folder is None:
        return None
    if not folder.is_dir():
        raise TrainingError(f"--unknown {folder}: no such folder. Name one with images of none of the classes.")
    train_folder, validation_folder = (find_part(folder, part) for part in ("train", "validation"))
    if train_folder and validation_folder:
        train, validation = (_read(part, preprocessing, folder / CACHE) for part in (train_folder, validation_folder))
        return Unknown(train, validation)
    found = _read(train_folder or folder, preprocessing, folder / CACHE)
    count = round(_VALIDATION * len(found))
    if not count:
        raise TrainingError(f"--unknown {folder}: too few images in it ({len(found)}). Give ten at least.")
    order = torch.randperm(len(found), generator=Generator().manual_seed(seed))
    return Unknown(found.subset(order[count:].sort().values), found.subset(order[:count].sort().values))


def _read(folder: Path, preprocessing: Preprocessing, cache: Path) -> ImageSet:
    # What is hidden is no image: the cache, for one.
    paths = sorted(
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not paths:
        raise TrainingError(f"--unknown {folder}: no images in it. Put images of none of the classes there.")
    listing = Listing(folder, ("unknown",), tuple(paths), (0,) * len(paths))
    return read_images(listing, preprocessing, skip_unreadable=True, cache=cache)


def knownness(outputs: Tensor, classes: int) -> Tensor:
    """How clearly each row of a network's outputs (n, classes or one more) is of one of the classes, (n,): the highest
    logit, less the one for no class. The server computes the same."""
    highest = outputs[:, :classes].max(1).values
    return highest - outputs[:, classes] if outputs.shape[1] > classes else highest


def with_threshold(model: Checkpoint, validation: ImageSet, unknown: Unknown | None) -> Checkpoint:
    """The model with the threshold that suits these images best, and with what it costs noted."""
    network = model.network()
    classes = len(model.classes)
    known = knownness(metrics.outputs_of(network, validation), classes)
    strange = knownness(metrics.outputs_of(network, unknown.validation), classes) if unknown else None
    threshold = fit_threshold(known, strange)
    note: dict[str, Any] = {"validation images known": (known >= threshold).double().mean().item()}
    if unknown and strange is not None:
        share = (strange >= threshold).double().mean().item()
        note |= {"images of no class": len(unknown.train), "images of no class known": share}
        print(f"{share:.2%} of {len(strange):,} images of no class are called known, ", end="")
    print(f"{note['validation images known']:.2%} of {len(known):,} validation images")
    return replace(model, known_threshold=threshold, provenance={**model.provenance, "known": note})


def fit_threshold(known: Tensor, unknown: Tensor | None) -> float:
    """Where to answer `known` from, given the knownness of validation images and of images of no class.

    With the latter, where the share of wrong "unknown", times their cost, and the share of wrong "known" are least in
    sum, among thresholds that lose few validation images. Without, where one in a hundred validation images is lost;
    where these are too few to tell, a standard deviation below the lowest.
    """
    known = known.double().sort().values
    if unknown is None:
        rank = int(_REJECTED * (len(known) + 1))
        return float(known[rank] if rank else known[0] - known.std(correction=0))
    values = torch.cat([known, unknown.double()]).sort().values
    candidates = torch.cat([values[:1], (values[1:] + values[:-1]) / 2])
    lost = torch.searchsorted(known, candidates).double() / len(known)
    taken = 1 - torch.searchsorted(unknown.double().sort().values, candidates).double() / len(unknown)
    return float(candidates[(_COST * lost + taken)[lost <= _MOST_LOST].argmin()])
