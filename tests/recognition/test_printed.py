"""Writing and print on a photograph: how far parts are trusted, and how their contrasts compare."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from app.recognition.lines import find_lines
from app.recognition.parts import Part
from app.recognition.photographs import Region
from app.recognition.printed import compared, is_scanned, trusted


def marked(levels: list[int], paper: int = 220, faint: int = 255) -> list[Part]:
    """The parts of a photograph of strokes of these grey levels, side by side in the middle; their ink is so strong."""
    photograph = np.full((80, 40 * len(levels) + 20), paper, np.uint8)
    ink = np.zeros_like(photograph)
    for place, level in enumerate(levels):
        stroke = slice(20, 60), slice(20 + 40 * place, 40 + 40 * place)
        photograph[stroke], ink[stroke] = level, faint if place == 0 else 255
    found = compared(find_lines(ink, 10), Region(ink, (0, 0, 1, 1)), Image.fromarray(photograph))
    (line,) = trusted(found, ink).lines
    return line


def test_print_paler_than_the_writing_is_pale():
    sign, *digits = marked([140, 60, 60, 60])
    assert sign.pale == pytest.approx(np.log(2) - 0.2, abs=0.05)
    assert [digit.pale for digit in digits] == [0, 0, 0]


def test_strokes_that_differ_a_little_are_alike():
    assert [digit.pale for digit in marked([60, 80, 70, 60])] == [0, 0, 0, 0]


def test_light_writing_on_a_board_is_compared_alike():
    sign, *digits = marked([120, 200, 200, 200], paper=40)
    assert sign.pale == pytest.approx(np.log(2) - 0.2, abs=0.05)
    assert [digit.pale for digit in digits] == [0, 0, 0]


def test_writing_in_a_shadow_is_not_pale():
    strokes = np.full((80, 140), 220, np.uint8)
    ink = np.zeros_like(strokes)
    for left in (20, 60, 100):
        strokes[20:60, left : left + 20], ink[20:60, left : left + 20] = 60, 255
    light = np.where(np.arange(140) < 50, 0.5, 1.0)
    photograph = Image.fromarray((strokes * light).round().astype(np.uint8))
    (line,) = compared(find_lines(ink, 10), Region(ink, (0, 0, 1, 1)), photograph).lines
    assert [stroke.pale for stroke in line] == [0, 0, 0]


def test_faint_ink_is_not_trusted():
    faint, *others = marked([60, 60, 60], faint=80)
    assert faint.trust == 0
    assert [other.trust for other in others] == [1, 1]


def test_the_grain_of_paper_tells_a_scan_from_a_drawing(drawings):
    drawing = 255 - np.asarray(drawings[0][1])
    grain = np.random.default_rng(0).normal(0, 3, drawing.shape)
    assert not is_scanned(drawing)
    assert is_scanned((drawing * 0.7 + np.abs(grain)).clip(0, 255).round().astype(np.uint8))
