"""The benchmark as users run it, on a small load of three-part messages: its counts are exact and its figures sane."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.scenario

TEXT = "Καλημέρα {n} " * 10


def test_a_paced_run_of_long_messages(tmp_path: Path):
    result = subprocess.run(
        [
            sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench", "http", "--messages", "300",
            "--warmup", "50", "--connections", "8", "--rate", "150", "--text", TEXT, "--table", "--keep", str(tmp_path),
        ],
        capture_output=True,
        timeout=60,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr.decode()
    report = json.loads(result.stdout)
    (run,) = report["runs"]
    assert (run["counts"]["accepted"], run["counts"]["smsc_parts"], run["messages"]) == (350, 1050, 300)
    assert run["exact"] is report["summary"]["exact"] is True
    assert 60 < run["messages_per_s"] < 155  # paced
    assert 0 < run["accept_ms"]["p50"] <= run["accept_ms"]["p99"] and run["push_ms"]["p50"] > 0
    assert run["cpu_us_per_message"]["gateway"] > 0 and run["rss_peak_mb"] > 20
    assert "exact valid" in result.stderr.decode()
    assert (tmp_path / "run-1" / "smsgwd.yaml").exists()
