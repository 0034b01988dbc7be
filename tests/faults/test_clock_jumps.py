"""The wall clock is set back and forth under traffic: each message is sent once and told once."""

from __future__ import annotations

import random
import time

from tests.faults.account import check_told_once, check_well
from tests.scenario.harness import Scene, wait
from tests.scenario.shim import Clock

_HOUR_S = 3600


def test_jumps_under_traffic(scene: Scene) -> None:
    """Eight jumps within a day either way, drawn; validities are long enough not to end by them."""
    smsc, catcher = scene.smsc("--receipt-delay-ms=50", "--receipt-spread-ms=300"), scene.catcher()
    clock = Clock(scene.directory)
    gateway = scene.gateway(smsc, catcher=catcher, wrapper=clock.wrapper, limits={"default_validity_s": 96 * _HOUR_S})
    dice = random.Random(9)
    ids = []
    for first in range(0, 400, 50):
        clock.shift(int(dice.uniform(-24, 24) * _HOUR_S))
        ids += gateway.tenant.send_many(50, first=first)
        time.sleep(0.2)
    assert set(check_told_once(gateway, catcher, ids).values()) == {"delivered"}
    assert ids == sorted(ids, key=int), "ids go on growing"
    assert smsc.stats()["duplicates"] == 0 and smsc.stats()["unique_messages"] == 400
    check_well(gateway)


def test_a_step_back_delays_no_retry(scene: Scene) -> None:
    """Refused an hour ahead of the true time, and the clock is put right: tried again when their wait is over."""
    smsc, catcher = scene.smsc("--status-mix=0x08:30", "--seed=2"), scene.catcher()
    clock = Clock(scene.directory)
    clock.shift(_HOUR_S)
    retry = {"waits_s": [1], "attempts": 100}
    gateway = scene.gateway(smsc, catcher=catcher, wrapper=clock.wrapper, connector={"retry": retry})
    ids = gateway.tenant.send_many(40)
    wait("some were refused", lambda: smsc.stats()["refused"])
    clock.shift(0)
    assert set(check_told_once(gateway, catcher, ids).values()) == {"delivered"}
    check_well(gateway)
