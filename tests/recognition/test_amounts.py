"""Amounts of cheques: what stands beside the digits, and what was cut out closely."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from app.recognition.classifier import Classifier
from app.recognition.reading import read
from benchmarks.numbers import Number, by_writer, compose
from tests.conftest import encode
from training.prepare.drawing import draw_placed
from training.prepare.unipen import Character

SIZE, PEN = (320, 90), 4


@pytest.fixture(scope="module")
def amount(tracks: list[Character]) -> Number:
    """Four digits that are read without an error on plain paper."""
    own = by_writer(tracks, least=10)[0]
    return compose(own, 4, np.random.default_rng(1), (260, 80), PEN).moved(60, 5, SIZE)


def printed(number: Number, before: str = "") -> Image.Image:
    """On a cheque's paper with waves of fine lines, with or without something printed before it."""
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    waves = np.cos((rows + 4 * np.sin(columns / 15)) * 0.8)
    sheet = Image.fromarray((210 - 15 * waves).astype(np.uint8))
    ImageDraw.Draw(sheet).text((8, 18), before, 90, ImageFont.load_default(48))
    ink = np.asarray(draw_placed(number.strokes, PEN, SIZE))
    return Image.fromarray(np.minimum(np.asarray(sheet), 40 + (ink * 0.8).astype(np.uint8)))


def text(image: Image.Image, classifier: Classifier) -> str:
    return read(encode(image), classifier).text


def test_an_amount_is_read_on_a_printed_background(amount, classifier):
    assert text(printed(amount), classifier) == amount.text


def amounts(tracks: list[Character]) -> list[Number]:
    own = by_writer(tracks, least=10)
    generators = [np.random.default_rng(index) for index in range(12)]
    return [
        compose(own[index % len(own)], 4, generator, (250, 80), PEN).moved(68, 5, SIZE)
        for index, generator in enumerate(generators)
    ]


def test_printed_currency_signs_are_left_out(tracks, classifier):
    """Of 12 amounts 11 are read right, with a sign and without."""
    numbers = amounts(tracks)
    assert sum(text(printed(number, "$"), classifier) == number.text for number in numbers) >= 9


def test_number_signs_in_ink_are_left_out(tracks, classifier):
    """Of 12 amounts 10 are read right with such a sign, and 11 without."""
    sign = [((13.5, 25.0), (9.5, 65.0)), ((29.5, 25.0), (25.5, 65.0)), ((8.0, 37.0), (48.0, 37.0))]
    strokes = (*(tuple(stroke) for stroke in sign), ((8.0, 53.0), (48.0, 53.0)))
    numbers = amounts(tracks)
    marked = [printed(replace(number, digits=(*number.digits, strokes))) for number in numbers]
    right = [text(image, classifier) == number.text for image, number in zip(marked, numbers, strict=True)]
    assert sum(right) >= 9


def test_an_amount_is_read_that_was_cut_out_so_closely_that_it_touches_the_edge(amount, classifier):
    points = np.concatenate([np.asarray(stroke) for stroke in amount.strokes])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    closely = printed(amount).crop((int(left) - 20, int(top), int(right) + 20, int(bottom) + 1))
    assert text(closely, classifier) == amount.text
