"""Where parts are cut in which digits touch."""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image, ImageDraw

from app.recognition import seams
from app.recognition.lines import find_lines
from benchmarks.numbers import by_writer, compose
from benchmarks.seam_weights import cases_of, recall
from training.prepare.unipen import Character


def test_most_borders_between_digits_that_touch_are_among_the_cuts(tracks: list[Character]):
    own = by_writer(tracks, least=10)
    cases = [
        case
        for index in range(40)
        for case in cases_of(compose(own[index % len(own)], 2, np.random.default_rng(index), touching=1.0))
    ]
    assert len(cases) > 30
    assert recall(cases) >= 0.75


def rings() -> np.ndarray:
    """Two rings side by side that touch: ink on 0."""
    paper = Image.new("L", (150, 100), 0)
    brush = ImageDraw.Draw(paper)
    brush.ellipse((5, 10, 75, 90), outline=255, width=8)
    brush.ellipse((71, 10, 141, 90), outline=255, width=8)
    return np.asarray(paper)


def test_two_rings_are_cut_where_they_touch():
    lines = find_lines(rings(), 10)
    ((part,),) = lines.lines
    found = seams.seams(lines.labels[part.top : part.bottom, part.left : part.right] == part.label, 80, 8)
    assert found is not None
    best = found.columns[:, int(found.scores.argmax())] * found.scale + part.left
    assert np.abs(best - 73).max() <= 6


def test_cuts_neither_cross_nor_lie_on_each_other():
    lines = find_lines(rings(), 10)
    ((part,),) = lines.lines
    found = seams.seams(lines.labels[part.top : part.bottom, part.left : part.right] == part.label, 80, 8)
    assert found is not None
    columns = [found.columns[:, one] for one in seams.chosen(found, 80, part.width)]
    assert len(columns) > 1
    for left, right in itertools.pairwise(columns):
        assert np.all(left <= right)
        assert (right - left).max() > 0.1 * 80 / found.scale


def test_what_is_cut_keeps_its_ink_and_its_order():
    ink = rings()
    lines = find_lines(ink, 10)
    ((part,),) = lines.lines
    parts = seams.cuts(lines, part, part.label + 1)
    assert sum(one.pixels for one in parts) == part.pixels == np.count_nonzero(ink)
    assert [one.left for one in parts] == sorted(one.left for one in parts)
    assert not parts[0].cut
    assert all(one.cut > 0 for one in parts[1:])
