"""Images by which a network rehearses what it knows while it learns something new.

They need no labels: the fine-tuned network is to answer them as the network before did (Li and Hoiem, "Learning without
Forgetting", 2017). With the training images at hand these are the best. Without them, scribbles do: pen strokes at
random, which touch the same parts of characters, in the same preparation.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from app.recognition.decoding import ImageError
from app.recognition.preprocessing import Preprocessing
from training.errors import TrainingError
from training.prepare.drawing import draw
from training.prepare.unipen import Stroke

# Scribbles to rehearse with. They take five seconds to draw.
SCRIBBLES = 2000


def scribbles(preprocessing: Preprocessing, count: int, seed: int) -> Tensor:
    """Prepared images of random pen strokes, uint8 (count, 1, size, size).

    Raises TrainingError for a model of pictures, of which strokes say nothing.
    """
    if preprocessing.method != "ink":
        raise TrainingError(
            "this model reads pictures, not drawings: give the images that it was trained on as --data."
        )
    generator = np.random.default_rng(seed)
    images: list[np.ndarray] = []
    while len(images) < count:
        pen = math.exp(generator.uniform(math.log(4), math.log(40)))
        try:
            images.append(preprocessing(draw(_scribble(generator), pen, generator.uniform(0.4, 0.9))))
        except ImageError:
            continue
    return torch.from_numpy(np.array(images)).unsqueeze(1)


def _scribble(generator: np.random.Generator) -> list[Stroke]:
    """One to three strokes. Each turns at a rate that changes slowly, as a hand does: lines, hooks, loops, circles."""
    strokes = []
    for _ in range(int(generator.choice(3, p=(0.55, 0.3, 0.15))) + 1):
        steps = int(generator.integers(6, 30))
        heading = generator.uniform(0, 2 * math.pi)
        bends = np.repeat(generator.normal(0, 0.45, 6), 5)[:steps]
        headings = heading + np.cumsum(bends)
        # Now and then the pen turns sharply, as in 4, 5 or 7.
        headings += np.cumsum(generator.choice([0.0, 2.2, -2.2], steps, p=(0.92, 0.04, 0.04)))
        points = generator.uniform(0, 6, 2) + np.cumsum(np.stack([np.cos(headings), np.sin(headings)], 1), 0)
        strokes.append(tuple((float(x), float(y)) for x, y in points))
    return strokes
