"""`smsgwd bench smpp` as users run it: its counts are exact, its figures sane, and accounts get their shares."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.store.redis_server import Server

pytestmark = pytest.mark.scenario

BENCH = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench", "smpp", "--warmup", "200"]


def _run(*options: str) -> tuple[dict[str, Any], str]:
    result = subprocess.run([*BENCH, *options], capture_output=True, timeout=90)
    assert result.returncode == 0, result.stderr.decode() + result.stdout.decode()[-3_000:]
    return json.loads(result.stdout), result.stderr.decode()


def test_a_paced_run_of_long_messages(tmp_path: Path):
    text = "Καλημέρα {n} " * 10
    report, shown = _run("--messages", "600", "--rate", "200", "--text", text, "--table", "--keep", str(tmp_path))
    (run,) = report["runs"]
    assert (run["counts"]["accepted"], run["counts"]["smsc_parts"], run["messages"]) == (800, 2400, 600)
    assert run["exact"] is report["summary"]["exact"] is True
    assert 100 < run["messages_per_s"] < 205  # paced
    assert 0 < run["accept_ms"]["p50"] <= run["accept_ms"]["p99"] and run["receipt_ms"]["p50"] > 0
    assert run["cpu_us_per_message"]["gateway"] > 0 and run["rss_peak_mb"] > 20
    assert "exact valid" in shown
    assert (tmp_path / "run-1" / "smsgwd.yaml").exists()


def test_many_binds_of_many_accounts_as_pairs():
    report, shown = _run(
        "--messages", "5000", "--binds", "10", "--accounts", "5", "--window", "20", "--pairs", "--table"
    )
    (run,) = report["runs"]
    assert run["counts"]["receipts_unique"] == 5_200 and run["exact"]
    assert run["fairness"]["accounts"] == 5 and run["fairness"]["min_share"] > 0.5
    assert "least share of an account" in shown


def test_several_nodes_on_one_server():
    with Server() as server:
        options = ("--redis", server.url, "--redis-pid", str(server.pid), "--nodes", "2", "--binds", "2")
        report, shown = _run("--messages", "2000", "--window", "50", *options, "--table")
    (run,) = report["runs"]
    assert (run["nodes"], run["counts"]["receipts_unique"], run["exact"]) == (2, 2_200, True)
    assert run["cpu_us_per_message"]["gateway"] > run["cpu_us_per_message"]["redis"] > 0
    assert "redis" in shown


def test_several_nodes_need_a_server_and_a_bind_each():
    for options in (("--nodes", "2"), ("--nodes", "2", "--redis", "redis://127.0.0.1:1", "--binds", "1")):
        result = subprocess.run([*BENCH, *options], capture_output=True, timeout=90)
        assert result.returncode == 2 and b"--nodes" in result.stderr
