"""Which of the classes that look alike a character is, by its size and by what stands beside it: o, O or 0; l, I or 1.

A model card names the groups of classes that only size or context tells apart. The others of the same line say how tall
capitals are there, and whether digits, capitals or small letters are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple

from app.recognition.classifier import Prediction
from app.recognition.model_card import ModelCard

# Small letters without ascender or descender are as high as this share of a capital, in most hands; others are as high
# as a capital.
_LOW_LETTERS, _LOW = frozenset("aceimnorsuvwxz"), 0.62
# Letters that go below the line say nothing about heights.
_DESCENDERS = frozenset("gjpqyQ")
# The spread of heights in one hand, as a logarithm; chosen by benchmarks/words.py, as are the patterns.
_SPREAD = 0.28
# Lower ones than this share of the highest are small letters.
_LOWER = 0.8
# What lines are made of, and how often: the kind of the first character, and that of the others; None is any. A
# character is of the other kinds this often.
_PATTERNS = {
    ("digit", "digit"): 0.3,
    ("capital", "capital"): 0.2,
    ("small", "small"): 0.25,
    ("capital", "small"): 0.15,
    (None, None): 0.1,
}
_OTHERS = 0.01
# How much the classifier's own preference within a group counts: the picture shows little of what tells them apart.
_OWN = 0.5


class Written(NamedTuple):
    """A character of a line: what it was read as, and its height in any unit."""

    prediction: Prediction
    height: float


def settled(line: Sequence[Written], model: ModelCard) -> list[Prediction]:
    """The predictions of a line, with one of each group of look-alikes chosen. Where nothing tells them apart, and for
    all other classes, they stay as they are."""
    groups = [model.alike(one.prediction.label) for one in line]
    sure = [one for one, group in zip(line, groups, strict=True) if len(group) == 1]
    if len(sure) == len(line):
        return [one.prediction for one in line]
    capital = _capital_height(sure) or _tallest(line)
    if not sure and not capital:
        return [one.prediction for one in line]
    scores = [_scores(one, group, capital) for one, group in zip(line, groups, strict=True)]
    return [_chosen(one.prediction, own) for one, own in zip(line, _shares(scores), strict=True)]


def _shares(scores: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """How probable each of a group is: the mean over the patterns, by how probable they make the line."""
    weights: list[float] = []
    shares: list[list[dict[str, float]]] = []
    for (first, others), often in _PATTERNS.items():
        weight, found = log(often), []
        for place, own in enumerate(scores):
            kind = others if place else first
            powers = {name: exp(score) * _often(name, kind) for name, score in own.items()}
            weight += log(sum(powers.values()))
            found.append({name: power / sum(powers.values()) for name, power in powers.items()})
        weights.append(weight)
        shares.append(found)
    highest = max(weights)
    parts = [exp(weight - highest) for weight in weights]
    return [
        {
            name: sum(part * found[place][name] for part, found in zip(parts, shares, strict=True)) / sum(parts)
            for name in own
        }
        for place, own in enumerate(scores)
    ]


def _often(name: str, kind: str | None) -> float:
    if kind is None:
        return 1 / 3
    return 1 - 2 * _OTHERS if _kind(name) == kind else _OTHERS


def _scores(one: Written, group: Sequence[str], capital: float | None) -> dict[str, float]:
    """What the classifier and the height say of each of a group, as logarithms; the highest is 0."""
    scores = {name: _OWN * log(max(one.prediction.probabilities[name], 1e-6)) for name in group}
    if capital:
        for name in group:
            scores[name] -= (log(one.height / (capital * _share(name))) / _SPREAD) ** 2 / 2
    highest = max(scores.values())
    return {name: score - highest for name, score in scores.items()}


def _chosen(prediction: Prediction, shares: dict[str, float]) -> Prediction:
    together = sum(prediction.probabilities[name] for name in shares)
    probabilities = {**prediction.probabilities, **{name: share * together for name, share in shares.items()}}
    label = max(shares, key=shares.__getitem__)
    return Prediction(label, probabilities[label], prediction.known, probabilities)


def _tallest(line: Sequence[Written]) -> float | None:
    """The highest, if others are so much lower that they are small letters."""
    heights = [one.height for one in line]
    return max(heights) if min(heights) < _LOWER * max(heights) else None


def _capital_height(line: Sequence[Written]) -> float | None:
    """How high a capital is: the median of what each says; None if none does."""
    heights = sorted(
        one.height / _share(one.prediction.label) for one in line if one.prediction.label not in _DESCENDERS
    )
    return heights[len(heights) // 2] if heights else None


def _share(name: str) -> float:
    return _LOW if name in _LOW_LETTERS else 1.0


def _kind(name: str) -> str:
    return "digit" if name.isdigit() else "capital" if name.isupper() else "small"
