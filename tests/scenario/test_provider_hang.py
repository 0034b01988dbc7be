"""SMPP beside a provider that hangs: the short form of scripts/provider_hang. No rates are judged here."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "provider_hang"


def test_nothing_is_lost_beside_a_plugin_that_blocks() -> None:
    asked = [
        "--messages", "500", "--warmup", "50", "--queued", "100", "--rounds", "1", "--ways", "sleep", "--within", "0",
    ]  # fmt: skip
    result = subprocess.run([sys.executable, str(SCRIPT), *asked, "--json"], capture_output=True, timeout=120)
    assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()
    found = json.loads(result.stdout)
    assert found["sleep: runs not exact"] == found["sleep: queued messages gone"] == 0
    assert found["sleep: still to be sent"] == 100  # none has ended, and none was lost
