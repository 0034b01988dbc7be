"""Payments: what is booked counts at once, and once; what is no payment books nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.scenario.business import at_once, change, check_books, code, create, funds, refused, told
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import bound, check_sound


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway in front of an SMSC, with both listeners."""
    return shared.gateway(shared.smsc(), smpp={})


def test_it_counts_at_once(gateway: Gateway) -> None:
    """Without money nothing is accepted; the next message after the payment is, over both protocols."""
    tenant = create(gateway, "empty", credit="0", price="0.0400")
    assert code(tenant.post("+306912345678")) == "no_credit"
    esme = bound(gateway, "empty")
    assert esme.submit()[0] == 0x45
    told(gateway, "ledger", "topup", tenant="empty", amount="0.08")
    assert code(tenant.post("+306912345678")) is None
    assert esme.submit()[0] == 0
    assert code(tenant.post("+306912345678")) == "no_credit"
    assert esme.unbind() == 0


def test_a_credit_limit_counts_at_once(gateway: Gateway) -> None:
    """A limit that is raised lets one more message pass; lowered again, none, and the debt stays."""
    tenant = create(gateway, "limited", credit="0", price="0.0400")
    assert code(tenant.post("+306912345678")) == "no_credit"
    change(gateway, "limited", credit_limit="0.0400")
    assert code(tenant.post("+306912345678")) is None
    assert code(tenant.post("+306912345678")) == "no_credit"
    change(gateway, "limited", credit_limit=None)
    assert funds(gateway, "limited")[0] == Decimal("-0.04")
    assert code(tenant.post("+306912345678")) == "no_credit"
    check_books(gateway)


def test_one_reference_is_booked_once(gateway: Gateway) -> None:
    """Twenty at the same moment with one reference: one is booked. The reference of another tenant is another one."""
    create(gateway, "payer", credit="0", price="0.0400")
    create(gateway, "other", credit="0", price="0.0400")

    def pay() -> bool:
        answer = gateway.command("ledger", "topup", tenant="payer", amount="10", reference="invoice-17")
        assert "entry" in answer or "nothing was booked" in answer["detail"], answer
        return "entry" in answer

    assert sorted(at_once(*[pay] * 20)) == [False] * 19 + [True]
    assert funds(gateway, "payer")[0] == 10
    told(gateway, "ledger", "topup", tenant="other", amount="10", reference="invoice-17")
    assert funds(gateway, "other")[0] == 10
    check_books(gateway)


def test_payments_at_the_same_moment_are_all_booked(gateway: Gateway) -> None:
    """Twenty without a reference, and twenty of different references, while messages are sent: none is lost."""
    tenant = create(gateway, "busy", credit="1000", price="0.0400")

    def pay(reference: str) -> None:
        more = {"reference": reference} if reference else {}
        told(gateway, "ledger", "topup", tenant="busy", amount="0.01", **more)

    payments = [lambda each=reference: pay(each) for reference in [""] * 20 + [f"pay-{n}" for n in range(20)]]
    at_once(*payments, lambda: tenant.send_many(500))
    balance, _ = funds(gateway, "busy")
    assert balance == Decimal(1000) + 40 * Decimal("0.01") - 500 * Decimal("0.04")
    check_books(gateway)


@pytest.mark.parametrize(
    "amount",
    [
        "-5",
        "0",
        "0.0000000",
        "",
        "nan",
        "NaN",
        "inf",
        "1e9",
        "1,5",
        "5 EUR",
        "0x10",
        "٣",
        "1_000",
        "0.00000001",
        "+-5",
        "--5",
        "9223372036854775807",
        "\x00",
    ],
)
def test_what_is_no_payment_books_nothing(gateway: Gateway, amount: str) -> None:
    """Negative, nothing, no number, too exact, too large."""
    if gateway.command("tenant", "show", id="odd").get("code"):
        create(gateway, "odd", credit="3", price="0.0400")
    assert refused(gateway, "ledger", "topup", tenant="odd", amount=amount)
    assert funds(gateway, "odd")[0] == 3
    check_sound(gateway)


def test_balances_do_not_overflow(gateway: Gateway) -> None:
    """The largest payments, one after the other: what would not fit is refused by name, and the books are right."""
    create(gateway, "richest", credit="0", price="0.0400")
    booked = Decimal(0)
    for _ in range(12):
        answer = gateway.command("ledger", "topup", tenant="richest", amount="999999999999")
        assert answer.get("code") in (None, "invalid"), answer
        booked += 0 if "code" in answer else Decimal("999999999999")
    assert booked > 0
    assert funds(gateway, "richest")[0] == booked
    assert code(create_rich_child(gateway)) is None
    check_books(gateway)
    check_sound(gateway)


def create_rich_child(gateway: Gateway) -> object:
    """One message of a child of the richest tenant."""
    return create(gateway, "heir", parent="richest", credit="1", price="0.0400").post("+306912345678")


def test_corrections_stop_at_the_limit(gateway: Gateway) -> None:
    """Not below what it may owe, unless the operator says so."""
    create(gateway, "corrected", credit="5", price="0.0400")
    assert "nothing was booked" in refused(gateway, "ledger", "correct", tenant="corrected", amount="-5.01")
    told(gateway, "ledger", "correct", tenant="corrected", amount="-5")
    assert funds(gateway, "corrected")[0] == 0
    told(gateway, "ledger", "correct", tenant="corrected", amount="-1", below_limit="yes", note="debt")
    assert funds(gateway, "corrected")[0] == -1
    assert refused(gateway, "ledger", "correct", tenant="corrected", amount="0")
    assert refused(gateway, "ledger", "topup", tenant="nobody", amount="1") == "there is no tenant nobody"
    check_books(gateway)
