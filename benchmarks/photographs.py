"""Photographs composed of unseen people's pen tracks (training/ink), condition by condition: what is read."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from training.ink.compose import compose
from training.prepare.unipen import Character

_SIZE = 320

# What is on the paper, and the pen; None for any.
CONDITIONS: dict[str, tuple[frozenset[str], str | None]] = {
    "plain": (frozenset(), None),
    "ruled": (frozenset({"ruled"}), "ballpoint"),
    "squared": (frozenset({"squared"}), "ballpoint"),
    "pencil": (frozenset(), "pencil"),
    "pencil, ruled": (frozenset({"ruled"}), "pencil"),
    "frame": (frozenset({"frame"}), None),
    "table's edge": (frozenset({"table"}), None),
    "board": (frozenset({"board"}), "chalk"),
    "all at once": (frozenset({"squared", "fold", "frame", "table", "stains"}), None),
}


def sample(condition: str, characters: Sequence[Character], index: int) -> tuple[bytes, str]:
    """A photograph as a JPEG file, and its label; the same for the same index."""
    generator = np.random.default_rng((index, len(condition)))
    character = characters[int(generator.integers(len(characters)))]
    features, pen = CONDITIONS[condition]
    photograph = compose([character], _SIZE, generator, features=features, pen=pen)
    file = io.BytesIO()
    photograph.picture.save(file, "JPEG", quality=92)
    return file.getvalue(), character.label
