"""What was not sent by `not_after` expires and is given back."""

from __future__ import annotations

import datetime

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Scene


def _in(seconds: float) -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)).isoformat()


def test_expires(scene: Scene) -> None:
    """No SMSC takes it in time: pushed as expired, refunded, and never sent when the SMSC is there after all."""
    [port] = free_ports(1)
    catcher = scene.catcher()
    gateway = scene.gateway(port, catcher=catcher)
    tenant = gateway.tenant
    before = tenant.balance()
    at_once = tenant.send("+306900000001", not_after=_in(1.5))
    later = tenant.send("+306900000002", schedule_at=_in(1), not_after=_in(2))
    assert tenant.balance() != before
    pushes = catcher.wait_all([at_once, later])
    assert {push["type"] for push in pushes.values()} == {"message.expired"}
    assert tenant.balance() == before
    smsc = scene.smsc(port=port)
    witness = tenant.send("+306900000003")
    catcher.wait_push(witness)
    assert [text.dest for text in smsc.texts()] == ["+306900000003"]


def test_a_window_that_is_none(scene: Scene) -> None:
    """Ended before it begins: refused."""
    tenant = scene.gateway(scene.smsc()).tenant
    for fields in (
        {"not_after": _in(-60)},
        {"schedule_at": _in(120), "not_after": _in(60)},
        {"not_after": "tomorrow"},
        {"not_after": "0000-00-00T00:00:00Z"},
        {"not_after": "2026-13-01T00:00:00Z"},
    ):
        answer = tenant.post("+306900000001", **fields)
        assert (answer.status, answer.body["code"]) == (422, "invalid_schedule"), (fields, answer)
