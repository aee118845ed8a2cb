"""From accepted corrections to a better model, or to a refusal that says why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.recognition import model_file
from app.recognition.classifier import Classifier
from app.recognition.neighbours import Neighbours
from app.storage import corrections
from app.storage.database import open_database, reading, writing
from app.storage.records import NewCorrection
from app.storage.schema import upgrade
from tests.conftest import encode
from training import checkpoint, improve
from training.__main__ import main
from training.correction_images import hold_back
from training.corrections import find
from training.prepare.drawing import draw
from training.prepare.unipen import Stroke

QUICK = ("--steps", "25", "--lr", "0.003", "--variations", "1")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'handwritten.db'}"


def store(url: str, label: str | None, strokes, writer: str | None = "somebody", status="accepted") -> None:
    engine = open_database(url)
    upgrade(engine)
    image = encode(draw(strokes))
    with writing(engine) as connection:
        number = corrections.add(
            connection,
            NewCorrection(label, image, [[list(p) for p in s] for s in strokes], writer, "", "0", 0.5, 0.5, None),
        )
        corrections.review(connection, status, [number])


def lying(strokes: Sequence[Stroke]) -> list[Stroke]:
    """The same character turned by a quarter, as nobody in the training set writes it."""
    return [tuple((-y, x) for x, y in stroke) for stroke in strokes]


def sevens(tracks, count: int):
    return [lying(one.strokes) for one in tracks if one.label == "7"][:count]


def another(trained: Path, drawn: Sequence[Sequence[Stroke]]) -> str:
    """The class that the model gives these drawings least: whoever calls them so has something to teach it."""
    classifier = Classifier.load(trained)
    predictions = classifier.predict([classifier.preprocess(encode(draw(strokes))) for strokes in drawn])
    return min(classifier.model.classes, key=[one.label for one in predictions].count)


def statuses(url: str) -> list[str]:
    with reading(open_database(url)) as connection:
        return [one.status for one in corrections.find(connection)]


def stored_neighbours(path: Path) -> Neighbours:
    record = model_file.load_inside(path, model_file.load(path)[0]).neighbours
    assert record
    return Neighbours.from_bytes(record)


def test_corrections_make_a_better_model(url, tree, trained, tracks, tmp_path, capsys):
    for number, strokes in enumerate(sevens(tracks, 20)):
        store(url, "7", strokes, writer=f"writer-{number // 4}")
    output = tmp_path / "better.pt"
    command = ["improve", "--model", str(trained), "--data", str(tree), "--database", url, "--output", str(output)]
    assert main([*command, *QUICK]) == 0
    printed = capsys.readouterr().out
    assert "16 to learn from, 4 held back, of other people" in printed
    ((before, after),) = re.findall(r"held-back corrections +4 +(\d) → (\d)", printed)
    assert after > before
    better, parent = checkpoint.load(output), checkpoint.load(trained)
    assert better.provenance["parent"] == parent.version != better.version
    assert better.metrics["test"]["count"] == parent.metrics["test"]["count"]
    assert Classifier.load(output).model.version == better.version
    # It shows the images that its parent showed, none that somebody has sent.
    shown, shown_before = stored_neighbours(output), stored_neighbours(trained)
    np.testing.assert_array_equal(shown.images, shown_before.images)
    assert (shown.features != shown_before.features).any()


def test_a_model_that_is_not_better_is_not_written(url, tree, trained, tracks, tmp_path, capsys):
    for one in [one for one in tracks if one.label in "017"][:20]:
        store(url, one.label, one.strokes)  # confirmations: there is nothing to learn
    output = tmp_path / "better.pt"
    command = ["improve", "--model", str(trained), "--data", str(tree), "--database", url, "--output", str(output)]
    assert main([*command, "--steps", "2", "--lr", "0"]) == 3
    captured = capsys.readouterr()
    assert "held-back corrections" in captured.err
    assert "Nothing was written" in captured.err
    assert "not good enough" in captured.out
    assert not output.exists()


@pytest.mark.slow
def test_wrong_labels_do_not_cost_what_the_model_knew(url, tree, trained, tracks, tmp_path, capsys):
    for one in [one for one in tracks if one.label == "1"][:20]:
        store(url, "0", one.strokes)
    output = tmp_path / "better.pt"
    command = ["improve", "--model", str(trained), "--data", str(tree), "--database", url, "--output", str(output)]
    assert main([*command, *QUICK]) == 3
    assert "taken: 100%" not in capsys.readouterr().out
    assert not output.exists()


@pytest.mark.slow
def test_without_data_it_rehearses_with_scribbles(url, trained, tracks, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(improve, "SCRIBBLES", 200)
    drawn = sevens(tracks, 15)
    label = another(trained, drawn)
    for strokes in drawn:
        store(url, label, strokes)
    output = tmp_path / "better.pt"
    command = ["improve", "--model", str(trained), "--database", url, "--output", str(output), *QUICK]
    status = main([*command, "--steps", "100"])
    assert status == 0
    assert "scribbles" in capsys.readouterr().out
    better = checkpoint.load(output)
    assert better.provenance["data"] == "scribbles"
    assert better.metrics == {}


def test_too_few_corrections_are_refused(url, trained, tracks, tmp_path, capsys):
    store(url, "7", tracks[0].strokes)
    store(url, "7", tracks[0].strokes, status="waiting")
    store(url, "x", tracks[0].strokes)
    output = tmp_path / "better.pt"
    assert main(["improve", "--model", str(trained), "--database", url, "--output", str(output)]) == 2
    assert "1 accepted corrections of the model's classes; at least 5" in capsys.readouterr().err


def test_whole_writers_are_held_back_unless_most_drawings_are_one_persons(url, tracks):
    for number in range(30):
        store(url, "7", tracks[0].strokes, writer=f"writer-{number % 6}")
    learn, held = hold_back(find(url, "accepted", None), seed=1)
    assert not {one.writer for one in learn} & {one.writer for one in held}
    assert 5 <= len(held) <= 15
    for _ in range(100):
        store(url, "7", tracks[0].strokes, writer="busy")
    learn, held = hold_back(find(url, "accepted", None), seed=1)
    assert len(learn) + len(held) == 130
    assert len(held) >= 26
    assert len(learn) >= 65


def test_corrections_are_listed_accepted_rejected_and_exported(url, tracks, tmp_path, capsys):
    for label in ("7", "7", None):
        store(url, label, tracks[0].strokes, status="waiting")
    assert main(["corrections", "list", "--database", url]) == 0
    printed = capsys.readouterr().out
    ids = [line.split()[0] for line in printed.splitlines()[1:4]]
    assert "none of these" in printed
    assert "3 waiting, 0 accepted, 0 rejected" in printed
    assert main(["corrections", "reject", ids[0], "--database", url]) == 0
    assert main(["corrections", "accept", "--all", "--database", url]) == 0
    assert sorted(statuses(url)) == ["accepted", "accepted", "rejected"]
    assert main(["corrections", "accept", ids[0], "--database", url]) == 0
    assert main(["corrections", "export", str(tmp_path / "data"), "--database", url]) == 0
    assert "2 to train/ and 1 to unknown/" in capsys.readouterr().out
    assert len(list((tmp_path / "data" / "train" / "7").glob("*.png"))) == 2
    assert len(list((tmp_path / "data" / "unknown").glob("*/*.png"))) == 1


@pytest.mark.parametrize("command", [["accept"], ["accept", "nobody"], ["reject", "x", "--all"]])
def test_wrong_commands_say_what_to_do(url, tracks, command, capsys):
    store(url, "7", tracks[0].strokes, status="waiting")
    assert main(["corrections", *command, "--database", url]) == 2
    assert "list" in capsys.readouterr().err.lower()
    assert statuses(url) == ["waiting"]


def test_an_unusable_database_is_told_in_one_line_without_the_password(capsys):
    command = ["corrections", "list", "--database", "postgres://user:secret@127.0.0.1:1/name"]
    assert main(command) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "cannot be used" in told
    assert "secret" not in told
