"""kill -9 in the middle of a load of ESMEs: the real daemon between them and the simulator.

The full check is scripts/crash_smpp (20 kills, 20,000 messages); this is its short form.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from smsgwd.simulator.crash_smpp import CrashSmppOptions, run_crash_smpp

pytestmark = pytest.mark.scenario


def test_three_kills_lose_nothing_that_was_acknowledged(tmp_path: Path):
    verdict = run_crash_smpp(CrashSmppOptions(messages=1_500, kills=3, seed=3), tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["kills"] == 3
    assert verdict.facts["acknowledged"] + verdict.facts["unknown (bind lost, no answer)"] == 1_500


def test_the_script_says_what_became_of_the_messages():
    script = Path(__file__).parents[2] / "scripts" / "crash_smpp"
    options = ["--messages", "400", "--kills", "1", "--binds", "2", "--accounts", "1", "--settle-s", "0.5", "--json"]
    result = subprocess.run([sys.executable, str(script), *options], capture_output=True, timeout=90)
    assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()
    verdict = json.loads(result.stdout)
    assert verdict["ok"] is True and verdict["kills"] == 1
    assert verdict["acknowledged"] + verdict["unknown (bind lost, no answer)"] == 400
