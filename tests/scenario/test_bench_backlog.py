"""`smsgwd bench backlog` as users run it, with a hundredth of the messages."""

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


def test_a_full_store_beside_an_empty_one():
    report, shown = _run(
        "backlog", "--pending", "10000", "--finished", "40000", "--messages", "1000", "--pairs", "2",
        "--warmup", "500", "--at-least", "0",
    )  # fmt: skip
    full, empty = report["full"], report["empty"]
    assert full["counts"]["accepted"] == empty["counts"]["receipts_unique"] == 2_500
    assert full["counts"]["pending_moved"] == full["counts"]["finished_moved"] == 0
    assert report["summary"]["exact"] and len(report["summary"]["pair_ratios"]) == 2
    # A shared machine makes a run slower than its neighbour, but not by this much.
    assert report["summary"]["rate_ratio"] > 0.3
    assert full["store"]["file_mb"] > 10 and full["store"]["rows_per_s"] > 10_000
    assert "10,000 queued" in shown and "full against empty" in shown
