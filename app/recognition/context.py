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
# The spread of heights in one hand, as a logarithm.
_SPREAD = 0.2
# Lower ones than this share of the highest are small letters.
_LOWER = 0.8
# Capitals and small letters are often side by side; digits and letters are not.
_MIXED = 0.3
# How often what the others are is considered again.
_ROUNDS = 3
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
    # What one is makes its neighbours likelier: the first round goes by sizes and those that look like no other.
    shares = [{one.prediction.label: float(len(group) == 1)} for one, group in zip(line, groups, strict=True)]
    for _ in range(_ROUNDS):
        shares = [
            _shares(one, group, capital, _kinds(shares, i))
            for i, (one, group) in enumerate(zip(line, groups, strict=True))
        ]
    return [_chosen(one.prediction, own) for one, own in zip(line, shares, strict=True)]


def _kinds(shares: Sequence[dict[str, float]], place: int) -> dict[str, float]:
    """How many of each kind there are beside the one at this place."""
    kinds = dict.fromkeys(("digit", "capital", "small"), 0.0)
    for other, own in enumerate(shares):
        if other != place:
            for name, share in own.items():
                kinds[_kind(name)] += share
    return kinds


def _shares(one: Written, group: Sequence[str], capital: float | None, kinds: dict[str, float]) -> dict[str, float]:
    """How probable each of a group is, if it is one of them."""
    if len(group) == 1:
        return {group[0]: 1.0}
    scores = {}
    for name in group:
        score = _OWN * log(max(one.prediction.probabilities[name], 1e-6))
        kind = _kind(name)
        alike = kinds[kind] + _MIXED * kinds.get({"capital": "small", "small": "capital"}.get(kind, ""), 0.0)
        score += log((alike + 0.5) / (sum(kinds.values()) + 1.5))
        if capital:
            score -= (log(one.height / (capital * _share(name))) / _SPREAD) ** 2 / 2
        scores[name] = score
    highest = max(scores.values())
    powers = {name: exp(score - highest) for name, score in scores.items()}
    return {name: power / sum(powers.values()) for name, power in powers.items()}


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
