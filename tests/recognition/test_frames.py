"""Scans that were cut out of a form, a table or a line of writing: frames, parts of neighbours, few pixels."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from app.recognition.classifier import Classifier
from app.recognition.components import main_character
from app.recognition.decoding import ImageError
from app.recognition.enlargements import before_enlargement
from app.recognition.frames import without_frame
from tests.conftest import encode
from training.prepare.drawing import draw
from training.prepare.unipen import Character


def cut_out(character: Character, size: int, pen: float = 0.09, extent: float = 0.6) -> Image.Image:
    """A scan of the character, `size` pixels square; the pen is a share of it."""
    sheet = draw(character.strokes, pen * 280, extent)
    return sheet.resize((size, size), Image.Resampling.BOX)


def share_read(classifier: Classifier, scans: list[tuple[str, Image.Image]]) -> float:
    """The share of scans that are read as what they are labelled."""
    right = 0
    for label, scan in scans:
        try:
            right += classifier.predict([classifier.preprocess(encode(scan))])[0].label == label
        except ImageError:
            continue
    return right / len(scans)


@pytest.mark.parametrize("size", [28, 64])
@pytest.mark.parametrize(("inset", "thickness"), [(0, 1), (0, 3), (2, 1)])
def test_thin_frame_is_left_out(size: int, inset: int, thickness: int, tracks: list[Character], classifier: Classifier):
    scans = []
    for character in tracks[::8]:
        scan = cut_out(character, size)
        last = size - 1 - inset
        ImageDraw.Draw(scan).rectangle((inset, inset, last, last), outline=60, width=thickness)
        scans.append((character.label, scan))
    assert share_read(classifier, scans) >= 0.9


@pytest.mark.parametrize("size", [64, 160])
def test_frame_far_inside_clean_paper_is_left_out(size: int, tracks: list[Character], classifier: Classifier):
    scans, inset = [], round(0.13 * size)
    for character in tracks[::8]:
        scan = cut_out(character, size, pen=0.06, extent=0.5)
        last = size - 1 - inset
        ImageDraw.Draw(scan).rectangle((inset, inset, last, last), outline=80, width=size // 60)
        scans.append((character.label, scan))
    assert share_read(classifier, scans) >= 0.93


def test_two_sides_of_a_frame_are_left_out(tracks: list[Character], classifier: Classifier):
    scans = []
    for character in tracks[::8]:
        scan = cut_out(character, 64)
        ImageDraw.Draw(scan).line((0, 63, 0, 0, 63, 0), fill=60, width=4)
        scans.append((character.label, scan))
    assert share_read(classifier, scans) >= 0.93


def test_two_sides_of_a_frame_on_a_small_and_noisy_scan_are_left_out(tracks: list[Character], classifier: Classifier):
    generator, scans = np.random.default_rng(0), []
    for character in tracks[::4]:
        scan = cut_out(character, 28)
        ImageDraw.Draw(scan).line((2, 0, 2, 25, 27, 25), fill=90)
        noisy = np.asarray(scan) * 0.9 + generator.normal(0, 7, (28, 28))
        scans.append((character.label, Image.fromarray(noisy.clip(0, 255).astype(np.uint8))))
    assert share_read(classifier, scans) >= 0.93


def test_shadow_within_a_frame_is_no_ink(tracks: list[Character], classifier: Classifier):
    rows, columns = np.mgrid[-1:1:64j, -1:1:64j]
    light = 170 + 25 * np.clip(rows + 0.2 * columns, -1, 0.2)
    scans = []
    for character in tracks[::6]:
        cell = cut_out(character, 64, pen=0.06, extent=0.55)
        ImageDraw.Draw(cell).rectangle((1, 1, 62, 62), outline=0, width=2)
        levels = light * (0.7 + 0.3 * np.asarray(cell) / 255)
        scans.append((character.label, Image.fromarray(levels.astype(np.uint8))))
    assert share_read(classifier, scans) >= 0.95


def test_broken_frame_is_left_out(tracks: list[Character], classifier: Classifier):
    scans = []
    for character in tracks[::8]:
        scan = cut_out(character, 96)
        ImageDraw.Draw(scan).rectangle((1, 1, 94, 94), outline=60, width=2)
        for start in range(10, 96, 24):
            scan.paste(255, (start, 0, start + 9, 4))
            scan.paste(255, (92, start, 96, start + 9))
        scans.append((character.label, scan))
    assert share_read(classifier, scans) >= 0.93


def test_part_of_a_neighbour_at_the_edge_is_left_out(tracks: list[Character], classifier: Classifier):
    scans = []
    for character, other in zip(tracks[::8], tracks[4::8], strict=True):
        scan = np.asarray(cut_out(character, 64))
        neighbour = np.roll(np.asarray(cut_out(other, 64)), 46, axis=1)
        neighbour[:, :56] = 255
        scans.append((character.label, Image.fromarray(np.minimum(scan, neighbour))))
    assert share_read(classifier, scans) >= 0.93


def test_bold_character_cut_out_closely_is_whole(tracks: list[Character], classifier: Classifier):
    scans = []
    for character in tracks[::8]:
        sheet = draw(character.strokes, 40, 0.75)
        scan = sheet.crop(ImageOps.invert(sheet).getbbox()).resize((64, 64), Image.Resampling.BICUBIC)
        if character.label != "1":  # upright strokes alone are nothing but ink
            scans.append((character.label, scan))
    assert share_read(classifier, scans) >= 0.85


def test_scan_of_eight_pixels_is_read(tracks: list[Character], classifier: Classifier):
    scans = [(character.label, cut_out(character, 8, pen=0.13, extent=0.8)) for character in tracks[::8]]
    assert share_read(classifier, scans) >= 0.85


@pytest.mark.parametrize("filtering", [Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
def test_few_pixels_enlarged_are_read_as_before(
    filtering: Image.Resampling, tracks: list[Character], classifier: Classifier
):
    scans = []
    for character in tracks[::8]:
        small = cut_out(character, 16, pen=0.16, extent=1.02)
        scans.append((character.label, small.resize((64, 64), filtering)))
    assert share_read(classifier, scans) >= 0.93


def test_sharp_scan_was_not_enlarged(tracks: list[Character]):
    for character in tracks[::8]:
        scan = cut_out(character, 64)
        assert before_enlargement(scan, np.asarray(scan)) is scan


def test_smooth_shadow_was_not_enlarged():
    rows, columns = np.mgrid[0:128, 0:128]
    shadow = (60 + 180 / (1 + np.exp((columns + rows - 128) / 12))).astype(np.uint8)
    empty = Image.fromarray(shadow)
    assert before_enlargement(empty, shadow) is empty


@pytest.mark.parametrize("sides", [(0,), (0, 3), (0, 1, 2, 3)])
def test_nothing_but_lines_along_the_edges_is_no_character(sides: tuple[int, ...], classifier: Classifier):
    generator = np.random.default_rng(len(sides))
    for _ in range(6):
        cell = np.full((128, 128), generator.uniform(140, 220))
        for side in sides:
            start, width = generator.integers(2, 12), generator.integers(2, 8)
            np.rot90(cell, side)[:, start : start + width] *= generator.uniform(0.3, 0.6)
        cell *= 1 + generator.normal(0, 0.006, cell.shape)
        file = encode(Image.fromarray(cell.clip(0, 255).astype(np.uint8)), "JPEG", quality=90)
        try:
            (prediction,) = classifier.predict([classifier.preprocess(file)])
        except ImageError:
            continue
        assert not prediction.known


def test_thick_line_along_an_edge_that_meets_a_thin_one_is_no_character(classifier: Classifier):
    generator = np.random.default_rng(4)
    for start in (4, 8):
        cell = Image.new("L", (128, 128), 175)
        brush = ImageDraw.Draw(cell)
        brush.line((start, 0, start + 4, 127), fill=50, width=8)
        brush.line((start, 120, 127, 122), fill=110)
        noisy = np.asarray(cell) + generator.normal(0, 0.8, (128, 128))
        file = encode(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), "JPEG", quality=95)
        with suppress(ImageError):
            (prediction,) = classifier.predict([classifier.preprocess(file)])
            assert not prediction.known


def test_round_strokes_that_touch_the_edges_are_no_frame():
    for size in (28, 48):
        scan = Image.new("L", (size, size), 255)
        ImageDraw.Draw(scan).ellipse((0, 0, size - 1, size - 1), outline=0, width=size // 8)
        assert without_frame(scan, np.asarray(scan)) is scan


def test_stroke_goes_on_where_it_crosses_the_frame():
    scan = Image.new("L", (64, 64), 255)
    brush = ImageDraw.Draw(scan)
    brush.rectangle((6, 6, 57, 57), outline=90, width=2)
    brush.line((32, 2, 32, 61), fill=0, width=5)
    grey = np.asarray(without_frame(scan, np.asarray(scan)))
    assert (grey[2:62, 32] < 40).all()
    assert (grey[6:8, 12:26] > 230).all()


def test_straight_stroke_beside_two_sides_of_a_frame_is_no_third_one():
    scan = Image.new("L", (48, 62), 250)
    brush = ImageDraw.Draw(scan)
    brush.line((45, 0, 45, 61), fill=90)
    brush.line((0, 59, 47, 59), fill=90)
    brush.line((6, 4, 43, 4, 30, 58), fill=60, width=3)
    grey = np.asarray(without_frame(scan, np.asarray(scan)))
    assert (grey[4, 8:42] < 100).all()


def test_stroke_beside_a_frame_on_uneven_paper_is_not_broadened():
    scan = Image.new("L", (40, 56), 250)
    brush = ImageDraw.Draw(scan)
    for left in (0, 30):
        brush.rectangle((left, 0, left + 9, 55), fill=236)
    brush.line((5, 0, 5, 55), fill=90)
    brush.line((34, 0, 34, 55), fill=90)
    brush.line((0, 5, 39, 5), fill=90)
    brush.line((31, 14, 31, 40), fill=60, width=3)
    grey = np.asarray(without_frame(scan, np.asarray(scan)))
    assert (grey[16:38, 35:] > 220).all()


def test_hole_at_the_edge_is_no_character():
    sheet = Image.new("L", (192, 192))
    ImageDraw.Draw(sheet).ellipse((6, 80, 20, 94), fill=255)
    assert not main_character(np.asarray(sheet)).any()
