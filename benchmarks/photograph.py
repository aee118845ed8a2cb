"""A drawing as a phone's camera would see it on paper: uneven light, a shadow's edge, a lens, grain, JPEG."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageFilter

_INKS = ((25, 25, 30), (30, 45, 130), (140, 30, 30), (80, 80, 80))


def photograph(drawing: Image.Image, generator: np.random.Generator, shadow: float = 0.5, width: int = 640) -> bytes:
    """A JPEG of a square drawing (mode "L", black on white) as if pen on paper had been photographed.

    `shadow` is the share of the light that it takes at its darkest. Ink, paper, light, the shadow's place and edge,
    blur, grain and JPEG quality vary with the generator.
    """
    blur = ImageFilter.GaussianBlur(generator.uniform(0.7, 2.0))
    ink = 1 - np.asarray(drawing.resize((width, width), Image.Resampling.BICUBIC).filter(blur), float)[..., None] / 255
    paper = np.array([1.0, generator.uniform(0.94, 1.0), generator.uniform(0.82, 1.0)]) * generator.uniform(200, 245)
    scene = paper * (1 - ink) + np.array(_INKS[generator.integers(len(_INKS))]) * ink
    rows, columns = np.mgrid[0:width, 0:width] / width - 0.5
    from_side = generator.uniform(0, 2 * math.pi)
    light = 1 + 0.3 * (columns * math.cos(from_side) + rows * math.sin(from_side))
    across, offset = generator.uniform(0, 2 * math.pi), generator.uniform(-0.25, 0.25)
    edge = columns * math.cos(across) + rows * math.sin(across) - offset + 0.03 * np.sin(9 * columns + across)
    # The exponent is bounded only so that it does not overflow.
    light *= 1 - shadow / (1 + np.exp(np.clip(-edge / generator.uniform(0.004, 0.06), -50, 50)))
    grain = generator.normal(0, generator.uniform(1, 5), (width, width, 1)) + generator.normal(0, 2, (width, width, 3))
    photo = Image.fromarray((scene * light[..., None] * 0.97 + grain).clip(0, 255).astype(np.uint8))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=int(generator.integers(40, 92)))
    return file.getvalue()
