"""Augmentation on whole batches: float tensors (n, 1, size, size), 0 paper to 1 ink.

Random numbers come from a generator on the CPU, also where the images are on a GPU, so that both train on the same
images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

# Chosen by measurement on writers held out (benchmarks/README.md): stronger distortion turns some 1s into 7s.
_ROTATION = 0.09  # standard deviations: radians,
_SHEAR = 0.10  # slope,
_SCALE = 0.055  # logarithm of the factor, each direction by itself,
_SHIFT = 0.04  # half the image's side,
_ELASTIC = 0.035  # half the image's side, at the knots of
_ELASTIC_KNOTS = 5  # a coarse grid with so many to a side.
_STROKE_SHARE = 0.5  # of the images get a thicker or a thinner stroke


def augmenter(strengths: Mapping[str, float]) -> Callable[[Tensor, Generator], Tensor]:
    """Augmentations by name, each with its strength, as one function of a batch and a random generator.

    A strength of 1 is the default. It scales how far "stroke", "affine" and "elastic" go, and how many images
    "invert", "flip" and "shift" change.
    Raises KeyError for an unknown name.
    """
    unknown = set(strengths) - set(AUGMENTATIONS)
    if unknown:
        raise KeyError(unknown.pop())
    chosen = [(AUGMENTATIONS[name], strengths[name]) for name in AUGMENTATIONS if name in strengths]
    displacements = [(function, strength) for function, strength in chosen if function in _DISPLACEMENTS]
    others = [(function, strength) for function, strength in chosen if function not in _DISPLACEMENTS]

    def augment(images: Tensor, generator: Generator) -> Tensor:
        for function, strength in others:
            images = function(images, generator, strength)
        if not displacements:
            return images
        # One resampling for all displacements together, because each resampling blurs.
        moved = (function(images, generator, strength) for function, strength in displacements)
        grid = sum(moved, _identity(images))
        return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    return augment


def stroke(images: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
    """Thicker or thinner strokes: part of the way to the maximum or minimum over the 3 x 3 neighbourhood."""
    choice, amount = _uniform(images, generator), _uniform(images, generator) * strength
    thicker = F.max_pool2d(images, 3, 1, 1) - images
    thinner = -F.max_pool2d(-images, 3, 1, 1) - images
    change = torch.where(choice < _STROKE_SHARE / 2, (0.9 * amount).clamp(max=1) * thicker, 0.0)
    change = torch.where(choice > 1 - _STROKE_SHARE / 2, (0.63 * amount).clamp(max=1) * thinner, change)
    return images + change


def invert(images: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
    """Invert a random half of the images."""
    return torch.where(_uniform(images, generator) < 0.5 * strength, 1 - images, images)


def flip(images: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
    """Mirror a random half of the images left to right."""
    return torch.where(_uniform(images, generator) < 0.5 * strength, images.flip(3), images)


def shift(images: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
    """One pixel to the left, right, up or down, or none: the same share of each."""
    moves = torch.tensor([(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)])
    choice = torch.randint(len(moves), (len(images),), generator=generator)
    if strength < 1:
        choice = choice * (torch.rand(len(images), generator=generator) < strength)
    choice = choice.to(images.device)
    shifted = torch.stack([torch.roll(F.pad(images, (1, 1, 1, 1)), tuple(move.tolist()), (2, 3)) for move in moves])
    return shifted[choice, torch.arange(len(images), device=images.device)][:, :, 1:-1, 1:-1]


def affine(images: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
    """Rotation, shear, scale and shift: how far each pixel's source moves, (n, size, size, 2), in half sides."""
    count = len(images)
    draw = torch.randn(6, count, generator=generator).to(images.device) * strength
    angle, shear = draw[0] * _ROTATION, draw[1] * _SHEAR
    wide, high = (draw[2] * _SCALE).exp(), (draw[3] * _SCALE).exp()
    cos, sin = angle.cos(), angle.sin()
    rows = [
        torch.stack([cos * wide, cos * shear * wide - sin * high, draw[4] * _SHIFT], 1),
        torch.stack([sin * wide, sin * shear * wide + cos * high, draw[5] * _SHIFT], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return grid - _identity(images)


def elastic(images: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
    """A smooth random displacement field (after Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural
    Networks Applied to Visual Document Analysis", 2003), drawn on a coarse grid: (n, size, size, 2), in half sides."""
    knots = torch.randn(len(images), 2, _ELASTIC_KNOTS, _ELASTIC_KNOTS, generator=generator).to(images.device)
    field = F.interpolate(knots * _ELASTIC * strength, size=images.shape[2:], mode="bicubic", align_corners=True)
    return field.permute(0, 2, 3, 1)


def _uniform(images: Tensor, generator: Generator) -> Tensor:
    """One number from 0 to 1 for each image."""
    return torch.rand(len(images), 1, 1, 1, generator=generator).to(images.device)


def _identity(images: Tensor) -> Tensor:
    unmoved = torch.eye(2, 3, device=images.device).expand(len(images), 2, 3)
    return F.affine_grid(unmoved, list(images.shape), align_corners=False)


AUGMENTATIONS: dict[str, Callable[[Tensor, Generator, float], Tensor]] = {
    "invert": invert,
    "flip": flip,
    "shift": shift,
    "stroke": stroke,
    "affine": affine,
    "elastic": elastic,
}
_DISPLACEMENTS = (affine, elastic)
DEFAULT = {"stroke": 1.0, "affine": 1.0, "elastic": 1.0}
