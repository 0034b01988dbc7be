"""Everything at once, for a few seconds; scripts/soak does it for ten minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smsgwd.simulator import soak
from smsgwd.simulator.soak import SoakOptions, run_soak
from smsgwd.simulator.soak_stand import SoakStand
from tests.scenario.shim import Clock

_AHEAD_S = 40  # of the minute that a message is valid at least: the rest is left for what is sent again


def test_every_fault_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each accepted message has one final state and was told once; memory is judged by the long run only.

    Once the load is over the gateway's wall clock is put ahead, so that validities are over sooner.
    """
    (tmp_path / "clock").mkdir()
    clock = Clock(tmp_path / "clock")
    settle = soak._settle

    class Stand(SoakStand):
        def start(self) -> None:
            self.gateway.environment |= dict(each.split("=", 1) for each in clock.wrapper[1:])
            super().start()

    def settle_sooner(*about: Any) -> float:
        clock.shift(_AHEAD_S)
        return settle(*about)

    monkeypatch.setattr(soak, "SoakStand", Stand)
    monkeypatch.setattr(soak, "_settle", settle_sooner)
    (tmp_path / "soak").mkdir()
    options = SoakOptions(rate=500, seconds=6, seed=2, receipt_wait_h=0.0, faults=2.0, growth_mb=40)
    verdict = run_soak(options, tmp_path / "soak")
    assert verdict.ok, verdict.table()
    assert verdict.facts["accepted"] == 3_000
    injected = {
        name.removeprefix("injected: ") for name, count in verdict.facts.items() if "injected: " in name and count
    }
    assert injected >= {"twice", "shuffle", "receipt-lost", "receipt-twice", "contradict", "wrong-id", "drops"}
