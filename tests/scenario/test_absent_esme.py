"""Receipts that wait for an ESME which is not there: in order, with bounded memory, over a restart.

The full check is scripts/absent_esme (100,000 receipts); this is its short form.
"""

from pathlib import Path

import pytest

from smsgwd.simulator.absent import AbsentOptions, run_absent

pytestmark = pytest.mark.scenario


def test_all_receipts_come_in_order_when_it_is_back(tmp_path: Path):
    verdict = run_absent(AbsentOptions(messages=5_000, settled=1_000), tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["acknowledged"] == verdict.facts["receipts"] == 5_000
    assert 2_500 <= verdict.facts["receipts before the restart"] < 5_000
