"""Which pieces are classified: few of all that may be characters, and the best path among them."""

from __future__ import annotations

import numpy as np
import pytest

from app.recognition import paths, search
from app.recognition.classifier import Classifier
from app.recognition.reading import Sheet, look
from benchmarks.numbers import Number, by_writer, compose
from benchmarks.reading import SQUARE, WIDE
from tests.conftest import encode
from training.prepare.drawing import PEN, draw_placed
from training.prepare.unipen import Character


def numbers(tracks: list[Character], touching: float, size: tuple[int, int]) -> list[Number]:
    own = by_writer(tracks, least=10)
    generators = [np.random.default_rng((4, index)) for index in range(12)]
    return [
        compose(own[index % len(own)], int(generator.integers(2, 7)), generator, size, touching=touching)
        for index, generator in enumerate(generators)
    ]


def seen(number: Number, classifier: Classifier, thorough: bool = False) -> Sheet:
    return look(encode(draw_placed(number.strokes, PEN, number.size)), classifier, thorough=thorough)


def pieces(sheet: Sheet) -> int:
    return sum(len(line.pieces) for line in sheet.lines)


@pytest.mark.parametrize("size", [SQUARE, WIDE])
def test_the_best_path_is_the_one_that_is_found_when_everything_is_classified(tracks, classifier, size, monkeypatch):
    monkeypatch.setattr(search, "_FEW", 1000)
    monkeypatch.setattr(paths, "_HOPED", paths._KNOWN)
    for number in numbers(tracks, 0.5, size):
        found, every = (seen(number, classifier, thorough).reading() for thorough in (False, True))
        assert found.text == every.text
        assert [one.box for one in found.characters] == [one.box for one in every.characters]


def test_of_digits_that_do_not_touch_hardly_anything_else_is_classified(tracks, classifier):
    given = numbers(tracks, 0.0, WIDE)
    classified = sum(pieces(seen(number, classifier)) for number in given)
    digits = sum(len(number.text) for number in given)
    assert digits <= classified <= 1.5 * digits


def test_fewer_pieces_are_classified_than_may_be_characters(tracks, classifier):
    given = numbers(tracks, 0.5, SQUARE)
    found, every = (sum(pieces(seen(number, classifier, thorough)) for number in given) for thorough in (False, True))
    assert found <= 0.7 * every
