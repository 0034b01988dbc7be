"""A connector sends no more parts a second than configured, counted in parts and not in messages."""

from __future__ import annotations

import time

from tests.scenario.harness import Scene

RATE, BURST = 30, 10


def test_connector_keeps_to_its_parts_a_second(scene: Scene) -> None:
    """30 messages of two parts: part n cannot have come before the bucket had given n tokens, and all come soon."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"throughput": RATE, "burst": BURST})
    begun = time.time()  # the bucket is full now; a machine that stalls can only make parts come later than this allows
    ids = gateway.tenant.send_many(30, "Message {n} " + "x" * 180)
    catcher.wait_all(ids)
    times = [line.at for line in smsc.submits()]
    assert len(times) == 60
    early = [n for n, at in enumerate(times, 1) if n > BURST + 2 and at < begun + (n - BURST - 2) / RATE]
    assert early == []
    assert times[-1] - begun < 15  # 1.7 s on an idle machine: the rate is used, too
    assert smsc.stats()["refused"] == {}
