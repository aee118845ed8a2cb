"""What the README promises, as far as a machine can check it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import httpx2
import pytest
import torch

from app.settings import Settings
from tests.conftest import MODEL, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_with_its_default():
    text = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `(.*?)` \|", text, re.MULTILINE))
    for name, field in Settings.model_fields.items():
        default = field.default
        if name == "model_path":
            default = os.pathsep.join(map(str, default))
        shown = {"()": "[]", "True": "true"}.get(str(default), str(default))
        assert rows[name.upper()] == shown


PAGES = [
    ROOT / "README.md",
    *(page for folder in ("docs", "benchmarks", "operations") for page in (ROOT / folder).glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_picture_and_file_is_there(page: Path):
    for path in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / path).exists(), path


def test_accuracies_are_those_of_the_committed_model():
    metrics = torch.load(MODEL, weights_only=True)["metrics"]
    for part in ("test", "test-tablet", "test-sites"):
        figures = metrics[part]
        right, rounded = (f"{100 * figures[name]:.2f} %" for name in ("accuracy", "accuracy_8_bit"))
        assert f"| {figures['count']:,} | {right} | {rounded} |" in README


def test_first_curl_lines_work_as_they_stand(client):
    lines = re.findall(
        r"^\$ curl -F image=@(\S+)(?: -H '(.*?): (.*?)')? localhost:8000(\S+)\n(.*)$", README, re.MULTILINE
    )
    assert len(lines) == 4
    for file, header, value, path, shown in lines:
        headers = {header: value} if header else {}
        answer = client.post(path, files={"image": (ROOT / file).read_bytes()}, headers=headers)
        assert answer.text[:20] == shown[:20]


def test_python_snippet_reads_the_example(client, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    printed: list[str] = []

    def post(url: str, files: dict[str, BinaryIO]) -> httpx2.Response:
        answer: httpx2.Response = client.post(url.removeprefix("http://localhost:8000"), files=files)
        return answer

    monkeypatch.setitem(sys.modules, "requests", SimpleNamespace(post=post))
    monkeypatch.chdir(ROOT)
    exec(code, {"print": printed.append})
    assert printed == ["4"]
