"""`smsgwd bench smpp` and `http` with `--business`, as users run them, with small tables."""

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.scenario

BENCH = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench"]
SMALL = ("--business", "--tenants", "20", "--prefixes", "1000", "--warmup", "200")


def _run(*options: str, status: int = 0) -> tuple[dict[str, Any], str]:
    result = subprocess.run([*BENCH, *options, "--table"], capture_output=True, timeout=120)
    assert result.returncode == status, result.stderr.decode() + result.stdout.decode()[-3_000:]
    return json.loads(result.stdout), result.stderr.decode()


def test_smpp_with_a_business_in_place_beside_plain_runs():
    report, shown = _run("smpp", *SMALL, "--messages", "800", "--runs", "2", "--accounts", "2", "--binds", "2")
    assert len(report["runs"]) == len(report["plain"]) == 2
    for run in report["runs"] + report["plain"]:
        assert run["counts"]["smsc_unique"] == run["counts"]["receipts_unique"] == 1_000 and run["exact"]
    there = report["runs"][0]["in_place"]
    assert there["tenants"] == 22 and there["price_lists"] == {"retail": 1_000}
    assert there["sender_rules"] > 190 and there["content_rules"] == 2 and there["routes"] > 30
    assert "in_place" not in report["plain"][0]
    summary = report["summary"]
    assert summary["exact"] and len(summary["pair_ratios"]) == 2
    assert summary["rate_ratio"] > 0.2 and summary["plain"]["messages_per_s"] > 0  # a shared machine is not even
    assert "business/plain" in shown and "in place: 22 tenants" in shown


def test_http_with_a_reseller_above_the_tenant():
    report, shown = _run("http", *SMALL, "--chain", "--messages", "500")
    (run,) = report["runs"]
    assert run["counts"]["accepted"] == run["counts"]["pushed_unique"] == 700 and run["exact"]
    assert run["in_place"]["price_lists"] == {"retail": 1_000, "wholesale": 1_000} and run["in_place"]["tenants"] == 22
    assert "wholesale 1,000" in shown


@pytest.mark.parametrize("options", [("--chain",), ("--business", "--target", "127.0.0.1:1")])
def test_options_that_would_say_nothing(options: tuple[str, ...]):
    result = subprocess.run([*BENCH, "smpp", *options], capture_output=True, timeout=30)
    assert result.returncode == 2 and b"--business" in result.stderr
