"""A message takes the second connector of its route when the first is down at submission."""

from __future__ import annotations

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Scene, wait


def test_second_connector_takes_over(scene: Scene) -> None:
    """The first is away: the second sends. The first appears: it is preferred again."""
    [port] = free_ports(1)
    second, catcher = scene.smsc(name="second"), scene.catcher()
    gateway = scene.gateway(port, second, catcher=catcher)
    wait("smsc2 is up", lambda: gateway.status()["connectors"][1]["up"])
    message = gateway.tenant.send("+306900000001")
    catcher.wait_push(message)
    assert gateway.tenant.message(message)["connector"] == "smsc2"

    first = scene.smsc(name="first", port=port)
    wait("smsc1 is up", lambda: gateway.status()["connectors"][0]["up"])
    message = gateway.tenant.send("+306900000002")
    catcher.wait_push(message)
    assert gateway.tenant.message(message)["connector"] == "smsc1"
    assert [text.dest for text in first.texts()] == ["+306900000002"]
    assert [text.dest for text in second.texts()] == ["+306900000001"]
