from __future__ import annotations

import numpy as np
import pytest

from app.recognition.morphology import box_mean, closing, components, dilate

rng = np.random.default_rng(0)
PICTURE = rng.integers(0, 256, (17, 23)).astype(np.uint8)


def windows(pixels: np.ndarray, window: int) -> np.ndarray:
    padded = np.pad(pixels, window // 2, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (window, window))


@pytest.mark.parametrize("window", [1, 3, 5, 7, 11])
def test_dilate_is_the_maximum_of_the_window(window: int):
    np.testing.assert_array_equal(dilate(PICTURE, window), windows(PICTURE, window).max((2, 3)))


@pytest.mark.parametrize("window", [1, 3, 9])
def test_box_mean_is_the_mean_of_the_window(window: int):
    np.testing.assert_allclose(box_mean(PICTURE, window), windows(PICTURE, window).mean((2, 3)), rtol=1e-4)


def test_closing_fills_narrow_dark_lines_and_keeps_wide_edges():
    paper = np.full((40, 40), 200, np.uint8)
    paper[:, 30:] = 100
    written = paper.copy()
    written[10:13, 2:28] = 0
    np.testing.assert_array_equal(closing(written, 7), paper)


def test_components_separates_what_does_not_touch_and_joins_diagonals():
    mask = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
    labels = components(mask)
    assert len(np.unique(labels)) == 4
    assert labels[0, 0] == labels[1, 1]
    assert (labels[~mask] == 0).all()
