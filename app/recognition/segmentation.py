"""Tell ink from paper: an image of marks on a surface → ink bright on 0.

Drawings and clean scans have one paper colour, and the distance from it is the ink. Photographs do not, nor has paper
with rules or a frame on it: there a network finds the ink (photographs.py). Which of the two an image is, its paper
says: one colour all along the image's edge and on most of it, and no line from edge to edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from app.recognition.boxes import Box
from app.recognition.components import without_edge_pieces, without_lines
from app.recognition.enlargements import before_enlargement
from app.recognition.frames import SMALLEST, is_framed, scanned, without_frame
from app.recognition.paper import distance, even_paper, is_clean, is_unevenly_lit, sample_of
from app.recognition.photographs import Region, photographed_character, photographed_ink, photographed_writing

Grey = NDArray[np.uint8]

# Ink weaker than this share of the strongest is left out of a box around it, as the preprocessing does.
_WRITTEN = 0.25
# The frame is one colour of paper if this share of it lies within this many grey levels of its median. The share
# leaves room for strokes that run off the edge, the tolerance for JPEG noise.
_FLAT_SHARE = 0.6
_FLAT_TOLERANCE = 4
# Smaller images are always drawings: a shadow has no room in them beside a character.
SMALLEST_PHOTO = 32
# Below this contrast in grey, colours are compared channel by channel: red on green can be equally bright.
_COLOUR_CONTRAST = 64
# A rule goes from edge to edge and is ink on this share of a row or column; three or four sides of a frame are on a
# lesser share. No stroke of a drawing goes as far, nor do three as far.
_RULE_SHARE = 0.97
_FRAME_SHARE = 0.8
# What differs from the paper by this many grey levels may be such a line.
_LINE_CONTRAST = 12
# Lines are looked for on the image scaled down to about so many pixels; among several characters, to more.
_COARSE, _FINE = 32, 128
# An image's margins are a tenth of it, or so many pixels of small images: as many as MNIST's.
_SMALL_MARGIN = 4
# The paper of a drawing, which may be a photograph in even light, is measured on about so many pixels a side.
_CERTAIN = 32


class PhotographError(Exception):
    """An image that looks like a photograph, which takes a hundred times as long, where only drawings were wanted."""


@dataclass(frozen=True)
class Ink:
    """What was found on an image: everything written, uint8 (height, width), 0 on the paper, brighter where there is
    more ink. It covers the whole image; of a photograph, which is kept with its paper's colour (if that is even), at
    another scale. It is `certain` if there was nothing but a character on clean paper, and no frame around it."""

    everything: Grey
    photograph: Image.Image | None = None
    paper: tuple[int, int, int] | None = None
    certain: bool = True

    def character(self) -> Region:
        """The ink of one character, and where it is: of a photograph the one that it is of; on a drawing there is
        nothing else."""
        if self.photograph:
            return photographed_character(self.photograph, self.everything)
        return Region(self.everything, (0, 0, 1, 1))

    def writing(self) -> Region:
        """The ink of all characters, and where it is: without the paper around them, if it is a drawing."""
        if self.photograph:
            return photographed_writing(self.photograph, self.paper)
        height, width = self.everything.shape
        left, top, right, bottom = box_of(self.everything)
        part = self.everything[top:bottom, left:right]
        return Region(part, (left / width, top / height, right / width, bottom / height))


def separate_ink(image: Image.Image, photographs: bool = True, several: bool = False) -> Ink:
    """Ink of an image that `decode` gave. No ink at all gives zeros. There may be `several` characters, lines of them.

    Raises: PhotographError for what looks like a photograph, if they are not wanted.
    """
    seen = _seen(_grey(image), several)
    certain = seen.drawing and (
        (
            _has_clean_margins(seen.difference)
            and is_clean(sample_of(seen.difference, _CERTAIN))
            and not is_framed(seen.difference)
        )
        or _is_small_and_apart(seen.difference)
    )
    unframed = False
    if not seen.drawing and not several:
        original = before_enlargement(image, seen.grey)
        if original is not image:
            image, seen = original, _seen(_grey(original))
        inside = without_frame(image, seen.grey)
        if inside is not image:
            grey = _grey(inside)
            # If it is lit unevenly, it is a photograph whose edges are of one colour now.
            unframed = min(inside.size) < SMALLEST_PHOTO or not is_unevenly_lit(grey)
            if unframed:
                image, seen = inside, _seen(grey)
    if min(image.size) >= SMALLEST_PHOTO and not seen.drawing:
        if not photographs:
            raise PhotographError
        clean = _cleaned(seen.grey)
        if clean is not None:
            return Ink(clean, certain=False)
        even = even_paper(image)
        return Ink(photographed_ink(image, margins=even), image, even, certain=False)
    difference = seen.difference
    if unframed and not _reaches_inside(difference):
        return Ink(np.zeros_like(difference), certain=False)  # what is left of the frame
    if image.mode != "L" and difference.max() < _COLOUR_CONTRAST:
        difference = _colour_difference(image.convert("RGB"))
    return Ink(difference, certain=certain)


class _Seen(NamedTuple):
    """An image's grey levels, their difference from its paper's, and whether it is a drawing on one colour of paper."""

    grey: Grey
    difference: Grey
    drawing: bool


def _grey(image: Image.Image) -> Grey:
    return np.asarray(image if image.mode == "L" else image.convert("L"))


def _seen(grey: Grey, several: bool = False) -> _Seen:
    paper, flat = _paper(frame(grey))
    if SMALLEST <= min(grey.shape) < SMALLEST_PHOTO and (scan := scanned(grey)):
        # Strokes or a frame may cover much of the edge.
        flat = flat and abs(scan.level - paper) <= _LINE_CONTRAST
        paper = paper if flat else scan.level
    difference = distance(grey, paper)
    return _Seen(grey, difference, flat and (_is_drawing(difference) or (several and _is_writing(difference))))


def extent(marks: NDArray[np.uint8] | NDArray[np.bool_]) -> tuple[int, int]:
    """Where the first thing but 0 is, and the place after the last, in (n,) bytes; the latter is 0 if there is none."""
    line = marks.tobytes()
    return len(line) - len(line.lstrip(b"\0")), len(line.rstrip(b"\0"))


def box_of(ink: Grey) -> Box:
    """Left, top, right and bottom of the ink, without what is too weak to be cropped to; the end exclusive."""
    level = _WRITTEN * int(ink.max())
    left, right = extent(np.maximum.reduce(ink, 0) >= level)
    top, bottom = extent(np.maximum.reduce(ink, 1) >= level)
    return left, top, right, bottom


def frame(pixels: NDArray[Any]) -> NDArray[Any]:
    """The outermost pixels of a (height, width, ...) array, (n, ...)."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _paper(edge: Grey) -> tuple[int, bool]:
    """The median of an image's outermost pixels, and whether they are one colour of paper."""
    paper = int(edge[0])
    if edge.tobytes().count(edge[:1].tobytes()) == len(edge):
        return paper, True
    levels = np.sort(edge)
    paper = int(levels[len(levels) // 2])
    first, last = np.searchsorted(levels, [paper - _FLAT_TOLERANCE, paper + _FLAT_TOLERANCE + 1])
    return paper, bool(last - first >= _FLAT_SHARE * len(levels))


def _is_writing(difference: Grey) -> bool:
    """Whether there are lines of characters on clean paper of one colour, and no rules or frame among them.

    Seen coarsely, lines of characters are rules, and the first and the last of each a frame. Seen finely they are not;
    but then only rules that are quite straight are found.
    """
    return is_clean(difference) and _is_drawing(difference, _FINE)


def _is_drawing(difference: Grey, coarseness: int = _COARSE) -> bool:
    """Whether there is nothing but a character on paper of one colour: no rules, no frame around it."""
    height, width = difference.shape
    if min(height, width) < 2:
        return True  # no room for a line
    if _has_clean_margins(difference):
        return True  # none of these lines is so short; most drawings take this way
    # Seen coarsely, a line that is not quite straight still stays within two rows.
    small = np.asarray(Image.fromarray(difference).reduce(max(1, min(difference.shape) // coarseness))) > _LINE_CONTRAST
    if 2 * np.count_nonzero(small) > small.size:
        return False
    sides = 0
    for lines, pixels in ((small, difference), (small.T, difference.T)):
        marked = np.count_nonzero(lines[1:] | lines[:-1], 1).tolist()
        length, third = lines.shape[1], max(1, len(marked) // 3)
        if max(marked) > _RULE_SHARE * length and min(pixels[:, 0].max(), pixels[:, -1].max()) > _LINE_CONTRAST:
            return False
        sides += (max(marked[:third]) > _FRAME_SHARE * length) + (max(marked[-third:]) > _FRAME_SHARE * length)
    return sides < 3


def _has_clean_margins(difference: Grey) -> bool:
    """Whether there is nothing but paper along all edges."""
    height, width = difference.shape
    down, across = _margin(height), _margin(width)
    margins = difference[:down], difference[height - down :], difference[:, :across], difference[:, width - across :]
    return all(np.maximum.reduce(margin, None, initial=0) <= _LINE_CONTRAST for margin in margins)


def _is_small_and_apart(difference: Grey) -> bool:
    """Whether this is a scan of few pixels whose ink touches no edge. Strokes of such scans reach into the margins, as
    MNIST's do, so ink there is no reason to doubt it."""
    return min(difference.shape) < SMALLEST_PHOTO and int(frame(difference).max()) <= _LINE_CONTRAST


def _margin(side: int) -> int:
    return max(side // 10, min(_SMALL_MARGIN, side // 6))


def _cleaned(grey: Grey) -> Grey | None:
    """Ink of a scan on paper of one colour, without the frame or the rules that touch nothing; 0 if there is nothing
    but parts of these, None if it is no such scan or something does touch them."""
    sample = sample_of(grey)
    paper = int(np.median(sample))
    if not is_clean(distance(sample, paper)):
        return None
    difference = distance(grey, paper)
    strongest = int(difference.max())
    if strongest < _COLOUR_CONTRAST:
        return None
    ink = without_lines((difference * (255 / strongest)).astype(np.uint8))
    if ink.max() < 128 or not _is_drawing(ink):
        return None
    return ink if _reaches_inside(ink) else np.zeros_like(ink)


def _reaches_inside(ink: Grey) -> bool:
    """Whether there is more than parts of a frame or of neighbours along the edges."""
    scaled = (ink * (255 / max(1, int(ink.max())))).astype(np.uint8)
    return int(without_edge_pieces(scaled).max()) >= 128


def _colour_difference(image: Image.Image) -> Grey:
    paper = tuple(int(level) for level in np.median(frame(np.asarray(image)), axis=0))
    red, green, blue = ImageChops.difference(image, Image.new("RGB", image.size, paper)).split()
    return np.asarray(ImageChops.lighter(ImageChops.lighter(red, green), blue))
