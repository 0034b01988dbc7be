"""Bound peers that stop reading or writing are given up, and cost the others nothing."""

from __future__ import annotations

from tests.scenario.esme import BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT_SM, Esme, Steady, packed, submit_body
from tests.scenario.harness import Scene, wait
from tests.scenario.stand_esme import (
    PASSWORD,
    bound,
    check_sound,
    credential,
    rss_at_rest_mb,
    served,
    tenant_of,
    wait_binds,
)


def test_half_a_request_and_silence(scene: Scene) -> None:
    """A bound peer that stops in the middle of a PDU is probed, does not answer and is closed; what it owed is free."""
    gateway = served(scene, smpp={"enquire_link_s": 0.5, "response_s": 1})
    esme = bound(gateway)
    esme.write(packed(SUBMIT_SM, submit_body("306900000000", b"Hello"), 2)[:40])
    esme.wait_closed(15)
    wait_binds(gateway, 0, "esme")
    gateway.wait_event("esme.lost")
    check_sound(gateway)


def test_who_never_reads_holds_nobody_up(scene: Scene) -> None:
    """A receiver that reads nothing is given up; its receipts wait and come to the next one in their order."""
    count = 1500
    deaf_account = tenant_of(credential("deaf"))
    gateway = served(scene, credential("steady"), tenants=[deaf_account], smpp={"enquire_link_s": 0.5, "window": 50})
    with Steady(lambda: bound(gateway, "steady")):
        hearing = bound(gateway, "deaf")
        ids = _submitted(gateway.smpp_port, count)
        wait("every receipt", lambda: _has(hearing, ids))
        assert hearing.unbind() == 0
        before = rss_at_rest_mb(gateway)  # with all that the same traffic takes when somebody listens

        deaf = Esme(gateway.smpp_port, receive_buffer=2048)
        assert deaf.bind("deaf", PASSWORD, BIND_RECEIVER) == 0
        ids = _submitted(gateway.smpp_port, count)
        wait_binds(gateway, 0, "deaf")  # the deaf one was given up
        deaf.close()
        fresh = bound(gateway, "deaf")
        wait("every receipt", lambda: _has(fresh, ids))
        assert fresh.unbind() == 0
        assert fresh.receipts == ids
    assert rss_at_rest_mb(gateway) - before < 10
    check_sound(gateway)


def _has(esme: Esme, ids: list[str]) -> bool:
    esme.pump(0.2)
    return set(esme.receipts) >= set(ids)


def _submitted(port: int, count: int, window: int = 50) -> list[str]:
    """The ids of messages of a transmitter of the account `deaf`, submitted in runs of `window`."""
    sender = Esme(port)
    assert sender.bind("deaf", PASSWORD, BIND_TRANSMITTER) == 0
    ids: list[str] = []
    while len(ids) < count:
        run = [packed(SUBMIT_SM, submit_body(f"30692{len(ids) + n:07d}", b"Hi"), 1000 + n) for n in range(window)]
        sender.write(b"".join(run))
        for _ in range(window):
            answer = sender.read()
            assert answer.status == 0
            ids.append(answer.body.rstrip(b"\0").decode())
    assert sender.unbind() == 0
    return ids
