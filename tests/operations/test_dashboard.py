"""The dashboard and the alerts ask for what there is."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import ROOT

OPERATIONS = ROOT / "operations"


@pytest.mark.parametrize("file", ["grafana.json", "alerts.yml"])
def test_every_series_is_counted_or_recorded(client, file):
    counted = set(re.findall(r"^# TYPE (\w+)", client.get("/metrics").text, re.MULTILINE))
    recorded = set(re.findall(r"record: (\S+)", (OPERATIONS / "alerts.yml").read_text()))
    asked = set(re.findall(r"\bhandwritten[_:][a-z0-9_:]*[a-z0-9]", (OPERATIONS / file).read_text()))
    asked -= {"handwritten_drift"}  # the name of a group of rules
    assert asked
    assert {re.sub("_bucket$", "", name) for name in asked} <= counted | recorded


def test_dashboard_shows_what_says_when_to_retrain():
    panels = json.loads((OPERATIONS / "grafana.json").read_text())["panels"]
    asked = {target["expr"] for panel in panels for target in panel["targets"]}
    for series in (
        "handwritten:confidence_drift",
        "handwritten_unsure_predictions_total",
        "handwritten_corrections_total",
    ):
        assert any(series in expression for expression in asked)
