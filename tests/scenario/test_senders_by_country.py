"""A country's rule: another sender at the SMSC in the place of one that may not be, or the message is refused."""

from __future__ import annotations

import pytest

from tests.scenario.harness import Gateway, Scene, Smsc, Tenant
from tests.scenario.ways import done, refused

Stand = tuple[Gateway, Smsc]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """A tenant that may send under any sender."""
    smsc = shared.smsc()
    return shared.gateway(smsc), smsc


def _sent_as(stand: Stand, to: str, sender: str) -> str:
    """The sender at the SMSC, or the refusal; the tenant goes on seeing what it wrote."""
    gateway, smsc = stand
    tenant: Tenant = gateway.tenant
    answer = tenant.post(to, **{"from": sender})
    if answer.status != 202:
        return str(answer.body["code"])
    message = answer.body["messages"][0]["id"]
    assert tenant.wait_state(message, "delivered")["from"] == sender
    return [text.source for text in smsc.texts() if text.dest == to][-1]


def test_substitute(shared: Scene, stand: Stand) -> None:
    """Letters become the country's sender, digits stay; elsewhere nothing changes; dropped, all is as before."""
    gateway, _ = stand
    done(gateway, "senderrule", "put", where="GB", alphanumeric="substitute", substitute="447700900999")
    assert _sent_as(stand, "+447700900123", "Shop").removeprefix("+") == "447700900999"
    assert _sent_as(stand, "+447700900123", "447700900111").removeprefix("+") == "447700900111"
    assert _sent_as(stand, "+306912345678", "Shop") == "Shop"
    done(gateway, "senderrule", "drop", where="GB")
    assert _sent_as(stand, "+447700900124", "Shop") == "Shop"


def test_letters_are_refused(shared: Scene, stand: Stand) -> None:
    """Where they may not be; digits go through. A prefix goes before its country."""
    gateway, _ = stand
    done(gateway, "senderrule", "put", where="US", alphanumeric="refuse")
    assert _sent_as(stand, "+12025550123", "Shop") == "sender_not_allowed"
    assert _sent_as(stand, "+12025550123", "12025550999").removeprefix("+") == "12025550999"
    assert _sent_as(stand, "+14165550123", "Shop") == "Shop"  # Canada has the same country code
    done(gateway, "senderrule", "put", where="1202", alphanumeric="allowed")
    assert _sent_as(stand, "+12025550124", "Shop") == "Shop"
    assert _sent_as(stand, "+13105550124", "Shop") == "sender_not_allowed"
    done(gateway, "senderrule", "put", where="39", numeric="refuse")
    assert _sent_as(stand, "+393331234567", "306900000000") == "sender_not_allowed"
    assert _sent_as(stand, "+393331234567", "Shop") == "Shop"


def test_registered_only(shared: Scene, stand: Stand) -> None:
    """`senders: ["*"]` is not enough there: the sender must be approved by name."""
    gateway, _ = stand
    done(gateway, "senderrule", "put", where="SA", registered_only="yes")
    assert _sent_as(stand, "+966501234567", "Shop") == "sender_not_allowed"
    assert gateway.tenant.ask("POST", "/v1/senders", {"name": "Shop"}).status == 201
    assert _sent_as(stand, "+966501234567", "Shop") == "sender_not_allowed"
    done(gateway, "sender", "approve", tenant="shop", name="Shop")
    assert _sent_as(stand, "+966501234567", "Shop") == "Shop"


def test_rules_that_are_none(shared: Scene, stand: Stand) -> None:
    """Refused, and what was in effect stays."""
    gateway, _ = stand
    before = done(gateway, "senderrule", "list")
    for params in (
        {"where": "XX1"},
        {"where": "gb"},
        {"where": "ZZ"},
        {"where": "44", "alphanumeric": "substitute"},
        {"where": "44", "alphanumeric": "substitute", "substitute": "TwelveLetters"},
        {"where": "44", "alphanumeric": "maybe"},
        {"where": "4" * 16},
        {"where": "44", "alphanumeric": "substitute", "substitute": "a\r\nb"},
    ):
        assert refused(gateway.command("senderrule", "put", **params)), params
    assert done(gateway, "senderrule", "list") == before
