"""kill -9 under HTTP, SMPP and subscribers' messages at once: the short form of scripts/crash (100 kills)."""

from pathlib import Path

import pytest

from smsgwd.simulator.crash_mix import CrashMixOptions, run_crash_mix

pytestmark = pytest.mark.scenario


def test_five_kills_lose_nothing(tmp_path: Path):
    options = CrashMixOptions(messages=3_000, kills=5, rate=400.0, seed=5, settle_s=1.0)
    verdict = run_crash_mix(options, tmp_path)
    assert verdict.ok, verdict.table()
    facts = verdict.facts
    assert facts["kills"] == 5
    assert facts["HTTP: accepted (202)"] + facts["HTTP: unknowable (no key, no answer)"] == 1_500
    assert facts["SMPP: acknowledged"] + facts["SMPP: unknown (bind lost, no answer)"] == 1_500
    assert facts["MO: subscribers' messages acknowledged"] == options.mo_count > 100
