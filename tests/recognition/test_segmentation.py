"""Photographs: ink on paper in uneven light."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from app.recognition.preprocessing import NothingDrawnError, Preprocessing
from tests.conftest import encode
from tests.recognition.test_preprocessing import similarity

ink = Preprocessing("ink")


def photograph(drawing: Image.Image, shadow: float = 0.5, ink_colour=(30, 40, 120), width: int = 900) -> Image.Image:
    """The drawing on paper as a camera would see it: light that falls off, a shadow's soft edge, grain, JPEG."""
    drawn = np.asarray(drawing.resize((width, width)).filter(ImageFilter.GaussianBlur(1.5)), float)[..., None] / 255
    paper = np.array([235, 230, 215])
    scene = drawn * paper + (1 - drawn) * np.array(ink_colour)
    rows, columns = np.mgrid[0:width, 0:width] / width
    light = 1.0 - 0.3 * rows
    light *= 1 - shadow / (1 + np.exp(-(columns - 0.6 + 0.2 * rows) / 0.02))
    grain = np.random.default_rng(0).normal(0, 3, scene.shape)
    photo = Image.fromarray((scene * light[..., None] + grain).clip(0, 255).astype(np.uint8))
    return Image.open(io.BytesIO(encode(photo, "JPEG", quality=75))).convert("RGB")


def test_shadow_across_the_paper_leaves_the_drawing_alone(drawings):
    for _, drawing in drawings[::40]:
        clean, photographed = ink(drawing).astype(float), ink(photograph(drawing)).astype(float)
        assert similarity(clean, photographed) > 0.85


def test_light_ink_on_a_dark_board(drawings):
    alike = 0
    for _, drawing in drawings[::12]:
        board = photograph(drawing, ink_colour=(30, 40, 120)).point(lambda level: 255 - level)
        alike += similarity(ink(drawing).astype(float), ink(board).astype(float)) > 0.85
    assert alike >= 18  # of 20


@pytest.mark.parametrize("shadow", [0.0, 0.5])
def test_photograph_of_empty_paper_is_blank(shadow: float):
    with pytest.raises(NothingDrawnError):
        ink(photograph(Image.new("L", (280, 280), 255), shadow))


def test_specks_do_not_move_the_crop(seven):
    spotted = photograph(seven)
    spotted.paste((60, 60, 60), (40, 840, 48, 848))
    clean, photographed = ink(photograph(seven)).astype(float), ink(spotted).astype(float)
    assert np.corrcoef(clean.ravel(), photographed.ravel())[0, 1] > 0.99
