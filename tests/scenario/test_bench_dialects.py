"""`smsgwd bench dialects` and `history` as users run them, on small loads: exact counts, right pages."""

import json
import subprocess
import sys
from typing import Any

import pytest

from smsgwd.dialects.registry import DIALECTS
from smsgwd.simulator.dialect_requests import REQUESTS

pytestmark = pytest.mark.scenario

BENCH = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench"]


def _run(*options: str) -> tuple[dict[str, Any], str]:
    result = subprocess.run([*BENCH, *options], capture_output=True, timeout=90)
    assert result.returncode == 0, result.stderr.decode() + result.stdout.decode()[-3_000:]
    return json.loads(result.stdout), result.stderr.decode()


def test_one_message_a_request_and_many():
    report, shown = _run(
        "dialects", "smsadvert", "--messages", "200", "--warmup", "50", "--connections", "8",
        "--many", "100", "--many-messages", "500", "--table",
    )  # fmt: skip
    found = {(run["dialect"], run["size"]): run for run in report["runs"]}
    assert set(found) == {("smsadvert", 1), ("smsadvert", 100)}
    for (_, size), run in found.items():
        counts = run["counts"]
        assert run["exact"]
        assert counts["accepted"] == counts["smsc_unique"] == counts["sent"] == (250 if size == 1 else 1_000)
        assert counts["receipts_unacked"] == 0
        assert run["messages_per_s"] == pytest.approx(run["requests_per_s"] * size, rel=0.1)
        assert run["cpu_us_per_request"] > 0
    assert "smsadvert        100" in shown


def test_a_page_far_back_is_the_right_one():
    report, shown = _run(
        "history", "--messages", "3000", "--offset", "2900", "--requests", "5", "--ratio", "0", "--table"
    )
    assert report["counted"] == 3_001
    assert report["pages_ms"]["far"] > 0
    assert "page at 0" in shown


def test_every_dialect_is_measured():
    assert set(REQUESTS) == set(DIALECTS)


def test_an_unknown_dialect_is_named():
    result = subprocess.run([*BENCH, "dialects", "telex"], capture_output=True, timeout=30)
    assert (result.returncode, b"'telex'" in result.stderr) == (2, True)
