"""Reloads under a load, and restarts under clients of both kinds: the short forms of scripts/reload_load and
scripts/restart_load, run as scripts. No times are judged here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_eight_reloads_lose_nothing_and_drop_no_bind() -> None:
    found = _said(
        *("reload_load", "--reloads", "8", "--rate", "400", "--before", "1", "--every", "0.2", "--warmup", "200"),
        *("--binds", "2", "--ratio", "0"),
    )
    assert found["reloads"] == 8
    assert found["messages sent"] == found["receipts"] > 500


def test_two_restarts_lose_nothing_and_send_nothing_twice() -> None:
    found = _said(
        *("restart_load", "--messages", "800", "--kills", "2", "--rate", "300", "--settle-s", "0.5"),
        *("--binds", "2", "--accounts", "1"),
    )
    assert found["restarts"] == 2
    assert found["SMPP: acknowledged"] + found["SMPP: unknown (bind lost, no answer)"] == 400


def _said(script: str, *words: str) -> dict[str, Any]:
    """What a script says of a run in which nothing failed."""
    command = [sys.executable, str(SCRIPTS / script), *words, "--json"]
    result = subprocess.run(command, capture_output=True, timeout=180)
    assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["ok"]
    return found
