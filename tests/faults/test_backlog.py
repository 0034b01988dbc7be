"""Ten thousand messages behind a dead SMSC: the short form of scripts/backlog (a million). No times are judged."""

from pathlib import Path

import pytest

from smsgwd.simulator.backlog import BacklogOptions, run_backlog

pytestmark = pytest.mark.scenario


def test_a_queue_outlives_a_dead_smsc_and_a_crash_in_order(tmp_path: Path):
    options = BacklogOptions(messages=10_000, small=500, rate=100.0, seconds=1.0, times=0)
    verdict = run_backlog(options, tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["queued behind the dead SMSC"] == 10_200
