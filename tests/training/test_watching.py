"""What is seen of a training while it runs."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

from tests.conftest import DATA
from tests.training.conftest import NARROW, TRAIN, WEIGHTS_ALONE
from training import watching
from training.__main__ import main
from training.report import folder
from training.watching import Watch


def test_the_report_shows_augmented_images_before_training(small: Path, tmp_path: Path, monkeypatch):
    pages = []
    begin = folder.Report.begin
    monkeypatch.setattr(folder.Report, "begin", lambda *given: pages.append(begin(*given).read_text()))
    command = ["train", str(small), "--output", str(tmp_path / "m.pt"), "--epochs", "1", "--augment", "affine=2"]
    command += [*NARROW, "--no-quantise", "--no-neighbours"]
    assert main(command) == 0
    (page,) = pages
    assert "The same, augmented" in page
    assert "affine x 2" in page
    assert page.count("data:image/png") == 6
    assert "refresh" in page


def test_the_report_is_written_again_after_an_epoch(tree: Path, tmp_path: Path, monkeypatch):
    pages = []
    after = Watch.after_epoch

    def seen(watch: Watch, result: object) -> None:
        after(watch, result)  # type: ignore[arg-type]
        pages.append((tmp_path / "m-report" / "report.html").read_text())

    monkeypatch.setattr(Watch, "after_epoch", seen)
    monkeypatch.setattr(watching, "_REPORT_AFTER", 0.0)
    command = ["train", str(tree), "--output", str(tmp_path / "m.pt"), "--epochs", "3", "--batch-size", "32"]
    command += [*NARROW, "--no-quantise", "--no-neighbours"]
    assert main(command) == 0
    assert "<b>1 of 3</b>" in pages[0]
    assert "left, about" in pages[0]
    assert "Learning curves" in pages[0]
    finished = (tmp_path / "m-report" / "report.html").read_text()
    assert "refresh" not in finished
    assert "95 % interval" in finished


def test_hopeless_data_is_given_up(tmp_path: Path, capsys):
    """The same drawings in two classes, dealt by chance."""
    data, cards = tmp_path / "data", random.Random(0)
    assert main(["prepare", "mnist", "--root", str(DATA), "--out", str(tmp_path / "mnist")]) == 0
    for index, path in enumerate(sorted(tmp_path.glob("mnist/train/*/*.png"))[:120]):
        target = data / cards.choice("ab") / f"{index}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    command = ["train", str(data), "--output", str(tmp_path / "m.pt"), "--validation-fraction", "0.4"]
    assert main([*command, "--widths", "8", "16"]) == 2
    printed = capsys.readouterr()
    assert "which is guessing" in printed.err
    assert printed.out.count("epoch ") < 120
    assert not list(tmp_path.glob("m.pt*"))


def test_tensorboard_gets_every_epoch(small: Path, tmp_path: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    command = ["train", str(small), "--output", str(tmp_path / "m.pt"), "--epochs", "3", *NARROW, *WEIGHTS_ALONE]
    assert main([*command, "--tensorboard", str(tmp_path / "events")]) == 0
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss/training")] == [1, 2, 3]


def test_missing_tensorboard_is_told_in_one_line(tree: Path, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    command = ["train", str(tree), "--output", str(tmp_path / "m.pt"), "--no-report", *TRAIN]
    assert main([*command, "--tensorboard", str(tmp_path)]) == 2
    assert "pip install tensorboard" in capsys.readouterr().err
