"""Train the network that finds ink in photographs, and write it as ONNX.

    python -m training.ink.train ../shared/data/strokes --papers ../shared/data/photos/sudoku-cells/blank

Every example is composed (compose.py), so where the ink is, is known exactly.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.errors import TrainingError
from training.ink.compose import compose
from training.ink.network import STRIDE, InkNetwork
from training.prepare.unipen import Character, read_unipen
from training.progress import bar

# Sites whose tracks are trained on; "aga" and "uqb" are for validation, "apa" for the figures in the documentation.
SITES = ("app", "gmd", "ibm", "syn")
_SIZE = 192
# Training sees each example at one of these sizes in pixels.
_SIZES = (112, 144, 176, 208)
_BATCH = 16
# What is written is the average of the weights over about as many of the last steps as this leaves room for.
_DECAY = 0.995


def read_tracks(folder: Path, sites: Sequence[str]) -> list[list[Character]]:
    """The digits, and the letters, that people wrote at these sites."""
    files = ("unipen-digits.unp.gz", "unipen-letters.unp.gz")
    kinds = [[one for one in read_unipen(folder / file) if one.source in sites] for file in files]
    if not all(kinds):
        raise TrainingError(f"{folder}: no tracks of the sites {', '.join(sites)}. Name the folder of UNIPEN files.")
    return kinds


def read_papers(folder: Path | None, pattern: str = "train-*") -> list[Image.Image]:
    """Photographs of empty paper, if a folder of them is given."""
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob(pattern))] if folder else []


def random_example(
    seed: int, kinds: Sequence[Sequence[Character]], papers: Sequence[Image.Image], size: int = _SIZE
) -> tuple[np.ndarray, np.ndarray]:
    """One composed photograph, uint8 (size, size, 3), and its ink, uint8 (size, size)."""
    generator = np.random.default_rng(seed)
    count = generator.choice([0, 1, 2, 3, 5], p=[0.1, 0.7, 0.1, 0.05, 0.05])
    kind = kinds[0] if generator.random() < 0.7 else kinds[-1]
    characters = [kind[int(generator.integers(len(kind)))] for _ in range(count)]
    printed = str(generator.integers(1, 10 ** generator.integers(1, 4))) if generator.random() < 0.12 else ""
    photograph = compose(characters, size, generator, papers, printed)
    return np.asarray(photograph.picture), photograph.ink


def compose_all(
    count: int, seed: int, kinds: list[list[Character]], papers: list[Image.Image]
) -> tuple[Tensor, Tensor]:
    """So many examples: uint8 (count, 3, size, size) and (count, 1, size, size)."""
    pictures, inks = (
        torch.zeros(count, 3, _SIZE, _SIZE, dtype=torch.uint8),
        torch.zeros(count, 1, _SIZE, _SIZE, dtype=torch.uint8),
    )
    with ProcessPoolExecutor(torch.get_num_threads(), initializer=_keep, initargs=(kinds, papers)) as pool:
        examples = pool.map(_composed, range(seed, seed + count), chunksize=50)
        for index, (picture, ink) in enumerate(bar(examples, desc="composing", unit="photograph", total=count)):
            pictures[index] = torch.from_numpy(picture).permute(2, 0, 1)
            inks[index, 0] = torch.from_numpy(ink)
    return pictures, inks


_kept: list[object] = []


def _keep(*what: object) -> None:
    _kept[:] = what


def _composed(seed: int) -> tuple[np.ndarray, np.ndarray]:
    return random_example(seed, *_kept)  # type: ignore[arg-type]


def augmented(pictures: Tensor, inks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A batch at another size, turned and mirrored, its colours exchanged, now and then a negative: float32, 0 to 1."""
    draw = partial(torch.randint, size=(1,), generator=generator)
    size = _SIZES[int(draw(len(_SIZES)))]
    images, targets = pictures.float() / 255, inks.float() / 255
    if size != _SIZE:
        images = F.interpolate(images, size=(size, size), mode="bilinear", antialias=True).clamp(0, 1)
        targets = F.interpolate(targets, size=(size, size), mode="bilinear", antialias=True).clamp(0, 1)
    for dimension in (2, 3):
        if draw(2):
            images, targets = images.flip(dimension), targets.flip(dimension)
    if draw(2):
        images, targets = images.transpose(2, 3), targets.transpose(2, 3)
    images = images[:, torch.randperm(3, generator=generator)]
    if draw(12) == 0:
        images = 1 - images
    return images.contiguous(memory_format=torch.channels_last), targets.contiguous()


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy, and one minus each image's Dice coefficient, in which thin strokes weigh as much as thick ones."""
    probabilities = logits.sigmoid()
    both = (probabilities * targets).sum((1, 2, 3))
    either = (probabilities.square() + targets.square()).sum((1, 2, 3))
    dice = (2 * both + 10) / (either + 10)
    return 2 * F.binary_cross_entropy_with_logits(logits, targets) + (1 - dice).mean()


