"""A few seconds behind an SMSC that throttles: the short form of scripts/throttle, which judges the last percent."""

from pathlib import Path

import pytest

from smsgwd.simulator.throttle_bench import ThrottleOptions, run_throttle

pytestmark = pytest.mark.scenario


@pytest.mark.parametrize("rate", [200, 1000])
def test_a_throttling_smsc_is_used_and_gets_all_in_order(tmp_path: Path, rate: int):
    verdict = run_throttle(ThrottleOptions(rates=str(rate), seconds=4.0, least=70.0), tmp_path)
    assert verdict.ok, verdict.table()
