"""Images of no class, which decide whether an answer is `known`.

The network is trained on them beside the labelled images (outlier exposure: Hendrycks, Mazeika and Dietterich, "Deep
Anomaly Detection with Outlier Exposure", 2019), as one more class that is not part of the probabilities. A model
trained without them uses its highest logit alone (Hendrycks et al., "Scaling Out-of-Distribution Detection for
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

# Images of no class in a batch, as a share of the labelled ones: more took longer and gave no better model.
_SHARE = 0.2
# The share of the folder's images for validation, if it has no validation part.
_VALIDATION = 0.1
# A wrong "unknown" counts so many times as much as a wrong "known", because most people do draw one of the classes.
# At most this share of validation images may be called unknown; for new people it is about twice as much.
_COST = 10
_MOST_LOST = 0.005
# Without images of no class: the share of validation images that may be called unknown.
_REJECTED = 0.01


@dataclass(frozen=True)
class Unknown:
    """Images of no class, to train on and to choose the threshold with; all targets are 0."""

    train: ImageSet
    validation: ImageSet

    def __str__(self) -> str:
        return f"{len(self.train):,} images of no class to train on, {len(self.validation):,} to validate"

    @property
    def sets(self) -> dict[str, ImageSet]:
        """Both parts by name."""
        return {"of no class": self.train, "of no class to validate": self.validation}

    def joined(self, images: Tensor, targets: Tensor, classes: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Add randomly drawn images of no class to a batch, uint8 (n, 1, size, size). Their target is the number of
        classes."""
        count = max(1, round(_SHARE * len(images)))
        rows = self.train.rows[torch.randint(len(self.train), (count,), generator=generator)]
        return torch.cat([images, self.train.images[rows]]), torch.cat([targets, targets.new_full((count,), classes)])


def read_unknown(folder: Path | None, preprocessing: Preprocessing, seed: int) -> Unknown | None:
    """Read a folder of images of no class: all of its subfolders, or its parts train/ and validation/.

    Unreadable and blank images are skipped. Raises TrainingError if too few are left. None if there is no folder.
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
    # Hidden folders are skipped, such as the cache.
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
    """A score for each row of a network's outputs (n, classes or classes + 1), high for images of the classes, (n,):
    the highest logit minus the logit for no class. The server computes the same."""
    highest = outputs[:, :classes].max(1).values
    return highest - outputs[:, classes] if outputs.shape[1] > classes else highest


def with_threshold(model: Checkpoint, validation: ImageSet, unknown: Unknown | None) -> Checkpoint:
    """The model with the best threshold for these images; its error rates are noted in the model."""
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
    """The threshold of `known`, from the scores of validation images and of images of no class.

    With images of no class, it minimises the weighted sum of the shares of wrong "unknown" and wrong "known", among
    thresholds that reject few validation images. Without them, one in a hundred validation images is rejected; if these
    are too few for that, the threshold is one standard deviation below the lowest.
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
