"""A receipt that overtakes the response to its submit is not lost."""

from __future__ import annotations

from tests.scenario.harness import Scene


def test_receipts_before_their_responses_find_their_messages(scene: Scene) -> None:
    """Every receipt comes first, for one-part and for long messages."""
    smsc = scene.smsc("--before-resp-pct", "100", "--resp-delay-ms", "50")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = [*gateway.tenant.send_many(40), gateway.tenant.send("+306912345678", "я" * 150)]
    catcher.wait_all(ids)
    assert set(gateway.tenant.states().values()) == {"delivered"}
    stats = smsc.stats()
    assert stats["receipts_before_response"] == 43
    assert stats["receipts_nacked"] == {}
    assert gateway.status()["store"]["parked"] == 0
