"""kill -9 in the middle of an HTTP load: the real daemon between the simulator and the catcher.

The full check is scripts/crash_http (20 kills, 20,000 messages); this is its short form.
"""

from pathlib import Path

import pytest

from smsgwd.simulator.crash import CrashOptions, run_crash

pytestmark = pytest.mark.scenario


def test_three_kills_lose_nothing(tmp_path: Path):
    verdict = run_crash(CrashOptions(messages=1_500, kills=3, seed=2), tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["kills"] == 3
    assert verdict.facts["accepted (202)"] + verdict.facts["unknowable (no key, no answer)"] == 1_500
