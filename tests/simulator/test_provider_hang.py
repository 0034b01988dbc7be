"""The hang check's verdict, from runs that a test makes up."""

from pathlib import Path
from typing import Any

import pytest

from smsgwd.simulator.provider_hang import ProviderHangOptions, judge_hangs, run_provider_hang


def runs(*rates: float, **other: Any) -> list[dict[str, Any]]:
    sound = {"gateway_us": 50.0, "accept_p99_ms": 20.0, "exact": True, "kept": 100, "open": 90}
    return [{"messages_per_s": rate} | sound | other for rate in rates]


def test_a_rate_within_the_share_passes_and_its_ratio_is_of_the_medians() -> None:
    found = judge_hangs({"none": runs(1000, 900, 2000), "spin": runs(10, 960, 5000)}, 0.05, 100)
    assert found.ok, found.table()
    assert found.facts["spin: ratio"] == 0.96


def test_a_slower_one_fails_unless_nothing_is_judged() -> None:
    slow = {"none": runs(1000), "silent": runs(999), "spin": runs(949)}
    found = judge_hangs(slow, 0.05, 100)
    assert [name for name, count in found.failures.items() if count] == ["spin: slower than allowed"]
    assert judge_hangs(slow, 0.0, 100).ok


def test_what_was_lost_fails() -> None:
    assert judge_hangs({"none": runs(9), "spin": runs(9, 9, kept=99)}, 0.05, 100).failures[
        "spin: queued messages gone"
    ] == 1  # fmt: skip
    assert not judge_hangs({"none": runs(9, exact=False), "spin": runs(9)}, 0.05, 100).ok


@pytest.mark.parametrize("ways", ["", "loud", "spin,loud"])
def test_a_way_that_there_is_not(ways: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ways are silent, sleep, spin"):
        run_provider_hang(ProviderHangOptions(ways=ways), tmp_path)
