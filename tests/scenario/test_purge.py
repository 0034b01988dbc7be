"""A long history is purged while messages are sent: the short form of scripts/purge (5,000,000 rows)."""

from pathlib import Path

import pytest

from smsgwd.simulator.purge_bench import PurgeOptions, run_purge

pytestmark = pytest.mark.scenario


def test_a_history_is_purged_while_messages_are_sent(tmp_path: Path):
    options = PurgeOptions(rows=9_000, rate=200.0, seconds=0.5, connections=8, more_ms=0, moment_s=0.2)
    verdict = run_purge(options, tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["rows purged"] == 9_000
    assert verdict.facts["file after vacuum and a stop, MB"] < verdict.facts["file with the history, MB"]
