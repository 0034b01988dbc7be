"""A message that cannot leave before its validity ends becomes expired: a state, a push, the money back."""

from __future__ import annotations

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Scene
from tests.scenario.shim import Clock


def test_message_behind_a_dead_smsc_expires(scene: Scene) -> None:
    """The SMSC is away; a minute later (by the process's wall clock) the message is expired; it is not sent later."""
    catcher = scene.catcher()
    clock = Clock(scene.directory)
    [port] = free_ports(1)
    gateway = scene.gateway(port, catcher=catcher, wrapper=clock.wrapper)
    tenant = gateway.tenant
    short = tenant.send("+306900000001", validity_s=60)
    long = tenant.send("+306900000002", validity_s=3600)
    assert tenant.message(short)["state"] == "queued"
    assert tenant.balance() == "999.9200"
    clock.shift(61)
    push = catcher.wait_push(short)
    assert (push["type"], push["state"]) == ("message.expired", "expired")
    view = tenant.message(short)
    assert view["state"] == "expired"
    assert view["sent_at"] is None
    assert tenant.balance() == "999.9600"
    assert tenant.message(long)["state"] == "queued"

    smsc = scene.smsc(port=port)
    catcher.wait_push(long)
    assert [text.dest for text in smsc.texts()] == ["+306900000002"]
