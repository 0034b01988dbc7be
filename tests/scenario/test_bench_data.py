"""`smsgwd bench startup` and `idle` as users run them, with a hundredth of the messages."""

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.scenario

BENCH = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench"]


def _run(*options: str, status: int = 0) -> tuple[dict[str, Any], str]:
    result = subprocess.run([*BENCH, *options, "--table"], capture_output=True, timeout=90)
    assert result.returncode == status, result.stderr.decode() + result.stdout.decode()[-3_000:]
    return json.loads(result.stdout), result.stderr.decode()


def test_a_start_with_a_past():
    report, shown = _run(
        "startup", "--pending", "10000", "--finished", "10000", "--runs", "1", "--empty-s", "30", "--full-s", "30"
    )
    for name in ("empty", "full"):
        (run,) = report[name]["runs"]
        assert 0 < run["bound_s"] <= run["first_submit_s"] < 30 and run["ready_s"] > 0 and run["cpu_s"] > 0
    assert "first submit_sm" in shown and "10,000 finished" in shown


def test_a_start_that_takes_too_long_is_told_by_the_status():
    report, _ = _run("startup", "--pending", "0", "--finished", "0", "--runs", "1", "--empty-s", "0.001", status=1)
    assert not report["summary"]["ok"] and "full" not in report


def test_idling_takes_next_to_nothing():
    report, shown = _run("idle", "--binds", "10", "--esmes", "2", "--settle", "1", "--seconds", "2", "--share", "0")
    found = report["summary"]
    assert 20 < found["rss_mb"] <= 90 and found["ok"]
    # Half a second of CPU in two: a sweep or a collection just then takes a tenth of one, a loop that spins takes all.
    # How little it is at rest the command itself judges, over its usual 30 s.
    assert found["cpu_percent"] < 25 and found["wakeups_per_s"] > 0
    assert "MB" in shown
