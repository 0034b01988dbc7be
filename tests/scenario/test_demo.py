"""scripts/run --once, without the installing: one SMS over HTTP and one over SMPP, until the receipts are there."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.scenario

SCRIPT = Path(__file__).parents[2] / "scripts" / "demo.py"


def test_the_demonstration_shows_each_step_over_http_and_smpp():
    result = subprocess.run([sys.executable, str(SCRIPT), "--once"], capture_output=True, timeout=90)
    assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()
    shown = result.stdout.decode()
    assert "202     id " in shown and "pushed  message.delivered" in shown
    assert "-- SMPP" in shown and "bound   to " in shown and "submit_sm_resp ESME_ROK" in shown
    assert "stat:DELIVRD" in shown and "All receipts have come back" in shown
