"""What the README promises, as far as a machine can check it."""

from __future__ import annotations

import re

import torch

from app.settings import Settings
from tests.conftest import MODEL, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_with_its_default():
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `(.*?)` \|", README, re.MULTILINE))
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = {"()": "[]", "True": "true"}.get(str(default), str(default))
        assert rows[name.upper()] == shown


def test_every_picture_and_file_is_there():
    for path in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / path).exists(), path


def test_accuracies_are_those_of_the_committed_model():
    metrics = torch.load(MODEL, weights_only=True)["metrics"]
    for part in ("test", "test-tablet", "test-sites"):
        figures = metrics[part]
        right, rounded = (f"{100 * figures[name]:.2f} %" for name in ("accuracy", "accuracy_8_bit"))
        assert f"| {figures['count']:,} | {right} | {rounded} |" in README
