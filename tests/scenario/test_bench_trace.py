"""`smsgwd bench trace` as users run it, on a small store: each message that is drawn is told with its push."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.scenario


def test_both_kinds_are_told_with_their_push():
    command = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench", "trace", "--table"]
    result = subprocess.run(
        [*command, "--messages", "4000", "--requests", "8", "--limit-ms", "0"], capture_output=True, timeout=90
    )
    assert result.returncode == 0, result.stderr.decode() + result.stdout.decode()[-3_000:]
    report = json.loads(result.stdout)
    assert report["store"]["messages"] == 4000
    assert set(report["trace_ms"]) == {"known, cold", "searched, cold", "known, warm", "searched, warm"}
    assert all(0 < each["p50"] <= each["p99"] for each in report["trace_ms"].values())
    assert report["summary"]["ok"]
    assert b"4,000 messages with their pushes" in result.stderr
