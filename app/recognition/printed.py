"""Writing and print on a photograph or scan: how far to trust that a part of what was found is writing.

There may be print, rules and frames beside it: faint, in another colour, or at the picture's edge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from app.recognition.lines import INK, Lines
from app.recognition.parts import Part
from app.recognition.photographs import Region
from app.recognition.segmentation import Grey

# The mean strength of ink that is no writing at all, and of what is some for sure; and how far to trust what touches
# the picture's edge.
_FAINT, _AT_EDGE = (0.35, 0.75), 0.15
# What is so high, in usual heights, and at least so wide, in heights of its own, is trusted at the edge as well.
_WRITTEN, _NARROW = (0.6, 1.6), 0.3
# Weak ink on more than this share of the pixels is grain: drawings have up to 0.02, along their strokes, scans 0.5.
_GRAIN = 0.2
# One pixel in so many is looked at in each direction.
_SAMPLED = 4
# Contrasts of parts of this share of the usual height and more are compared: others have too few pixels. Of such a
# part, the pixels in this percentile have it. Logarithms differ by at most this.
_LARGE, _STRONG, _MOST = 0.55, 75, 1.5
# Strokes of one pen differ by up to this, as a logarithm.
_ALIKE = 0.2
# Images with more than so many pixels for each of a region's are averaged in two steps.
_REDUCING_GAP = 3.0
# The paper of a part is what is not ink so near to its box, in usual heights.
_AROUND = 0.1


def is_scanned(ink: Grey) -> bool:
    """Whether ink that is the difference from one colour of paper shows the grain of real paper, (height, width)."""
    some = ink[::_SAMPLED, ::_SAMPLED]
    return int(np.count_nonzero((some > 0) & (some < INK * (int(some.max()) / 255)))) > _GRAIN * some.size


def trusted(lines: Lines, ink: Grey) -> Lines:
    """The lines of writing in ink that the network found, with how far each part is to be trusted."""
    strengths = np.bincount(lines.labels.ravel(), ink.ravel())
    return _with(lines, lambda part: replace(part, trust=_trust(part, strengths[part.label], ink.shape, lines.height)))


def compared(lines: Lines, region: Region, image: Image.Image) -> Lines:
    """The lines of writing in a region of an image, with how pale each part is."""
    parts = [part for line in lines.lines for part in line]
    ratios = _ratios(parts, lines, region.ink, _grey(image, region))
    return _with(lines, lambda part: replace(part, pale=max(0.0, -ratios.get(part.label, 0.0) - _ALIKE)))


def _with(lines: Lines, changed: Callable[[Part], Part]) -> Lines:
    return replace(lines, lines=[[changed(part) for part in line] for line in lines.lines])


def _grey(image: Image.Image, region: Region) -> Grey:
    """An image's grey levels in the pixels of a region."""
    (left, top, right, bottom), (rows, columns) = region.box, region.ink.shape
    box = left * image.width, top * image.height, right * image.width, bottom * image.height
    return np.asarray(image.convert("L").resize((columns, rows), Image.Resampling.BOX, box, _REDUCING_GAP))


def _trust(part: Part, strength: float, shape: tuple[int, ...], height: float) -> float:
    """`strength` is the sum of the ink, `height` the usual one of a character."""
    faint, sure = _FAINT
    trust = min(1.0, max(0.0, (strength / part.pixels / 255 - faint) / (sure - faint)))
    lowest, highest = _WRITTEN
    # A number that was cut out closely touches the edge; so do small print, and lines and frames of a form.
    written = lowest * height <= part.height <= highest * height and part.width >= _NARROW * part.height
    at_edge = min(part.left, part.top) == 0 or part.right == shape[1] or part.bottom == shape[0]
    return trust * (_AT_EDGE if at_edge and not written else 1.0)


def _ratios(parts: Sequence[Part], lines: Lines, ink: Grey, picture: Grey) -> dict[int, float]:
    """The contrast of each large part with its paper over that of most of the ink, as a logarithm; by their labels."""
    large = [part for part in parts if part.height >= _LARGE * lines.height]
    if not large:
        return {}
    contrasts = np.array([_contrast(part, lines, ink, picture) for part in large])
    order = np.argsort(contrasts)
    pixels = np.cumsum([large[place].pixels for place in order])
    usual = contrasts[order[int(np.searchsorted(pixels, pixels[-1] / 2))]]
    ratios = np.clip(np.log(contrasts / usual), -_MOST, _MOST).tolist()
    return dict(zip((part.label for part in large), ratios, strict=True))


def _contrast(part: Part, lines: Lines, ink: Grey, picture: Grey) -> float:
    """By which share of the paper's light around a part its stronger pixels differ from it: the same in the shadow."""
    around = round(_AROUND * lines.height)
    rows = slice(max(0, part.top - around), part.bottom + around)
    columns = slice(max(0, part.left - around), part.right + around)
    own, grey = lines.labels[rows, columns] == part.label, picture[rows, columns]
    paper = grey[ink[rows, columns] < INK // 2]
    level = max(1.0, float(np.median(paper)) if len(paper) else 255.0)
    return max(1.0, float(np.percentile(np.abs(grey[own] - level), _STRONG))) / level
