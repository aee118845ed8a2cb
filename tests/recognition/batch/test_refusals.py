"""What cannot be meant is refused in one line, with exit status 2, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from app.recognition.__main__ import main
from tests.conftest import MODEL


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such file"),
        (["images", "--output", "answers.txt"], "written as .csv, .jsonl, .parquet"),
        (["images", "--output", "nowhere/answers.csv"], "cannot be written"),
        (["images", "--output", "there.csv"], "is there already"),
        (["there.csv", "--output", "there.csv"], "is one of the files to read"),
        (["empty"], "no images in this folder"),
        (["images", "--workers", "0"], "'0' is not a number of processes"),
        (["images", "--null"], "none are read there"),
        (["-", "-"], "given twice"),
        (["s3://bucket/images"], "--ray"),
        (["images", "--model", "nowhere.pt"], "no such model file"),
        (["images", "--model", "there.csv"], "not a model file"),
        (["images", "--nonsense"], "--nonsense"),
        (["images", "--ray", "127.0.0.1:1", "--workers", "2"], "Leave it out"),
    ],
)
def test_refused(images, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").symlink_to(images[0].parent)
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.csv").write_text("precious")
    if "--model" not in arguments:
        arguments = [*arguments, "--model", str(MODEL)]
    before = sorted(tmp_path.iterdir())
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert not out
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "there.csv").read_text() == "precious"


def test_a_cluster_that_does_not_start_is_reported_in_one_line(images, monkeypatch, capsys):
    def init(*_: object, **__: object) -> None:
        raise Exception("The current node timed out during startup.\nMore of it.")  # as ray/_private/node.py does

    ray = ModuleType("ray")
    ray.__spec__ = ModuleSpec("ray", None)
    monkeypatch.setattr(ray, "init", init, raising=False)
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert main([str(images[0]), "--ray", "local", "--model", str(MODEL)]) == 2
    err = capsys.readouterr().err
    assert "timed out during startup" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("change", ["model", "files", "fewer files"])
def test_unfinished_answers_are_not_mixed_with_others(images, tmp_path, capsys, change):
    model, output = tmp_path / "model.pt", tmp_path / "answers.csv"
    shutil.copy(MODEL, model)
    files = [str(path) for path in images[:3]]
    assert main([*files, "--model", str(model), "--output", str(tmp_path / "whole.jsonl")]) == 0
    journal = tmp_path / "answers.csv.unfinished"
    journal.write_text(header_of(model) + (tmp_path / "whole.jsonl").read_text())
    before = journal.read_text()
    if change == "model":
        model.write_bytes(model.read_bytes() + b"other")
    elif change == "files":
        files[1] = str(images[5])
    else:
        del files[2:]
    assert main([*files, "--model", str(model), "--output", str(output)]) == 2
    assert "emove it to start again" in capsys.readouterr().err
    assert journal.read_text() == before
    assert not output.exists()


def header_of(model: Path) -> str:
    return json.dumps({"model": hashlib.sha256(model.read_bytes()).hexdigest()[:16], "several": False}) + "\n"
