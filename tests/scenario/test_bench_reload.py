"""`smsgwd bench reload` as users run it, with small tables."""

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.scenario

BENCH = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench"]


def _run(*options: str, status: int = 0) -> tuple[dict[str, Any], str]:
    result = subprocess.run([*BENCH, *options, "--table"], capture_output=True, timeout=120)
    assert result.returncode == status, result.stderr.decode() + result.stdout.decode()[-3_000:]
    return json.loads(result.stdout), result.stderr.decode()


def test_tables_are_replaced_under_traffic():
    report, shown = _run(
        "reload", "--prefixes", "1000", "--tenants", "10", "--times", "2", "--rate", "300", "--before", "1.5",
        "--warmup", "200", "--limit-s", "20", "--gap-ms", "0",
    )  # fmt: skip
    summary = report["summary"]
    assert summary["in_effect"] and summary["exact"] and 0 < summary["slowest_s"] < 20
    assert [len(report["reload_s"][what]) for what in ("prices", "routes")] == [2, 2]
    counts = report["counts"]
    assert counts["smsc_unique"] == counts["receipts_unique"] == counts["accepted"] > 1_000
    assert report["accept_before_ms"]["p50"] > 0 and report["longest_gap"]["during_ms"] > 0
    assert "longest gap between answers" in shown


def test_a_table_that_takes_too_long_is_told_by_the_status():
    report, _ = _run(
        "reload", "--prefixes", "1000", "--tenants", "1", "--times", "1", "--rate", "100", "--before", "1",
        "--warmup", "50", "--limit-s", "0.0001", status=1,
    )  # fmt: skip
    assert report["summary"]["exact"] and not report["summary"]["ok"]
