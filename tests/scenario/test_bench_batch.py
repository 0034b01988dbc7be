"""`smsgwd bench batch` and `http --half` as users run them, on small loads: exact counts, sane figures."""

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.scenario

BENCH = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench"]


def _run(*options: str) -> tuple[dict[str, Any], str]:
    result = subprocess.run([*BENCH, *options], capture_output=True, timeout=90)
    assert result.returncode == 0, result.stderr.decode() + result.stdout.decode()[-3_000:]
    return json.loads(result.stdout), result.stderr.decode()


def test_batches_and_coalesced_pushes():
    report, shown = _run("batch", "--messages", "600", "--warmup", "100", "--size", "50", "--coalesce", "20", "--table")
    (run,) = report["runs"]
    counts = run["counts"]
    assert counts["accepted"] == counts["smsc_unique"] == counts["pushed_unique"] == 700 and run["exact"]
    assert counts["misnamed"] == counts["unnamed"] == 0
    assert 700 / 20 <= run["push_requests"] < 700  # some receipts went together
    assert 0 < run["through_ms"]["p50"] <= run["through_ms"]["p99"] and run["push_ms"]["p50"] > 0
    assert "exact valid" in shown


def test_the_run_at_half_load_and_a_worker():
    report, shown = _run(
        "http", "--messages", "400", "--warmup", "50", "--connections", "8", "--rate", "600", "--half",
        "--workers", "1", "--table",
    )  # fmt: skip
    (run,) = report["runs"]
    half = report["half"]
    assert run["exact"] and half["exact"] and half["rate"] == report["summary"]["half"]["rate"] == 300.0
    assert 150 < half["messages_per_s"] < 305 and half["counts"]["pushed_unique"] == 450
    assert run["cpu_us_per_message"]["gateway"] > run["cpu_us_per_message"]["workers"] > 0
    assert "at half load, 300/s:" in shown and "workers us" in shown
