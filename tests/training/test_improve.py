"""From accepted corrections to a better model, or to a refusal that says why."""

from __future__ import annotations

import re
import resource
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex

import numpy as np
import pytest
from PIL import Image

from app.recognition import model_file
from app.recognition.classifier import Classifier
from app.recognition.neighbours import Neighbours
from app.recognition.preprocessing import Preprocessing
from app.storage import corrections
from app.storage.database import open_database, reading, writing
from app.storage.records import Correction, NewCorrection
from app.storage.schema import upgrade
from tests.conftest import encode
from tests.training.conftest import EPOCHS, WEIGHTS_ALONE
from training import checkpoint, improve, learning_commands
from training.__main__ import main
from training.correction_images import hold_back, image_set
from training.correction_pictures import picture, strokes_of
from training.errors import TrainingError
from training.finetune import FineTuning
from training.prepare.drawing import draw
from training.prepare.folder import ImageFolderWriter
from training.prepare.unipen import Stroke

QUICK = ("--steps", "60", "--lr", "0.003", "--variations", "1")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of the usual images in each step: three classes need no more, and it takes a third of the time."""
    monkeypatch.setattr(learning_commands, "FineTuning", partial(FineTuning, corrections=16, rehearsal=32))


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


@pytest.mark.usefixtures("small_batches")
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
    assert re.search(r"held-back corrections .* not good enough|read right already", captured.out + captured.err)
    assert not output.exists()


def test_where_no_held_back_correction_is_misread_nothing_is_computed(
    url, trained, tracks, tmp_path, capsys, monkeypatch
):
    classifier = Classifier.load(trained)
    drawn = [(one, classifier.preprocess(encode(draw(one.strokes)))) for one in tracks if one.label in "017"][:40]
    right = [one for one, image in drawn if classifier.predict([image])[0].label == one.label]
    for one in right:
        store(url, one.label, one.strokes)
    monkeypatch.delattr(improve, "fine_tune")
    output = tmp_path / "better.pt"
    assert main(["improve", "--model", str(trained), "--database", url, "--output", str(output)]) == 3
    assert "are read right already" in capsys.readouterr().err
    assert not output.exists()


def test_data_that_is_not_divided_is_refused(url, trained, tree, tracks, tmp_path, capsys):
    for strokes in sevens(tracks, 10):
        store(url, another(trained, [strokes]), strokes)
    command = ["improve", "--model", str(trained), "--data", str(tree / "test"), "--database", url]
    assert main([*command, "--output", str(tmp_path / "better.pt")]) == 2
    assert "neither train/ nor test/" in capsys.readouterr().err


def test_data_without_a_test_set_of_the_model_is_refused(url, tree, trained, tracks, tmp_path, capsys):
    for one in tracks[:10]:
        store(url, "7", one.strokes)
    model = checkpoint.load(trained)
    tested = tmp_path / "tested.pt"
    checkpoint.save(replace(model, metrics={**model.metrics, "test-sites": {"accuracy": 1.0}}), tested)
    command = ["improve", "--model", str(tested), "--data", str(tree), "--database", url]
    assert main([*command, "--output", str(tmp_path / "better.pt")]) == 2
    assert "no test-sites folder" in capsys.readouterr().err


def test_the_table_says_how_many_must_be_right():
    test = improve.Comparison("test-sites", 692, 682, 681, 682)
    assert re.search(r"692 +682 → 681 .* 682  not good enough", test.row)


@pytest.mark.slow
def test_wrong_labels_do_not_cost_what_the_model_knew(url, tree, tracks, tmp_path, capsys):
    # Of ordinary width: a narrow model is so unsure that wrong labels can make it better.
    trained = tmp_path / "model.pt"
    assert main(["train", str(tree), "--output", str(trained), *EPOCHS, *WEIGHTS_ALONE]) == 0
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


def by(writer: str | None, count: int) -> list[Correction]:
    """Corrections by a person, of whom nothing else matters."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    given = NewCorrection("7", b"", None, writer, "", "1", 0.9, 0.1, None)
    return [
        Correction(**vars(given), id=token_hex(16), created_at=when, status="accepted", reviewed_at=when)
        for _ in range(count)
    ]


