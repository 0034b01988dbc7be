"""The dashboard shows metrics that there are, and Grafana can lay it out."""

import json
import re
from itertools import combinations
from pathlib import Path

import pytest

from tests.monitoring.promql import catalogue, problems, used

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "etc" / "monitoring" / "dashboard.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_fits_the_catalogue(panel):
    assert panel["targets"]
    for target in panel["targets"]:
        assert problems(target["expr"]) == []
        for each in used(target["expr"]):
            assert "instance" in each.labels, "it follows the choice of nodes"
            if "connector" in catalogue()[each.metric][1]:
                assert "connector" in each.labels, "it follows the choice of connectors"
        shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        if (grouped := re.search(r"by \(([^)]*)\)", target["expr"])) is not None:
            assert shown <= set(re.split(r", *", grouped[1])), "a label that the expression drops"
        else:
            assert not shown


def test_panels_are_told_apart_and_lie_beside_each_other():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert len(PANELS) >= 30
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24 and place["w"] > 0 and place["h"] > 0
    for one, other in combinations(DASHBOARD["panels"], 2):
        a, b = one["gridPos"], other["gridPos"]
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, (one["title"], other["title"])


def test_it_can_be_provisioned():
    """No id of its own, a data source that is chosen, and variables that it declares."""
    assert "id" not in DASHBOARD
    assert DASHBOARD["uid"] == "smsgwd"
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert list(variables) == ["datasource", "node", "connector"]
    for panel in PANELS:
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            asked = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert asked <= set(variables)
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs))
    for name in ("node", "connector"):
        metric, label = re.fullmatch(r"label_values\((\w+).*, (\w+)\)", variables[name]["definition"]).groups()
        assert label in catalogue()[metric][1]


def test_each_stage_of_a_message_is_shown():
    [panel] = [panel for panel in PANELS if "stage" in panel["title"]]
    stages = {each.metric for target in panel["targets"] for each in used(target["expr"])}
    timed = {name for name in catalogue() if name.endswith("_seconds_bucket")}
    assert timed - stages == {
        "smsgwd_push_seconds_bucket",  # part of smsgwd_receipt_push_seconds
        "smsgwd_store_commit_seconds_bucket",
        "smsgwd_store_round_trip_seconds_bucket",  # part of it
        "smsgwd_reactor_lag_seconds_bucket",
        "smsgwd_provider_permit_seconds_bucket",  # part of the time in the queue
    }
