"""Connections lost in the middle of a window lose no message; only those without an answer may arrive twice."""

from __future__ import annotations

from collections import Counter

from tests.scenario.harness import Scene, wait


def test_nothing_is_lost_when_connections_drop(scene: Scene) -> None:
    """Five times after 40 submits, the last 8 of them taken but not answered (policy resend)."""
    smsc = scene.smsc(
        "--drop-after", "40", "--drop-unanswered", "8", "--drop-accepted", "--drop-times", "5", "--resp-delay-ms", "5"
    )
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"unknown_outcome": "resend"})
    ids = gateway.tenant.send_many(300)
    catcher.wait_all(ids)
    stats = smsc.stats()
    assert stats["drops"] == 5
    answered = {line.dest for line in smsc.submits() if line.answered}
    unanswered = {line.dest for line in smsc.submits() if not line.answered}
    assert len(answered | unanswered) == 300
    # Answers that were still delayed when the link went are lost too, so at most a window a drop can double.
    twice = [dest for dest, count in Counter(line.dest for line in smsc.submits()).items() if count > 1]
    assert len(twice) <= 5 * 50
    assert set(gateway.tenant.states().values()) == {"delivered"}
    assert unanswered <= set(twice)  # resent


def test_policy_wait_sends_nothing_twice(scene: Scene) -> None:
    """With policy `wait` what had no answer stays `sent` until its receipt; nothing is doubled."""
    smsc = scene.smsc("--drop-after", "40", "--drop-unanswered", "8", "--drop-accepted", "--drop-times", "1")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"unknown_outcome": "wait"})
    gateway.tenant.send_many(100)
    wait(
        "every message has left",
        lambda: set(gateway.tenant.states().values()) == {"sent", "delivered"},
    )
    wait("the receipts are in", lambda: smsc.stats()["receipts_waiting"] + smsc.stats()["receipts_unacked"] == 0)
    lines = smsc.submits()
    assert smsc.stats()["duplicates"] == 0
    # What was in the socket when the link went never reached the SMSC: a window at most.
    assert 50 <= len(lines) <= 100
    answered = {line.dest for line in lines if line.answered}
    states = Counter(gateway.tenant.states().values())
    assert states["sent"] >= 8
    assert states["delivered"] <= len(answered)
