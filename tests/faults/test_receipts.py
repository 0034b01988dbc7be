"""Receipts that come twice, contradict each other, never come, or name another message: one final state each."""

from __future__ import annotations

from tests.faults.account import check_told_once, check_well
from tests.scenario.harness import Scene, wait

_MESSAGES = 200


def test_twice(scene: Scene) -> None:
    """The second is counted and changes nothing."""
    smsc, catcher = scene.smsc("--receipt-twice-pct=100"), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(_MESSAGES)
    wait("all receipts are taken", lambda: smsc.stats()["receipts_acked"] == 2 * _MESSAGES)
    assert set(check_told_once(gateway, catcher, ids).values()) == {"delivered"}
    assert gateway.tenant.balance() == f"{1000 - _MESSAGES * 0.04:.4f}"


def test_contradicting(scene: Scene) -> None:
    """The first final state stands, and so does the money."""
    smsc, catcher = scene.smsc("--contradict-pct=100", "--state-mix=UNDELIV:50", "--seed=6"), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(_MESSAGES)
    wait("all receipts are taken", lambda: smsc.stats()["receipts_acked"] == 2 * _MESSAGES)
    states = check_told_once(gateway, catcher, ids)
    undelivered = sum(line.stat == "UNDELIV" for line in smsc.submits())
    assert 60 < undelivered == list(states.values()).count("undelivered") < 140
    assert set(states.values()) == {"delivered", "undelivered"}
    check_well(gateway)


def test_lost_and_of_others(scene: Scene) -> None:
    """What got no receipt of its own stays `sent` or takes the one that names it; the others end, each once."""
    smsc = scene.smsc("--receipt-lost-pct=20", "--wrong-id-pct=20", "--seed=7", "--receipt-delay-ms=200")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(_MESSAGES)
    wait("all receipts are taken", lambda: smsc.stats()["receipts_acked"] == smsc.stats()["receipts_sent"] >= 120)
    named = {line.receipt or line.id for line in smsc.submits() if "receipt-lost" not in line.fault}
    expected = {line.dest for line in smsc.submits() if line.id in named}
    assert 0 < len(expected) < _MESSAGES

    def ended() -> list[str] | None:
        states = gateway.tenant.states()
        found = [message for message in ids if states[message] == "delivered"]
        return found if len(found) == len(expected) else None

    found = wait("all that were named have ended", ended)
    assert set(check_told_once(gateway, catcher, found).values()) == {"delivered"}
    assert {gateway.tenant.message(message)["to"] for message in found} == expected
    assert set(gateway.tenant.states().values()) == {"delivered", "sent"}
