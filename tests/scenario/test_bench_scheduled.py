"""`smsgwd bench scheduled` as users run it, with a hundredth of the messages."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.scenario

BENCH = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench", "scheduled"]


def test_messages_for_later_beside_many_for_far_ahead():
    result = subprocess.run(
        [
            *BENCH, "--stored", "10000", "--due", "600", "--rate", "300", "--settle", "1", "--seconds", "2",
            "--lead", "3", "--late-s", "20", "--table",
        ],
        capture_output=True,
        timeout=90,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr.decode() + result.stdout.decode()[-3_000:]
    report = json.loads(result.stdout)
    counts, store = report["counts"], report["store"]
    assert counts["sent"] == counts["pushed"] == 600 and counts["early"] == counts["lost"] == counts["twice"] == 0
    assert counts["left_scheduled"] == 0 and report["summary"]["exact"]
    assert store["scheduled"] == 10_000 and store["file_mb"] > 1
    assert 0 < report["late_ms"]["p50"] <= report["late_ms"]["max"] and report["earliest_ms"] > -1
    assert report["rest"]["with"]["rss_mb"] > 20 and report["rest"]["without"]["cpu_percent"] < 20
    assert "late at the SMSC" in result.stderr.decode()


def test_a_message_that_is_late_is_told_by_the_status():
    result = subprocess.run(
        [
            *BENCH,
            "--stored",
            "0",
            "--due",
            "50",
            "--settle",
            "0",
            "--seconds",
            "0.2",
            "--lead",
            "2",
            "--late-s",
            "1e-6",
        ],
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 1, result.stderr.decode()
    report = json.loads(result.stdout)
    assert report["summary"]["exact"] and not report["summary"]["ok"]
