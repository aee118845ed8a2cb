"""Look-alikes are told apart by size and neighbours."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest

from app.recognition.classifier import Classifier, Prediction
from app.recognition.context import Written, settled

CLASSES = tuple(string.digits + string.ascii_letters)
LOOK_ALIKES = (("0", "O", "o"), ("1", "I", "l"), ("S", "s"), ("C", "c"))


@pytest.fixture(scope="module")
def model(classifier: Classifier):
    """The card of a model of letters."""
    return replace(classifier.model, classes=CLASSES, look_alikes=LOOK_ALIKES)


def written(text: str, model) -> list[Written]:
    """Characters in one hand, each of a group of look-alikes taken for the group's first."""
    line = []
    for name in text:
        group = next((group for group in model.look_alikes if name in group), (name,))
        probabilities = dict.fromkeys(CLASSES, 0.0) | {other: 0.9 / len(group) for other in group}
        probabilities[group[0]] += 0.1
        height = 62.0 if name in "aceimnorsuvwxz" else 100.0
        line.append(Written(Prediction(group[0], probabilities[group[0]], True, probabilities), height))
    return line


WORDS = ["2026", "1990", "100", "Hello", "Oslo", "COAL", "class", "room", "BOSS", "Cat", "IBM"]


@pytest.mark.parametrize("text", WORDS)
def test_words_and_numbers_are_what_they_were(model, text: str):
    assert "".join(one.label for one in settled(written(text, model), model)) == text


def test_probabilities_still_add_up(model):
    for before, after in zip(written("Oslo 1"[:4], model), settled(written("Oslo", model), model), strict=True):
        assert sum(after.probabilities.values()) == pytest.approx(sum(before.prediction.probabilities.values()))
        assert after.confidence == after.probabilities[after.label] == max(after.probabilities.values())
        assert list(after.probabilities) == list(before.prediction.probabilities)


def test_without_neighbours_that_tell_nothing_changes(model):
    line = written("0l0", model)
    assert settled(line, model) == [one.prediction for one in line]


def test_classes_that_look_like_no_other_stay(model):
    line = written("2a4", model)
    assert settled(line, model) == [one.prediction for one in line]
