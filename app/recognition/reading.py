"""Read several characters: an image file in, its characters in reading order out.

Characters are made of connected parts of the ink, and of what cuts leave of parts where neighbours touch (parts.py).
Pieces that may be a character are classified (pieces.py) as long as they can be on a better path than the best one so
far (search.py), and the best path through each line chooses among them (paths.py): the segmentation graph of LeCun et
al., "Gradient-based learning applied to document recognition", 1998, section V.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, prod

from app.recognition.boxes import Box, covers, in_upload
from app.recognition.classifier import Classifier, Prediction
from app.recognition.context import Written, settled
from app.recognition.decoding import MAX_PIXELS, ImageError, decode, upright_size
from app.recognition.lines import CrowdedError, GrainError, Lines, find_lines, stacks
from app.recognition.model_card import ModelCard
from app.recognition.overlay import overlay
from app.recognition.parts import Part
from app.recognition.paths import PHOTOGRAPHED, WEIGHTS, Weights, alone, best_path, left_out, scored
from app.recognition.photographs import Region
from app.recognition.pieces import Judge, Piece, evidence
from app.recognition.preprocessing import NothingDrawnError
from app.recognition.printed import compared, is_scanned, trusted
from app.recognition.search import is_sure, pieces_of
from app.recognition.segmentation import Grey, Ink, box_of, separate_ink

# More than a few lines are a page: that takes too long, and nothing here can read it.
MAX_CHARACTERS = 200
# Specks left out, a character rarely has more parts than two.
_MAX_PARTS = 2 * MAX_CHARACTERS
# So many are classified in half a second. Joined writing has more of them for each character than separate digits.
_MAX_PIECES = 8 * MAX_CHARACTERS
# So many times as many pieces are classified on photographs, where finding the ink takes longer than that.
_PATIENCE = 3
# A line may be so long, in heights, that as one character it would be too thin to be seen.
_LONG = 10


class TooMuchWrittenError(ImageError):
    """A page of text, or what looks like one."""

    def __init__(self) -> None:
        super().__init__(
            f"More is written there than {MAX_CHARACTERS} characters, which are the most that are read at once. "
            "Send a few lines of the page at a time."
        )


@dataclass(frozen=True)
class Character:
    """One character: what it is, where (left, top, right, bottom in the upright upload's pixels, the end exclusive),
    and the network's input, uint8 (size, size)."""

    prediction: Prediction
    box: Box
    seen: Grey


@dataclass(frozen=True)
class Reading:
    """The characters of each line from left to right, lines from top to bottom; there is at least one character.
    `ink` shows what was taken for ink (PNG, see overlay.py) if that was asked for and the model looks for ink."""

    lines: tuple[tuple[Character, ...], ...]
    ink: bytes | None = None

    @property
    def characters(self) -> list[Character]:
        """All of them, in reading order."""
        return [character for line in self.lines for character in line]

    @cached_property
    def text(self) -> str:
        """The labels, and a line feed between lines. There are no spaces: boxes say how far apart characters are."""
        return "\n".join("".join(one.prediction.label for one in line) for line in self.lines)

    @cached_property
    def confidence(self) -> float:
        """The probability that all of it is right, if one mistake does not make others likelier."""
        return prod(one.prediction.confidence for one in self.characters)


def read(
    data: bytes,
    classifier: Classifier,
    max_pixels: int = MAX_PIXELS,
    photographs: bool = True,
    show_ink: bool = False,
) -> Reading:
    """Read an image file, drawn, scanned or photographed.

    What is one character is read exactly as `Classifier.preprocess` and `predict` read it. A model whose images fill
    their frame ("plain") cannot tell characters apart: to it everything is one.

    Raises: ImageError for a file that cannot be used, NothingDrawnError and TooMuchWrittenError among them;
    PhotographError for what looks like a photograph, if `photographs` is false.
    """
    sheet = look(data, classifier, max_pixels, photographs)
    reading = sheet.reading()
    return replace(reading, ink=sheet.shown(reading)) if show_ink else reading


@dataclass(frozen=True)
class Line:
    """A line's parts, from left to right, and the pieces of them that were classified."""

    parts: list[Part]
    pieces: list[Piece]


@dataclass(frozen=True)
class Sheet:
    """All that may be characters on an image of this size (width, height).

    `everything` is all as one character, of this `margin` (Classifier.judge): None for a line so long that as one
    character it would be too thin to be seen. `lines` are the pieces of each line, from top to bottom, in pixels of
    `region`, which is a part of the image, and `found` says which part each of its pixels belongs to. `ink` is all that
    was found, `character` the part of it that is `everything`. Without lines, everything is one character for sure.
    """

    model: ModelCard
    everything: Character | None
    margin: float
    size: tuple[int, int] = (1, 1)
    ink: Ink | None = None
    character: Region | None = None
    lines: Sequence[Line] = ()
    found: Lines | None = None
    region: Region | None = None
    weights: Weights = WEIGHTS

    def reading(self, weights: Weights | None = None) -> Reading:
        """What is most likely written. Raises TooMuchWrittenError, and NothingDrawnError for specks alone."""
        weights, height = weights or self.weights, self.found.height if self.found else 1.0
        paths = [best_path(line.parts, line.pieces, height, weights) for line in self.lines]
        read = [self._characters(path.pieces) for path in paths if path.pieces]
        count = sum(map(len, read))
        if count > MAX_CHARACTERS:
            raise TooMuchWrittenError
        one = self.everything
        if one is None:
            if not count:
                raise NothingDrawnError("Nothing is drawn but a few specks. Draw a character, with a broader pen.")
            return Reading(tuple(read))
        if count > 1:
            boxes = [character.box for line in read for character in line]
            together = scored(self.alone(one), weights)
            together += sum(scored(left_out(part, height), weights) for part in self.beside(one))
            apart = sum(path.score for path in paths)
            if count == len(self.lines):
                apart += weights.stacked * stacks([line.parts for line in self.lines])
            if together < apart or not covers(one.box, boxes):
                return Reading(tuple(read))
        return Reading(((one,),))

    def alone(self, one: Character) -> dict[str, float]:
        """The features of everything as one character."""
        return alone(self.margin, one.box)

    def beside(self, one: Character) -> list[Part]:
        """The parts that are not in what is taken for everything; on drawings there are none."""
        parts = (part for line in self.lines for part in line.parts)
        return [part for part in parts if not covers(one.box, [self._pixels(part.box)])]

    def shown(self, reading: Reading) -> bytes | None:
        """The ink that was found, and which of it is what was read. None for a model that does not look for ink."""
        if not self.ink or not self.character:
            return None
        whole = reading.characters[0] is self.everything
        return overlay(self.size, self.ink.everything, self.character if whole or not self.region else self.region)

    def placed(self, piece: Piece) -> Piece:
        """A piece with its box in the image's pixels."""
        return replace(piece, box=self._pixels(piece.box))

    def _characters(self, pieces: Sequence[Piece]) -> tuple[Character, ...]:
        """A line's, of which each that looks like another class is what its neighbours make likely."""
        predictions = settled([Written(piece.prediction, piece.box[3] - piece.box[1]) for piece in pieces], self.model)
        return tuple(
            Character(prediction, self._pixels(piece.box), piece.seen)
            for prediction, piece in zip(predictions, pieces, strict=True)
        )

    def _pixels(self, box: Box) -> Box:
        return in_upload(box, self.region, self.size) if self.region else box


def look(
    data: bytes,
    classifier: Classifier,
    max_pixels: int = MAX_PIXELS,
    photographs: bool = True,
    thorough: bool = False,
) -> Sheet:
    """All that may be characters in an image file, classified as far as it can be on a best path; if `thorough`, all of
    it. Raises what `read` does."""
    model = classifier.model
    if model.preprocessing.method == "plain":
        seen = classifier.preprocess(data, max_pixels)
        return Sheet(model, *_judged(seen, (0, 0, *upright_size(data)), classifier))
    image, size = decode(data, max_pixels), upright_size(data)
    ink = separate_ink(image, photographs, several=True)
    region, character = ink.writing(), ink.character()
    if not character.ink.any():  # a photograph of many small ones
        character = region
    box = in_upload(box_of(character.ink), character, size)
    everything: Character | None = None
    margin = sureness = 0.0
    try:
        everything, margin = _judged(model.preprocessing.from_ink(character.ink), box, classifier)
        sureness = evidence(everything.prediction, margin, model)
    except NothingDrawnError:
        if not region.ink.any() or max(region.ink.shape) < _LONG * min(region.ink.shape):
            raise
    scanned = ink.photograph is not None or is_scanned(region.ink)
    weights = PHOTOGRAPHED if scanned else WEIGHTS
    patience = inf if thorough else _PATIENCE if scanned else 1
    sheet = Sheet(model, everything, margin, size, ink, character, weights=weights)
    lines: list[Line] = []
    try:
        found = find_lines(region.ink, _MAX_PARTS)
        if ink.photograph:
            found = trusted(found, region.ink)
        if scanned:
            found = compared(found, region, ink.photograph or image)
        if everything and sum(map(len, found.lines)) == 1 and is_sure(found.lines[0][0], sureness, found.height):
            return sheet
        judge = Judge(found, region.ink, classifier)
        for line in found.lines:
            limit = _MAX_PIECES - sum(len(one.pieces) for one in lines)
            lines.append(Line(*pieces_of(line, judge, weights, limit, patience)))
    except GrainError:
        raise NothingDrawnError(
            "Nothing is found there but grain. Draw a character, or photograph it from nearer and in better light."
        ) from None
    except CrowdedError:
        raise TooMuchWrittenError from None
    return replace(sheet, lines=lines, found=found, region=region)


def _judged(seen: Grey, box: Box, classifier: Classifier) -> tuple[Character, float]:
    ((prediction, margin),) = classifier.judge([seen])
    return Character(prediction, box, seen), margin
