"""Everything at once, for a few seconds; scripts/soak does it for ten minutes."""

from __future__ import annotations

from pathlib import Path

from smsgwd.simulator.soak import SoakOptions, run_soak


def test_every_fault_at_once(tmp_path: Path) -> None:
    """Each accepted message has one final state and was told once; memory is judged by the long run only."""
    options = SoakOptions(rate=500, seconds=6, seed=2, receipt_wait_h=0.0, faults=2.0, growth_mb=40)
    verdict = run_soak(options, tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["accepted"] == 3_000
    injected = {
        name.removeprefix("injected: ") for name, count in verdict.facts.items() if "injected: " in name and count
    }
    assert injected >= {"twice", "shuffle", "receipt-lost", "receipt-twice", "contradict", "wrong-id", "drops"}
