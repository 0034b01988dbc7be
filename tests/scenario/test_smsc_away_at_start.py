"""A gateway whose SMSC is away takes messages, is ready, and sends them when the SMSC appears."""

from __future__ import annotations

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Scene, wait


def test_messages_wait_for_an_smsc_that_is_away(scene: Scene) -> None:
    """Queued, visible in status, sent in order when it comes."""
    [port] = free_ports(1)
    catcher = scene.catcher()
    gateway = scene.gateway(port, catcher=catcher)
    ids = gateway.tenant.send_many(20)
    assert set(gateway.tenant.states().values()) == {"queued"}
    wait("the failed connection shows", lambda: gateway.status()["connectors"][0]["binds"][0]["last_error"])
    status = gateway.status()
    assert status["connectors"][0]["up"] is False
    assert status["store"]["queues"][0]["queued"] == 20
    smsc = scene.smsc(port=port)
    catcher.wait_all(ids)
    assert [text.text for text in smsc.texts()] == [f"Message {n}" for n in range(20)]
