"""`smsgwd bench smpp` and `http` with `--target`: a gateway that the bench did not start, here one of ours."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smsgwd.simulator.free_ports import free_ports
from smsgwd.simulator.stand import ESME_PASSWORD, TOKEN, Stand, esme_name

pytestmark = pytest.mark.scenario

BENCH = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "bench"]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[Stand, int]]:
    """A gateway whose SMSC and sink do not listen yet, and the port it expects its SMSC at."""
    stand = Stand(tmp_path, esmes=1, both=True)
    stand.http_port, stand.ops_port, stand.smpp_port, stand.webhook_port, smsc_port = free_ports(5)
    stand._write_config(smsc_port)
    stand.gateway.start()
    try:
        stand.wait_ready()
        yield stand, smsc_port
    finally:
        stand.stop()


def _run(*options: str) -> dict[str, Any]:
    result = subprocess.run([*BENCH, *options], capture_output=True, timeout=90)
    assert result.returncode == 0, result.stderr.decode() + result.stdout.decode()[-3_000:]
    (run,) = json.loads(result.stdout)["runs"]
    return dict(run)


def test_over_smpp(gateway: tuple[Stand, int]):
    stand, smsc_port = gateway
    run = _run(
        "smpp", "--messages", "500", "--warmup", "100", "--target", f"127.0.0.1:{stand.smpp_port}",
        "--system-id", esme_name(0), "--password", ESME_PASSWORD, "--smsc-port", str(smsc_port),
        "--pid", str(stand.gateway.pid),
    )  # fmt: skip
    assert run["counts"]["receipts_unique"] == run["counts"]["smsc_unique"] == 600 and run["exact"]
    assert run["cpu_us_per_message"]["gateway"] > 0 and run["rss_peak_mb"] > 20
    assert 0 < run["through_ms"]["p50"] <= run["life_ms"]["p99"]


def test_over_http(gateway: tuple[Stand, int]):
    stand, smsc_port = gateway
    run = _run(
        "http", "--messages", "300", "--warmup", "50", "--target", f"http://127.0.0.1:{stand.http_port}/v1/messages",
        "--method", "POST", "--header", f"Authorization: Bearer {TOKEN}", "--text", "Ναι {n}",
        "--body", '{"from": "x", "to": "+{dest}", "text": "{text}"}', "--expect", '"queued"',
        "--smsc-port", str(smsc_port), "--sink-port", str(stand.webhook_port), "--dlr-mark", '"to":"+30690',
        "--pid", str(stand.gateway.pid),
    )  # fmt: skip
    assert run["counts"]["accepted"] == run["counts"]["smsc_unique"] == run["counts"]["pushed_unique"] == 350
    assert run["exact"] and run["cpu_us_per_message"]["gateway"] > 0 and run["push_ms"]["p50"] > 0
