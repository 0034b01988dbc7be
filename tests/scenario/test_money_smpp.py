"""Money over SMPP: parts, several destinations, replacing, cancelling; and what is charged when it is asked twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.scenario.business import (
    at_once,
    change,
    check_books,
    client,
    create,
    funds,
    receipts,
    refused,
    told,
    wait_settled,
)
from tests.scenario.client import wait
from tests.scenario.esme import CANCEL_SM, REPLACE_SM, SUBMIT_MULTI, SUBMIT_SM
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import bound, check_sound

SOURCE = b"\5\0Shop\0"
DEST = b"\1\x01306900000001\0"
LATER = b"000000010000000R"  # in an hour
NO_CREDIT = 0x45
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway in front of an SMSC, with both listeners."""
    return shared.gateway(shared.smsc(), smpp={})


def _scheduled(text: bytes) -> bytes:
    return b"\0" + SOURCE + DEST + b"\0\0\0" + LATER + b"\0\0" + bytes((0, 0, 0, 0, len(text))) + text


def _replacing(message_id: bytes, text: bytes) -> bytes:
    return message_id + SOURCE + b"\0\0" + bytes((0, 0, len(text))) + text


def test_a_list_of_destinations_is_paid_one_by_one(gateway: Gateway) -> None:
    """Credit for three of five: three are sent, two are told to have no credit (SMPP 3.4 s4.5.2)."""
    create(gateway, "multi", credit="0.03", price="0.01")
    esme = bound(gateway, "multi")
    dests = b"".join(b"\1\1\1" + f"30690000000{n}".encode() + b"\0" for n in range(5))
    body = b"\0" + SOURCE + b"\5" + dests + b"\0\0\0" + b"\0\0" + bytes((1, 0, 0, 0, 5)) + b"Hello"
    answer = esme.ask(SUBMIT_MULTI, body)
    assert answer.status == 0
    _, _, rest = answer.body.partition(b"\0")
    assert rest[0] == 2
    assert rest.count(NO_CREDIT.to_bytes(4, "big")) == 2
    assert funds(gateway, "multi")[0] == 0
    wait_settled(gateway, "multi")
    assert esme.unbind() == 0
    check_books(gateway)


def test_replacing_settles_the_difference(gateway: Gateway) -> None:
    """Longer costs more, shorter less, for the reseller too; too long for the money is refused and changes nothing."""
    create(gateway, "swap0", credit="10", price="0.02")
    tenant = create(gateway, "swap", parent="swap0", credit="0.02", price="0.01")
    esme = bound(gateway, "swap")
    message_id = esme.ask(SUBMIT_SM, _scheduled(b"short")).body
    assert funds(gateway, "swap") == (CENT, CENT)
    assert esme.ask(REPLACE_SM, _replacing(message_id, b"x" * 200)).status == 0
    assert funds(gateway, "swap") == (0, 2 * CENT)
    assert funds(gateway, "swap0") == (10 - 4 * CENT, 4 * CENT)
    change(gateway, "swap", price="0.02")
    assert esme.ask(REPLACE_SM, _replacing(message_id, b"y" * 200)).status != 0
    assert funds(gateway, "swap") == (0, 2 * CENT)
    assert tenant.message(message_id[:-1].decode())["price"] == "0.0200"
    assert esme.ask(REPLACE_SM, _replacing(message_id, b"short")).status == 0
    assert funds(gateway, "swap0") == (10 - 2 * CENT, 2 * CENT)
    assert esme.ask(CANCEL_SM, b"\0" + message_id + SOURCE + DEST).status == 0
    assert funds(gateway, "swap") == (2 * CENT, 0)
    assert funds(gateway, "swap0") == (10, 0)
    assert esme.unbind() == 0
    check_books(gateway)
    check_sound(gateway)


def test_another_reseller_while_messages_wait(gateway: Gateway) -> None:
    """Who was to pay when a message was accepted is given it back, whoever the reseller is by then."""
    create(gateway, "first", credit="10", price="0.02")
    create(gateway, "second", credit="10", price="0.03")
    tenant = create(gateway, "moved", parent="first", credit="10", price="0.05")
    one = tenant.send(schedule_at="+1 hour")
    change(gateway, "moved", parent="second")
    two = tenant.send(schedule_at="+1 hour")
    assert funds(gateway, "first") == (10 - 2 * CENT, 2 * CENT)
    assert funds(gateway, "second") == (10 - 3 * CENT, 3 * CENT)
    change(gateway, "moved", parent=None)
    for message_id in (one, two):
        assert tenant.ask("DELETE", f"/v1/messages/{message_id}").status == 200
    assert funds(gateway, "first") == funds(gateway, "second") == funds(gateway, "moved") == (10, 0)
    check_books(gateway)


def test_one_key_is_charged_once(gateway: Gateway) -> None:
    """Ten requests at the same moment with one Idempotency-Key, then one more."""
    tenant = create(gateway, "keyed", credit="10", price="0.04")
    answers = at_once(*[lambda: tenant.post("+306912345678", key="order-17")] * 10)
    assert {answer.status for answer in answers} <= {202, 409}
    again = tenant.post("+306912345678", key="order-17")
    assert again.status == 202
    wait_settled(gateway, "keyed")
    assert funds(gateway, "keyed")[0] == Decimal("9.96")
    assert list(tenant.states()) == [again.body["messages"][0]["id"]]


def test_the_price_is_that_of_the_moment_of_acceptance(gateway: Gateway) -> None:
    """Scheduled, then the price changes: what was reserved is charged."""
    tenant = create(gateway, "fixed", credit="10", price="0.04")
    message_id = tenant.send(schedule_at="+2 seconds")
    change(gateway, "fixed", price="0.50")
    tenant.wait_state(message_id, "delivered")
    assert funds(gateway, "fixed") == (Decimal("9.96"), 0)


def test_expired_before_it_left_is_refunded(scene: Scene) -> None:
    """Nobody took it within its validity: the chain has its money back."""
    smsc = scene.smsc("--refuse-bind", "0x0D")
    gateway = scene.gateway(smsc, start=False, smpp={})
    gateway.start()
    wait("it takes commands", lambda: _commands(gateway))
    create(gateway, "above", credit="10", price="0.03")
    tenant = create(gateway, "below", parent="above", credit="10", price="0.04")
    esme = bound(gateway, "below")
    two_seconds = b"000000000002000R"
    body = b"\0" + SOURCE + DEST + b"\0\0\0\0" + two_seconds + b"\0" + bytes((1, 0, 0, 0, 5)) + b"Hello"
    message_id = esme.ask(SUBMIT_SM, body).body[:-1].decode()
    assert funds(gateway, "below") == (Decimal("9.96"), Decimal("0.04"))
    tenant.wait_state(message_id, "expired")
    assert funds(gateway, "below") == funds(gateway, "above") == (10, 0)
    wait("its receipt", lambda: receipts(esme) == [message_id])
    check_books(gateway)


def _commands(gateway: Gateway) -> bool:
    gateway.check()
    try:
        return bool(told(gateway, "status", "show"))
    except OSError:
        return False


def test_a_list_that_is_not_there(gateway: Gateway) -> None:
    """No tenant is made, or changed, to go by a price list that nobody imported."""
    assert "nowhere" in refused(gateway, "tenant", "create", json='{"id": "listless", "price_list": "nowhere"}')
    assert refused(gateway, "tenant", "show", id="listless")
    create(gateway, "listed", credit="1", price="0.04")
    assert "nowhere" in refused(gateway, "tenant", "set", id="listed", price_list="nowhere")
    assert client(gateway, "listed").post("+306912345678").status == 202