def fit(
    pictures: Tensor, inks: Tensor, epochs: int, seed: int, rate: float, output: Path, weights: Path, amp: bool = False
) -> None:
    """Train a network, from its `weights` if there are any yet, and write both files after every epoch.

    With `amp` it computes in bfloat16 what loses nothing by it.
    """
    network = InkNetwork()
    if weights.exists():
        network.load_state_dict(torch.load(weights, weights_only=True))
    print(f"{sum(weights.numel() for weights in network.parameters()):,} weights", flush=True)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_DECAY), use_buffers=True)
    generator = torch.Generator().manual_seed(seed)
    steps = epochs * (len(pictures) // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for epoch in range(epochs):
        began, total, batches = time.monotonic(), 0.0, 0
        for chosen in torch.randperm(len(pictures), generator=generator).split(_BATCH):
            if len(chosen) < _BATCH:
                continue
            images, targets = augmented(pictures[chosen], inks[chosen], generator)
            with torch.autocast("cpu", torch.bfloat16, enabled=amp):
                logits = network(images)
            value = loss(logits.float(), targets)
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            averaged.update_parameters(network)
            total, batches = total + float(value.detach()), batches + 1
        print(f"epoch {epoch + 1}/{epochs}: loss {total / batches:.4f}, {time.monotonic() - began:.0f} s", flush=True)
        export(averaged.module, output)
        torch.save(averaged.module.state_dict(), weights.with_suffix(".part"))
        weights.with_suffix(".part").replace(weights)


def export(network: nn.Module, path: Path) -> None:
    """Write it as ONNX: "images", float32 (1, 3, height, width), sides multiples of 16 → "ink", 0 to 1."""
    unfinished = path.with_suffix(".part")
    model = nn.Sequential(copy.deepcopy(network), nn.Sigmoid()).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(1, 3, 16 * STRIDE, 12 * STRIDE),),
            str(unfinished),
            dynamo=False,
            input_names=["images"],
            output_names=["ink"],
            dynamic_axes={"images": {2: "height", 3: "width"}, "ink": {2: "height", 3: "width"}},
        )
    unfinished.replace(path)


def main() -> int:
    """Compose, train and write; the exit status is 0, or 2 for bad input, told in one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, help="the folder with the UNIPEN files")
    parser.add_argument("--papers", type=Path, help="a folder of photographs of empty paper")
    parser.add_argument("--output", type=Path, default=Path("app/recognition/ink.onnx"))
    parser.add_argument("--photographs", type=int, default=12_000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--weights", type=Path, default=Path("ink.pt"), help="written, and gone on from (%(default)s)")
    parser.add_argument("--amp", action="store_true", help="compute in bfloat16: takes two thirds of the time")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    try:
        kinds, papers = read_tracks(options.strokes, SITES), read_papers(options.papers)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    pictures, inks = compose_all(options.photographs, options.seed * 10**7, kinds, papers)
    fit(pictures, inks, options.epochs, options.seed, options.lr, options.output, options.weights, options.amp)
    return 0


if __name__ == "__main__":
    sys.exit(main())
