"""SMSCs that let us in and close, unbind, or stop letting us in: attempts grow rare, messages are not lost."""

from __future__ import annotations

import time

from tests.faults.account import check_told_once, check_well
from tests.scenario.harness import Scene, wait

_TIMERS = {"reconnect_min_s": 0.2, "reconnect_max_s": 5}


def test_closed_after_each_bind(scene: Scene) -> None:
    """No hot loop: the waits grow, and a message waits for better times."""
    smsc, catcher = scene.smsc("--close-after-bind=1000"), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"timers": _TIMERS})
    message = gateway.tenant.send("+306900000001")
    began, before = time.monotonic(), smsc.stats()["connections"]
    cpu = gateway.cpu_s()
    time.sleep(4)
    lasted = time.monotonic() - began
    tried = smsc.stats()["connections"] - before
    assert 1 <= tried <= 4 + lasted / 1.0
    assert gateway.cpu_s() - cpu < 1.5
    assert gateway.tenant.message(message)["state"] == "queued"
    check_well(gateway)


def test_closed_after_some_binds(scene: Scene) -> None:
    """Every second bind or so is closed at once, and all are ended after a while: everything is delivered."""
    smsc = scene.smsc("--close-after-bind-pct=50", "--unbind-after-s=0.4", "--seed=8", "--receipt-delay-ms=100")
    catcher = scene.catcher()
    gateway = scene.gateway(
        smsc, catcher=catcher, connector={"binds": 2, "timers": {"reconnect_min_s": 0.1, "reconnect_max_s": 0.2}}
    )
    ids = []
    for first in range(0, 300, 30):
        ids += gateway.tenant.send_many(30, first=first)
        time.sleep(0.2)
    assert set(check_told_once(gateway, catcher, ids).values()) == {"delivered"}
    stats = wait("enough binds", lambda: smsc.stats())
    assert stats["faults"]["close-after-bind"] >= 3 and stats["binds"] >= 8
    check_well(gateway)
