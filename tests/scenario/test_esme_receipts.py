"""Which receipts an ESME gets, by registered_delivery, and how they look to each version."""

from __future__ import annotations

import struct

import pytest

from tests.scenario.esme import (
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    SUBMIT_SM,
    Esme,
    Pdu,
    bind_body,
    submit_body,
)
from tests.scenario.harness import Scene, wait
from tests.scenario.stand_esme import PASSWORD, bound, check_sound, served, wait_binds

UNDELIVERED = ("--undeliv-pct", "100")


@pytest.mark.parametrize(
    ("smsc", "wanted"), [((), {1, 3, 0x11}), (UNDELIVERED, {1, 2, 0x11})], ids=["delivered", "undelivered"]
)
def test_registered_delivery(scene: Scene, smsc: tuple[str, ...], wanted: set[int]) -> None:
    """0 never, 1 always, 2 failures, 3 successes; 0x10 adds intermediate ones (SMPP 3.4 s5.2.17)."""
    gateway = served(scene, smsc=smsc)
    esme = bound(gateway)
    ids = {}
    for asked in (0, 1, 2, 3, 0x11):
        status, ids[asked] = esme.submit(registered=asked)
        assert status == 0
    expected = {ids[asked] for asked in wanted}
    wait("its receipts", lambda: _pumped(esme) >= expected)
    esme.pump(0.5)  # time for one too many
    assert set(esme.receipts) == expected
    assert esme.unbind() == 0
    check_sound(gateway)


def test_form_of_a_receipt(scene: Scene) -> None:
    """esm_class 4, addresses swapped with their TON and NPI, the text of appendix B, TLVs 0x001E and 0x0427."""
    gateway = served(scene)
    esme = bound(gateway)
    answer = esme.ask(SUBMIT_SM, submit_body("306900000001", b"Hello"))
    message_id = answer.body.rstrip(b"\0")
    receipt = _delivery(esme)
    assert receipt.body.startswith(b"\0\1\1" + b"306900000001\0" + b"\5\0" + b"Shop\0" + b"\4")
    assert b"id:" + message_id + b" sub:001 dlvrd:001 submit date:" in receipt.body
    assert b" stat:DELIVRD err:000 text:" in receipt.body
    assert struct.pack(">HH", 0x001E, len(message_id) + 1) + message_id + b"\0" in receipt.body
    assert struct.pack(">HHB", 0x0427, 1, 2) in receipt.body
    assert esme.unbind() == 0
    check_sound(gateway)


@pytest.mark.parametrize(("version", "tlvs"), [(0x33, False), (0x34, True), (0x50, True)])
def test_versions(scene: Scene, version: int, tlvs: bool) -> None:
    """sc_interface_version and TLVs in receipts only from 3.4 on; congestion_state only to 5.0."""
    gateway = served(scene, smpp={"system_id": "gate"})
    esme = Esme(gateway.smpp_port)
    answer = esme.ask(BIND_TRANSCEIVER, bind_body("esme", PASSWORD, version))
    assert answer.status == 0
    assert answer.body == b"gate\0" + (struct.pack(">HHB", 0x0210, 1, max(version, 0x34)) if tlvs else b"")
    answer = esme.ask(SUBMIT_SM, submit_body("306900000001", b"Hello"))
    message_id, _, rest = answer.body.partition(b"\0")
    assert answer.status == 0
    assert (rest[:4] == struct.pack(">HH", 0x0428, 1)) == (version == 0x50)
    assert rest == b"" or version == 0x50
    receipt = _delivery(esme)
    assert b"id:" + message_id + b" " in receipt.body
    assert (struct.pack(">H", 0x001E) in receipt.body[-60:]) == tlvs
    assert esme.unbind() == 0
    check_sound(gateway)


def test_receipts_wait_for_a_bind_and_survive_a_restart(scene: Scene) -> None:
    """Those of a transmitter that has gone come to the next receiver, also after the gateway was killed."""
    gateway = served(scene)
    esme = Esme(gateway.smpp_port)
    assert esme.bind("esme", PASSWORD, BIND_TRANSMITTER) == 0
    ids = [esme.submit(f"30690000{number:04d}")[1] for number in range(100)]
    esme.close()
    wait_binds(gateway, 0, "esme")
    wait("all receipts are in", lambda: gateway.metric("smsgwd_messages_final_total", state="delivered") == 100)
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    esme = bound(gateway)
    wait("its receipts", lambda: _pumped(esme) >= set(ids))
    assert esme.receipts == ids  # in their order
    assert esme.unbind() == 0
    check_sound(gateway)


def test_what_was_not_answered_comes_again(scene: Scene) -> None:
    """A receiver that takes a delivery and breaks off before it answers: the next one gets it."""
    gateway = served(scene)
    esme = bound(gateway)
    status, message_id = esme.submit()
    assert status == 0
    assert b"id:" + message_id.encode() in _delivery(esme, answer=False).body
    esme.close()
    second = bound(gateway)
    wait("it comes again", lambda: _pumped(second) == {message_id})
    assert second.unbind() == 0
    check_sound(gateway)


def _delivery(esme: Esme, answer: bool = True) -> Pdu:
    while True:
        pdu = esme.read()
        if pdu.command == DELIVER_SM:
            if answer:
                esme.answer(pdu)
            return pdu
        esme.answer(pdu)


def _pumped(esme: Esme) -> set[str]:
    esme.pump(0.05)
    return set(esme.receipts)
