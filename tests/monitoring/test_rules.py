"""The alert rules ask for metrics that there are, lead to pages that there are, and fire when they should."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.monitoring.promql import problems, used

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "etc" / "monitoring"
RULES = [
    rule
    for group in yaml.safe_load((MONITORING / "smsgwd.rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool (package prometheus) is not at hand")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_fits_the_catalogue(rule):
    assert problems(rule["expr"]) == []
    assert used(rule["expr"]), "it looks at something"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_what_to_do(rule):
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("critical", "warning")
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook_url"}
    assert (ROOT / notes["runbook_url"]).is_file(), notes["runbook_url"]
    assert "{{ $labels.instance }}" in notes["summary"]
    kept = set(re.findall(r"\$labels\.(\w+)", notes["summary"] + notes["description"]))
    grouped = re.match(r"[^(]*sum by \(([^)]*)\)|histogram_quantile\([\d.]+, sum by \(([^)]*)\)", rule["expr"])
    if grouped is not None:
        assert kept <= set(re.split(r", *", grouped[1] or grouped[2])), "a label that the expression drops"


def test_names_are_one_each():
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))
    assert len(names) >= 25
    assert all(name.startswith("Smsgwd") for name in names)


@needs_promtool
def test_prometheus_takes_them():
    done = subprocess.run(
        [PROMTOOL, "check", "config", MONITORING / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_they_fire_when_they_should(tmp_path):
    """Each alert that rules_test.yml names, at the minute it names, and before that none."""
    cases = (Path(__file__).parent / "rules_test.yml").read_text("utf-8")
    shutil.copy(MONITORING / "smsgwd.rules.yml", tmp_path)
    (tmp_path / "test.yml").write_text(cases)
    done = subprocess.run(
        [PROMTOOL, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
