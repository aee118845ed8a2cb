"""The model card for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.conftest import MODEL


def test_the_model_card_for_people_has_the_figures_of_the_one_for_programs(client: TestClient):
    page, card = client.get("/about").text, client.get("/model").json()
    for figures in card["metrics"].values():
        assert f"{100 * figures['accuracy']:.2f} %" in page
        assert f"{figures['count']:,}" in page
    for source in card["provenance"]["data"]["sources"].values():
        assert source["credit"].split(";")[0] in page
    assert f"{card['parameters']:,}" in page


def test_before_the_model_is_loaded_its_page_says_so(client: TestClient):
    client.app.state.classifier = None  # type: ignore[attr-defined]
    answer = client.get("/about")
    assert answer.status_code == 503
    assert "not loaded yet" in json.dumps(answer.json())


@pytest.mark.parametrize("kept", [True, False])
def test_the_model_card_says_whether_corrected_drawings_are_kept(tmp_path: Path, kept: bool):
    database = f"sqlite:///{tmp_path / 'handwritten.db'}" if kept else ""
    with TestClient(create_app(Settings(model_path=(MODEL,), database_url=database))) as client:
        assert ("keeps the drawing" in client.get("/about").text) == kept