def test_whole_writers_are_held_back_unless_most_drawings_are_one_persons():
    several = [one for number in range(6) for one in by(f"writer-{number}", 5)]
    learn, held = hold_back(several, set(), seed=1)
    assert not {one.writer for one in learn} & {one.writer for one in held}
    assert 5 <= len(held) <= 15
    learn, held = hold_back([*several, *by("busy", 100)], set(), seed=1)
    assert len(learn) + len(held) == 130
    assert len(held) >= 26
    assert len(learn) >= 65


def test_one_at_least_of_those_who_are_misread_is_held_back():
    for seed in range(40):
        several = [one for number in range(10) for one in by(f"writer-{number}", 5)]
        misread = {one.id for one in several if one.writer in ("writer-3", "writer-7")}
        learn, held = hold_back(several, misread, seed)
        assert len([one for one in held if one.id in misread]) == 5
        assert not {one.writer for one in learn} & {one.writer for one in held}
        assert {one.id for one in learn} & misread
        # Of one person alone, some drawings.
        learn, held = hold_back(several, {one.id for one in several if one.writer == "writer-3"}, seed)
        assert len([one for one in held if one.writer == "writer-3" and one.id in misread]) == 1


@pytest.mark.parametrize(("wrong", "held_back"), [(0, 0), (1, 0), (2, 1), (4, 1), (10, 2), (50, 10)])
def test_a_share_of_what_is_misread_is_held_back(wrong, held_back):
    drawings = by("somebody", 50)
    misread = {one.id for one in drawings[:wrong]}
    for seed in range(5):
        learn, held = hold_back(drawings, misread, seed)
        assert (len(learn), len(held)) == (40, 10)
        assert len([one for one in held if one.id in misread]) == held_back


def drawn_as(image: Image.Image, strokes: Sequence[Stroke]) -> Correction:
    """A correction with this image and these strokes."""
    (one,) = by("somebody", 1)
    return replace(one, image=encode(image), strokes=[[list(point) for point in stroke] for stroke in strokes])


@pytest.mark.parametrize(("pen", "extent"), [(4, 0.7), (10, 0.3), (30, 0.7)])
def test_strokes_are_drawn_anew_whatever_pen_they_were_sent_with(tracks, pen, extent):
    for track in tracks[::12]:
        correction = drawn_as(draw(track.strokes, pen, extent, (0.4, 0.5)), track.strokes)
        assert picture(correction) == draw(track.strokes)


def test_what_nobody_has_reviewed_is_not_learned(tracks):
    # The image is a 7, as people see in /review; the strokes are a 1.
    seen, sent = (next(one.strokes for one in tracks if one.label == label) for label in "71")
    correction = drawn_as(draw(seen), sent)
    assert strokes_of(correction) is None
    assert picture(correction).tobytes() == draw(seen).tobytes()


@pytest.mark.parametrize("strokes", [[[(5.0, 5.0)]], [[(5.0, 5.0)] * 3], [[(-280.0, 560.0), (560.0, -280.0)]]])
def test_dots_and_lines_beyond_the_paper_can_be_drawn(strokes):
    correction = drawn_as(draw(strokes), strokes)
    assert len(image_set([correction], Preprocessing(), ("7",), variations=2, seed=0)) == 3


def test_corrections_that_show_nothing_are_refused():
    blank = drawn_as(Image.new("L", (280, 280), 255), [])
    with pytest.raises(TrainingError, match="none of these corrections shows"):
        image_set([blank], Preprocessing(), ("7",), variations=2, seed=0)


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


def test_a_full_disk_ends_an_export_without_half_an_image(tracks, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))  # less than an image takes
    try:
        with pytest.raises(TrainingError, match="cannot write images"):
            ImageFolderWriter(tmp_path).write("train", "7", "correction", draw(tracks[0].strokes))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


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
