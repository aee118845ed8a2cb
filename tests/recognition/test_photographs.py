"""Ink on photographs composed of real pen tracks, and the choice of the one character."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from app.recognition.classifier import Classifier
from app.recognition.components import main_character
from app.recognition.photographs import photographed_ink
from app.recognition.preprocessing import NothingDrawnError, Preprocessing
from app.recognition.segmentation import PhotographError, separate_ink
from app.recognition.shadows import without_edges
from tests.conftest import encode
from training.ink.compose import compose
from training.prepare.drawing import draw
from training.prepare.unipen import Character

ink = Preprocessing("ink")

SURFACES = {
    "plain": frozenset[str](),
    "ruled": frozenset({"ruled"}),
    "squared": frozenset({"squared"}),
    "framed": frozenset({"frame"}),
    "a printed table": frozenset({"grid"}),
    "boxed": frozenset({"box"}),
    "on a table": frozenset({"table"}),
    "folded": frozenset({"fold", "stains"}),
    "board": frozenset({"board"}),
}


def overlap(found: np.ndarray, written: np.ndarray) -> float:
    """Dice coefficient of what was found and what had been written, 0 to 1."""
    shape = written.shape[::-1]
    there = np.asarray(Image.fromarray(found).resize(shape, Image.Resampling.BILINEAR)) > 127
    return float(2 * (there & (written > 127)).sum() / max(1, there.sum() + (written > 127).sum()))


@pytest.mark.parametrize("surface", SURFACES)
def test_what_is_written_is_found_on(surface: str, tracks: list[Character]):
    generator = np.random.default_rng(len(surface))
    overlaps = []
    for character in tracks[::24]:
        photograph = compose([character], 256, generator, features=SURFACES[surface])
        overlaps.append(overlap(photographed_ink(photograph.picture), photograph.ink))
    assert np.median(overlaps) > 0.7


@pytest.mark.parametrize("surface", SURFACES)
def test_nothing_is_found_on_empty(surface: str):
    generator = np.random.default_rng(7 + len(surface))
    empty = [compose([], 256, generator, features=SURFACES[surface]).picture for _ in range(16)]
    blank = 0
    for picture in empty:
        try:
            ink(picture)
        except NothingDrawnError:
            blank += 1
    assert blank >= 11


def test_pencil_is_found(tracks: list[Character]):
    generator = np.random.default_rng(3)
    photographs = [compose([one], 256, generator, features=frozenset(), pen="pencil") for one in tracks[::24]]
    assert sum(bool(photographed_ink(one.picture).any()) for one in photographs) == len(photographs)


def test_part_of_a_picture_is_named_in_shares_of_it(tracks: list[Character]):
    generator, errors, boxes = np.random.default_rng(0), [], set()
    for character in tracks[::6]:
        photograph = compose([character], 320, generator, features=frozenset(), pen="felt")
        region = separate_ink(photograph.picture).character()
        left, top, right, bottom = region.box
        rows, columns = np.nonzero(region.ink > region.ink.max() / 2)
        y, x = (index.mean() / 320 for index in np.nonzero(photograph.ink > 127))
        errors.append(abs(left + (right - left) * columns.mean() / region.ink.shape[1] - x))
        errors.append(abs(top + (bottom - top) * rows.mean() / region.ink.shape[0] - y))
        boxes.add(region.box)
    assert np.quantile(errors, 0.8) < 0.02
    assert len(boxes) > 1, "none was looked at from nearer"


def test_photograph_is_refused_where_only_drawings_are_wanted(tracks: list[Character]):
    photograph = compose(tracks[:1], 256, np.random.default_rng(0), features=frozenset({"squared"}))
    with pytest.raises(PhotographError):
        separate_ink(photograph.picture, photographs=False)


def test_ink_of_a_drawing_is_its_distance_from_the_paper(tracks: list[Character]):
    for character in tracks[::8]:
        for extent in (0.2, 0.7, 0.95):
            drawing = draw(character.strokes, extent=extent)
            np.testing.assert_array_equal(
                separate_ink(drawing, photographs=False).character().ink, 255 - np.asarray(drawing)
            )


def test_frame_around_a_clean_drawing_is_left_out(seven: Image.Image):
    framed = ImageOps.expand(seven.copy(), 3, 0)
    inset = ImageOps.expand(framed, 12, 255)
    clean = ink(seven).astype(float)
    for drawing in (framed, inset):
        assert np.corrcoef(clean.ravel(), ink(drawing).ravel().astype(float))[0, 1] > 0.95


def test_rules_across_a_clean_drawing_are_left_out(seven: Image.Image):
    sheet = seven.copy()
    for y in (20, 265):
        ImageDraw.Draw(sheet).line((0, y, 280, y + 3), fill=90, width=2)
    assert np.corrcoef(ink(seven).ravel().astype(float), ink(sheet).ravel().astype(float))[0, 1] > 0.95


def marks(*shapes: tuple[tuple[int, int, int, int], int]) -> np.ndarray:
    """Ink of ellipses with a thick rim, each a box and the width of its rim, on 192 x 192 pixels."""
    sheet = Image.new("L", (192, 192))
    for box, width in shapes:
        ImageDraw.Draw(sheet).ellipse(box, outline=255, width=width)
    return np.asarray(sheet)


def test_character_in_the_middle_is_chosen_and_specks_and_neighbours_are_not():
    character = marks(((70, 60, 120, 130), 8))
    crowded = np.maximum(character, marks(((140, 62, 185, 132), 8), ((20, 20, 24, 24), 3)))
    np.testing.assert_array_equal(main_character(crowded), character)


def test_part_beside_the_character_belongs_to_it():
    character = marks(((70, 60, 110, 130), 8), ((75, 45, 105, 54), 4))
    np.testing.assert_array_equal(main_character(character), character)


def test_frame_around_the_character_is_not_chosen():
    character = marks(((70, 60, 120, 130), 6))
    sheet = Image.fromarray(character)
    ImageDraw.Draw(sheet).rectangle((10, 12, 182, 180), outline=255, width=4)
    np.testing.assert_array_equal(main_character(np.asarray(sheet)), character)


def test_nothing_but_specks_is_nothing():
    assert not main_character(marks(((90, 90, 94, 94), 2))).any()


def test_noise_is_nothing(classifier: Classifier):
    for seed in range(6):
        noise = np.random.default_rng(seed).normal(128, 99, (280, 280)).clip(0, 255).astype(np.uint8)
        with pytest.raises(NothingDrawnError):
            classifier.preprocess(encode(Image.fromarray(noise)))


def test_edge_of_a_shadow_beside_a_stroke_is_no_ink():
    pixels = np.full((160, 160, 3), 200, np.uint8)
    pixels[:, 80:] = 110
    pixels[40:120, 60:66] = 60
    stroke, edge = np.zeros((160, 160), np.uint8), np.zeros((160, 160), np.uint8)
    stroke[40:120, 60:66], edge[60:90, 80:82] = 255, 200
    np.testing.assert_array_equal(without_edges(np.maximum(stroke, edge), pixels), stroke)


@pytest.mark.parametrize("fainter", [5, 8])
def test_faint_part_of_a_stroke_belongs_to_it(fainter: int):
    character = marks(((70, 60, 120, 130), 8))
    character = np.where(np.arange(192)[:, None] < 90, character // fainter, character)
    np.testing.assert_array_equal(main_character(character), character)


def on_paper(
    character: Character,
    size: tuple[int, int],
    extent: float,
    pen: float,
    contrast: float,
    generator: np.random.Generator,
) -> bytes:
    """A JPEG file of the character on paper that is lighter and blotchy in the middle.

    `extent` and `pen` are shares of the height, the contrast is in grey levels.
    """
    width, height = size
    sheet = Image.new("L", size, 255)
    sheet.paste(draw(character.strokes, pen * height, extent, size=height), ((width - height) // 2, 0))
    blotches = np.asarray(Image.fromarray(generator.normal(0, 1, (8, 10)).astype(np.float32)).resize(size))
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    inside = 1 - np.maximum(np.abs(rows), np.abs(columns))
    paper = 150 + 20 * inside * (1 + blotches) + generator.normal(0, 1.5, (height, width))
    levels = paper - contrast * (1 - np.asarray(sheet) / 255)
    return encode(Image.fromarray(levels.clip(0, 255).astype(np.uint8)).convert("RGB"), "JPEG", quality=90)


def share_read(classifier: Classifier, photographs: list[tuple[str, bytes]]) -> float:
    """The share of photographs that are read as what they are labelled."""
    right = 0
    for label, photograph in photographs:
        with suppress(NothingDrawnError):
            right += classifier.predict([classifier.preprocess(photograph)])[0].label == label
    return right / len(photographs)


def test_photograph_in_even_light_is_not_read_as_a_drawing(tracks: list[Character], classifier: Classifier):
    generator = np.random.default_rng(0)
    photographs = [(one.label, on_paper(one, (400, 300), 0.4, 0.012, 60, generator)) for one in tracks[::12]]
    assert share_read(classifier, photographs) >= 0.9


def test_small_and_thin_character_is_found(tracks: list[Character], classifier: Classifier):
    generator = np.random.default_rng(1)
    photographs = [(one.label, on_paper(one, (800, 600), 0.07, 0.005, 45, generator)) for one in tracks[::16]]
    assert share_read(classifier, photographs) >= 0.7


def test_drawing_in_doubt_is_no_drawing_where_only_these_are_wanted(classifier: Classifier):
    noise = np.random.default_rng(0).normal(150, 4, (200, 200)).clip(0, 255).astype(np.uint8)
    with pytest.raises(PhotographError):
        classifier.preprocess(encode(Image.fromarray(noise)), photographs=False)


def test_closely_cut_out_drawings_are_whole(drawings: list[tuple[str, Image.Image]]):
    whole = 0
    for _, drawing in drawings[::12]:
        cut = drawing.crop(ImageOps.invert(drawing).getbbox())
        if min(cut.size) >= 32:  # upright strokes alone are nothing but ink
            whole += bool(np.corrcoef(ink(drawing).ravel(), ink(cut).ravel())[0, 1] > 0.8)
        else:
            whole += 1
    assert whole >= 18
