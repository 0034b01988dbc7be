"""kill -9 in the middle of a load of ESMEs: the real daemon between them and the simulator.

The full check is scripts/crash_smpp (20 kills, 20,000 messages); this is its short form.
"""

from pathlib import Path

import pytest

from smsgwd.simulator.crash_smpp import CrashSmppOptions, run_crash_smpp

pytestmark = pytest.mark.scenario


def test_three_kills_lose_nothing_that_was_acknowledged(tmp_path: Path):
    verdict = run_crash_smpp(CrashSmppOptions(messages=1_500, kills=3, seed=3), tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["kills"] == 3
    assert verdict.facts["acknowledged"] + verdict.facts["unknown (bind lost, no answer)"] == 1_500
