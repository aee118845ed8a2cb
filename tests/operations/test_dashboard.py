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


def test_panels_do_not_overlap_and_have_all_that_grafana_needs():
    dashboard = json.loads((OPERATIONS / "grafana.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    cells = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    (source,) = dashboard["templating"]["list"]
    for panel in panels:
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
        for asking in (panel, *panel["targets"]):
            assert asking["datasource"] == {"type": "prometheus", "uid": f"${{{source['name']}}}"}
