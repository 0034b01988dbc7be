"""What operators see of ESMEs, and do to them."""

from __future__ import annotations

from tests.scenario.esme import BIND_RECEIVER, DELIVER_SM, RESPONSE, UNBIND, Closed, Esme, packed
from tests.scenario.harness import Scene, wait
from tests.scenario.stand_esme import PASSWORD, bound, check_sound, served


def test_bound_esmes_are_listed_and_can_be_sent_away(scene: Scene) -> None:
    """`esme list` shows the bind; `esme disconnect` unbinds it in order, and it may come back."""
    gateway = served(scene)
    esme = bound(gateway)
    [row] = gateway.command("esme", "list")
    assert (row["system_id"], row["kind"], row["listener"], row["version"]) == ("esme", "transceiver", "smpp", "3.4")
    assert gateway.command("esme", "disconnect", system_id="esme") == {"system_id": "esme", "unbinding": 1}
    pdu = esme.read()
    assert pdu.command == UNBIND
    esme.write(packed(UNBIND | RESPONSE, sequence=pdu.sequence))
    try:
        esme.read()
    except Closed:
        pass
    else:
        raise AssertionError("it is still open")
    wait("it is gone", lambda: gateway.command("esme", "list") == [], every_s=0.05)
    assert bound(gateway).unbind() == 0
    check_sound(gateway)


def test_what_was_refused_for_good_is_shown_and_sent_again(scene: Scene) -> None:
    """`outbox list` counts it, `outbox revive` brings it back."""
    gateway = served(scene)
    esme = bound(gateway)
    status, message_id = esme.submit()
    assert status == 0
    receipt = esme.read()
    assert receipt.command == DELIVER_SM
    esme.write(packed(DELIVER_SM | RESPONSE, b"\0", receipt.sequence, status=0x65))
    wait("it is given up", lambda: gateway.metric("smsgwd_esme_deliveries_total", result="gave_up") == 1, every_s=0.05)
    assert esme.unbind() == 0
    owed = {"target": "@esme", "pending": 0, "next_due": None, "given_up": 1}
    wait("it is shown", lambda: gateway.command("outbox", "list") == [owed], every_s=0.05)
    assert gateway.command("outbox", "revive", target="@esme") == {"target": "@esme", "revived": 1}
    receiver = Esme(gateway.smpp_port)
    assert receiver.bind("esme", PASSWORD, BIND_RECEIVER) == 0
    while not receiver.receipts:
        receiver.answer(receiver.read())
    assert receiver.receipts == [message_id]
    assert receiver.unbind() == 0
    check_sound(gateway)
