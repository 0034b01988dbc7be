"""A connector sends no more parts a second than configured, counted in parts and not in messages."""

from __future__ import annotations

from tests.scenario.harness import Scene


def test_connector_keeps_to_its_parts_a_second(scene: Scene) -> None:
    """30 messages of two parts at 30 parts/s with a burst of 10: (60 - 10) / 30 s at least, and no 0x58."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"throughput": 30, "burst": 10})
    ids = gateway.tenant.send_many(30, "Message {n} " + "x" * 180)
    catcher.wait_all(ids)
    times = [line.at for line in smsc.submits()]
    assert len(times) == 60
    # Any window of time holds at most its rate and one burst; 2 parts of tolerance for clocks read apart.
    for first in range(0, 60, 5):
        for last in range(first + 10, 60, 5):
            assert last - first + 1 <= 10 + 30 * (times[last] - times[first]) + 2 + 0.05 * 30
    assert times[-1] - times[0] >= 1.5
