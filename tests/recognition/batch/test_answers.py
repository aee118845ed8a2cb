"""What the rows say, in which order, in which format."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from pyarrow import parquet

from app.recognition.__main__ import main
from tests.conftest import ROOT
from tests.recognition.batch.conftest import command, rows_of


def test_all_cores_give_the_classifiers_own_answers_in_the_order_of_the_input(run, images, classifier, tmp_path):
    shuffled = random.Random(0).sample(images, len(images))
    names = "".join(f"{path}\n" for path in shuffled).encode()
    finished = run("-", "--workers", 2, "--output", tmp_path / "answers.csv", names=names)
    assert finished.returncode == 0, finished.stderr
    expected = [(str(path), classifier.predict([classifier.preprocess(path.read_bytes())])[0]) for path in shuffled]
    rows = rows_of((tmp_path / "answers.csv").read_bytes())
    assert [(row["file"], row["label"]) for row in rows] == [(name, answer.label) for name, answer in expected]
    for row, (_, answer) in zip(rows, expected, strict=True):
        assert float(row["confidence"]) == pytest.approx(answer.confidence, abs=1e-3)
        assert row["known"] == str(answer.known).lower()


def test_names_come_from_standard_input_without_any_argument(run, images):
    finished = run(names=f"{images[3]}\n{images[1]}\r\n\n".encode())
    assert [row["file"] for row in rows_of(finished.stdout)] == [str(images[3]), str(images[1])]


def test_who_reads_only_the_beginning_gets_no_complaint(images):
    program = shlex.join(command(images[0].parent))
    shell = subprocess.run(f"{program} | head -1", shell=True, cwd=ROOT, capture_output=True, timeout=120)
    assert (shell.stdout, shell.stderr) == (b"file,label,confidence,known,error\r\n", b"")


def test_what_cannot_be_read_is_a_row_with_the_reason(images, tmp_path, capsys):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "1-text.png").write_text("no image")
    (folder / "2-cut.png").write_bytes(images[0].read_bytes()[:300])
    (folder / "3-empty.png").touch()
    os.mkfifo(folder / "4-pipe.png")
    (folder / "5-dangling.png").symlink_to(folder / "nowhere")
    (folder / "6-good.png").write_bytes(images[0].read_bytes())
    (folder / "notes.txt").write_text("in a folder, only images are read")
    assert main([str(folder), "--output", str(tmp_path / "answers.jsonl")]) == 1
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [Path(row["file"]).name[0] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    for row, reason in zip(
        rows, ["not an image", "damaged", "not an image", "named pipe", "No such file"], strict=False
    ):
        assert reason in row["error"]
        assert row["label"] is None
    assert rows[-1]["error"] is None
    assert rows[-1]["label"] == images[0].stem[-1]
    assert "6 files" in capsys.readouterr().err


STRANGE = ["a\nb.png", 'q"uo,te.png', "つ.png", "=1+1.png", os.fsdecode(b"latin-\xe9.png")]


@pytest.fixture
def strange(images: list[Path], tmp_path: Path) -> Path:
    """A folder of names that break careless programs."""
    folder = tmp_path / "strange"
    folder.mkdir()
    for name in STRANGE:
        (folder / name).write_bytes(images[0].read_bytes())
    return folder


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_every_name_is_written_as_it_is(strange, tmp_path, kind):
    output = tmp_path / f"answers.{kind}"
    assert main([str(strange), "--output", str(output)]) == 0
    if kind == "csv":
        names = [row["file"] for row in rows_of(output.read_bytes())]
    else:
        names = [json.loads(line)["file"] for line in output.read_text().splitlines()]
    assert names == [str(strange / name) for name in sorted(STRANGE)]


def test_parquet_has_typed_columns(strange, tmp_path):
    (strange / " text.png").write_text("no image")
    output = tmp_path / "answers.parquet"
    assert main([str(strange), "--output", str(output)]) == 1
    failed, *read = parquet.read_table(output).to_pylist()
    assert {type(row["confidence"]) for row in read} == {float}
    assert {row["known"] for row in read} == {True}
    assert str(strange / "latin-\\xe9.png") in [row["file"] for row in read]
    assert failed["label"] is None
    assert "not an image" in failed["error"]


def test_names_with_newlines_can_be_read_from_standard_input(run, strange):
    names = b"".join(os.fsencode(strange / name) + b"\0" for name in STRANGE)
    finished = run("-", "-0", names=names)
    assert [row["file"] for row in rows_of(finished.stdout)] == [str(strange / name) for name in STRANGE]


def test_several_characters_are_text_with_their_boxes(drawings, tmp_path):
    picked = [next((label, image) for label, image in drawings if label == digit) for digit in "402"]
    strip = Image.new("RGB", (840, 280), "white")
    for place, (_, image) in enumerate(picked):
        strip.paste(image, (280 * place, 0))
    strip.save(tmp_path / "number.png")
    arguments = [str(tmp_path / "number.png"), "--several", "--output"]
    for name in ("answers.csv", "answers.jsonl", "answers.parquet"):
        assert main([*arguments, str(tmp_path / name)]) == 0
    (row,) = rows_of((tmp_path / "answers.csv").read_bytes())
    assert (row["text"], row["known"], row["error"]) == ("402", "true", "")
    answer = json.loads((tmp_path / "answers.jsonl").read_text())
    assert [one["label"] for one in answer["characters"]] == list("402")
    for place, one in enumerate(answer["characters"]):
        left, _, right, _ = one["box"]
        assert 280 * place <= left < right <= 280 * (place + 1)
    assert parquet.read_table(tmp_path / "answers.parquet").to_pylist() == [answer]
