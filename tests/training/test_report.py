"""The report's folder: written by training, and again afterwards."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from training.__main__ import main


def test_report_shows_the_training(trained: Path):
    folder = trained.parent / "model-report"
    page = (folder / "report.html").read_text()
    history = json.loads((folder / "history.json").read_text())
    assert history["classes"] == ["0", "1", "7"]
    assert len(history["epochs"]) == 20
    assert {"loss", "accuracy", "auc"} <= set(history["epochs"][-1]["validation"])
    assert sum(map(sum, history["confusion"])) == history["test"]["count"] == 36
    for words in (
        "Learning curves",
        "Confusions",
        "What there was to learn from",
        "Kernels of the first layer",
        "Maps of Residual block 3",
        "<svg",
        "data:image/png",
    ):
        assert words in page
    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []


@pytest.fixture
def moved(trained: Path, tmp_path: Path) -> Path:
    """The trained model without its report."""
    return Path(shutil.copy(trained, tmp_path / "moved.pt"))


def test_report_can_be_written_anew_with_the_curves_that_it_had(trained: Path, moved: Path, tree: Path):
    first, again = trained.parent / "model-report", moved.parent / "moved-report"
    again.mkdir()
    shutil.copy(first / "history.json", again)
    assert main(["report", str(moved), str(tree)]) == 0
    assert (again / "history.json").read_text() == (first / "history.json").read_text()
    page = (again / "report.html").read_text()
    assert "Learning curves" in page
    assert "What there was to learn from" in page


def test_report_on_other_data_needs_neither_history_nor_training_images(moved: Path, small: Path, capsys):
    shutil.rmtree(small / "train")
    assert main(["report", str(moved), str(small), "--output", str(small / "seen")]) == 0
    printed = capsys.readouterr().out
    assert "without curves" in printed
    assert "of 6 images" in printed
    page = (small / "seen" / "report.html").read_text()
    assert "Confusions" in page
    assert "Learning curves" not in page


def test_report_on_a_tree_without_one_of_the_classes(moved: Path, small: Path):
    for part in ("train", "test"):
        shutil.rmtree(small / part / "7")
    assert main(["report", str(moved), str(small)]) == 0
    assert "What there was to learn from" in (moved.parent / "moved-report" / "report.html").read_text()


@pytest.mark.parametrize("change", [{"classes": ["a", "b"]}, {"epochs": []}, {"epochs": [{"number": 1}]}])
def test_curves_of_another_training_are_not_shown(trained: Path, moved: Path, tree: Path, change: dict[str, object]):
    history = json.loads((trained.parent / "model-report" / "history.json").read_text())
    again = moved.parent / "moved-report"
    again.mkdir()
    (again / "history.json").write_text(json.dumps(history | change))
    assert main(["report", str(moved), str(tree)]) == 0
    assert "Learning curves" not in (again / "report.html").read_text()


def test_report_has_a_figure_for_every_test_set_and_says_how_the_model_was_made(moved: Path, small: Path, capsys):
    shutil.copytree(small / "test" / "7", small / "test-sevens" / "7")
    assert main(["report", str(moved), str(small)]) == 0
    assert "test-sevens accuracy" in capsys.readouterr().out
    page = (moved.parent / "moved-report" / "report.html").read_text()
    assert "accuracy on test-sevens" in page
    assert "<dt>augment</dt><dd>stroke: 1.0, affine: 1.0, elastic: 1.0</dd>" in page


def test_report_on_a_tree_without_tests_is_refused(trained: Path, small: Path, capsys):
    shutil.rmtree(small / "test")
    assert main(["report", str(trained), str(small)]) == 2
    assert "no test folder" in capsys.readouterr().err
