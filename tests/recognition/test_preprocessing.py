from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from app.recognition.preprocessing import NothingDrawnError, Preprocessing

ink = Preprocessing("ink")
plain = Preprocessing("plain")


def five(size: int = 280, at: tuple[int, int] = (100, 80), scale: float = 1.0, pen: int = 10) -> Image.Image:
    """An asymmetric mark, black on white."""
    image = Image.new("L", (size, size), 255)
    points = [(60, 0), (0, 0), (0, 50), (50, 60), (40, 110), (0, 120)]
    path = [(at[0] + x * scale, at[1] + y * scale) for x, y in points]
    ImageDraw.Draw(image).line(path, fill=0, width=pen, joint="curve")
    return image


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference as a share of the mean ink."""
    return float(np.abs(one.astype(float) - other).mean() / one.mean())


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two prepared images, the other moved by up to a pixel: centres fall between pixels."""
    moves = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return max(float(np.corrcoef(one.ravel(), np.roll(other, move, (0, 1)).ravel())[0, 1]) for move in moves)


def centre_of_mass(image: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(image.shape) + 0.5
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def test_ink_fills_a_20_pixel_box_in_28():
    prepared = ink(five())
    rows, columns = np.nonzero(prepared > 64)
    assert prepared.shape == (28, 28)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20


def test_ink_is_bright_on_zero():
    prepared = ink(five())
    assert prepared.max() == 255
    assert (prepared[[0, -1]] == 0).all()
    assert (prepared[:, [0, -1]] == 0).all()


@given(x=st.integers(0, 200), y=st.integers(0, 140))
def test_ink_does_not_depend_on_place(x: int, y: int):
    assert difference(ink(five(at=(100, 80))), ink(five(at=(x + 8, y + 8)))) < 0.02


@given(x=st.integers(0, 150), y=st.integers(0, 100))
def test_ink_is_centred_by_mass_within_a_pixel(x: int, y: int):
    row, column = centre_of_mass(ink(five(at=(x + 8, y + 8))))
    assert abs(row - 14) <= 0.6
    assert abs(column - 14) <= 0.6


def test_ink_does_not_depend_on_polarity():
    assert difference(ink(five()), ink(ImageOps.invert(five()))) == 0


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_ink_does_not_depend_on_size(scale: float):
    resized = five(at=(20, 20), scale=scale, pen=round(10 * scale))
    assert similarity(ink(five()), ink(resized)) > 0.85


def test_ink_keeps_proportions():
    wide = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(wide).rectangle((40, 100, 239, 149), fill=0)
    rows, columns = np.nonzero(ink(wide) > 128)
    assert (int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1) == (20, 5)


@pytest.mark.parametrize(
    ("colour", "paper"),
    [((0, 90, 200), (255, 255, 255)), ((200, 30, 30), (20, 110, 40)), ((255, 255, 0), (255, 255, 255))],
    ids=["blue on white", "red on equally bright green", "yellow on white"],
)
def test_ink_does_not_depend_on_colour(colour: tuple[int, int, int], paper: tuple[int, int, int]):
    coloured = ImageOps.colorize(five(), black=colour, white=paper)
    assert difference(ink(five()), ink(coloured)) < 0.05


def test_what_is_normalised_already_stays_as_it_is():
    normalised = ink(five())
    assert similarity(normalised, ink(Image.fromarray(normalised))) > 0.99


@pytest.mark.parametrize("paper", [0, 128, 255])
def test_blank_paper_is_refused(paper: int):
    with pytest.raises(NothingDrawnError, match="blank"):
        ink(Image.new("L", (280, 280), paper))


def test_blank_paper_of_a_noisy_camera_is_refused():
    noise = np.random.default_rng(0).normal(200, 2, (280, 280)).clip(0, 255).astype(np.uint8)
    with pytest.raises(NothingDrawnError):
        ink(Image.fromarray(noise))


@given(width=st.integers(1, 40), height=st.integers(1, 40), data=st.data())
def test_any_pixels_give_an_image_or_are_blank(width: int, height: int, data: st.DataObject):
    pixels = data.draw(st.binary(min_size=width * height, max_size=width * height))
    try:
        prepared = ink(Image.frombytes("L", (width, height), pixels))
    except NothingDrawnError:
        return
    assert prepared.shape == (28, 28)
    assert prepared.any()


@pytest.mark.parametrize("height", range(1, 7))
def test_narrow_images_give_an_image_or_are_blank(height: int):
    random = np.random.default_rng(0)
    for width in range(1, 40):
        pixels = np.where(random.random((height, width)) < 0.2, 0, 255).astype(np.uint8)
        with suppress(NothingDrawnError):
            assert ink(Image.fromarray(pixels)).any()


def test_plain_fills_the_frame():
    photo = Image.radial_gradient("L").resize((300, 300))
    assert difference(plain(photo), np.asarray(ImageOps.invert(photo).resize((28, 28)))) < 0.02


def test_plain_keeps_light_on_dark():
    shirt = Image.new("L", (60, 60), 0)
    shirt.paste(200, (20, 20, 40, 40))
    assert plain(shirt)[14, 14] > 190


@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1)])
def test_a_strip_of_paper_is_an_image_like_others(size: tuple[int, int]):
    # Widened to whole pixels of what the network sees, it would be 500 million pixels large.
    strip = Image.new("L", size, 255)
    ImageDraw.Draw(strip).line((size[0] // 10, size[1] // 10, size[0] * 9 // 10, size[1] * 9 // 10), fill=0)
    with pytest.raises(NothingDrawnError, match="a few specks"):
        ink(strip)
