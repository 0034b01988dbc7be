"""What messages cost whom: prices, lists, resellers, refunds, statements and bills, on the wire and over HTTP."""

from __future__ import annotations

import csv
import io
import time
from decimal import Decimal

import pytest

from tests.scenario.business import change, check_books, code, create, funds, refused, told, wait_settled
from tests.scenario.harness import Answer, Gateway, Scene, wait
from tests.scenario.stand_esme import bound, check_sound

GREEK, BRITISH = "+306912345678", "+447700900123"


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway in front of an SMSC where every number is delivered to, with both listeners."""
    return shared.gateway(shared.smsc(), smpp={})


def _at(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def _price(answer: Answer) -> str:
    [entry] = answer.body["messages"]
    return str(entry["price"])


def test_an_imported_price_list_counts_for_the_next_message(gateway: Gateway) -> None:
    """Over HTTP and SMPP; imported again, the new prices; dropped, the price of the tenant itself."""
    told(gateway, "price", "import", name="retail", csv="prefix,price\n*,0.06\n30,0.045\n")
    tenant = create(gateway, "kiosk", price_list="retail", prices={"3069": "0.03"}, credit="5")
    assert _price(tenant.post(GREEK)) == "0.0300"
    assert _price(tenant.post("+302101234567")) == "0.0450"
    assert _price(tenant.post(BRITISH)) == "0.0600"
    told(gateway, "price", "import", name="retail", csv="prefix,price\n*,0.07\n30,0.055\n")
    assert _price(tenant.post("+302101234567")) == "0.0550"
    assert _price(tenant.post(BRITISH, "x" * 161)) == "0.1400"
    before, _ = funds(gateway, "kiosk")
    esme = bound(gateway, "kiosk")
    assert esme.submit("447700900123")[0] == 0
    assert esme.unbind() == 0
    assert before - funds(gateway, "kiosk")[0] == Decimal("0.07")
    check_books(gateway)


def test_a_list_that_begins_later_begins_then(gateway: Gateway) -> None:
    """Without anybody doing anything."""
    told(gateway, "price", "import", name="later", csv="prefix,price\n*,0.05\n")
    told(gateway, "price", "import", name="later", csv="prefix,price\n*,0.08\n", valid_from=_at(3))
    tenant = create(gateway, "patient", price_list="later", credit="100")
    assert _price(tenant.post(GREEK)) == "0.0500"
    wait("the new prices count", lambda: _price(tenant.post(GREEK)) == "0.0800", every_s=0.2)
    check_books(gateway)


def test_a_number_without_a_rate_is_refused(gateway: Gateway) -> None:
    """No rate, no message: it is never free by mistake; and the list stays while somebody goes by it."""
    told(gateway, "price", "import", name="greece", csv="prefix,price\n30,0.05\n")
    tenant = create(gateway, "narrow", price_list="greece", credit="1")
    assert code(tenant.post(GREEK)) is None
    assert code(tenant.post(BRITISH)) is not None
    assert "narrow" in refused(gateway, "price", "drop", name="greece")
    wait_settled(gateway, "narrow")
    assert funds(gateway, "narrow")[0] == Decimal("0.95")


def test_everybody_above_pays_by_its_own_prices(gateway: Gateway) -> None:
    """Customer 0.05, dealer 0.03, wholesaler by a list with 0.02 for Greece: two parts each."""
    told(gateway, "price", "import", name="wholesale", csv="prefix,price\n*,0.5\n30,0.02\n")
    create(gateway, "wholesaler", price_list="wholesale", credit="10")
    create(gateway, "dealer", parent="wholesaler", price="0.03", credit="10")
    tenant = create(gateway, "customer", parent="dealer", price="0.05", credit="10")
    assert _price(tenant.post(GREEK, "x" * 161)) == "0.1000"
    wait_settled(gateway, "customer", "dealer", "wholesaler")
    assert funds(gateway, "customer")[0] == Decimal("9.90")
    assert funds(gateway, "dealer")[0] == Decimal("9.94")
    assert funds(gateway, "wholesaler")[0] == Decimal("9.96")
    change(gateway, "dealer", price="0.04")
    tenant.send(GREEK)
    assert funds(gateway, "dealer")[0] == Decimal("9.90")
    check_books(gateway)
    check_sound(gateway)


def test_a_cancelled_message_is_refunded_to_the_whole_chain(gateway: Gateway) -> None:
    """What was scheduled and taken back cost nobody anything."""
    create(gateway, "above", credit="10", price="0.03")
    tenant = create(gateway, "below", parent="above", credit="10", price="0.05")
    message_id = tenant.send(GREEK, schedule_at=_at(3600))
    assert funds(gateway, "below") == (Decimal("9.95"), Decimal("0.05"))
    assert funds(gateway, "above") == (Decimal("9.97"), Decimal("0.03"))
    assert tenant.ask("DELETE", f"/v1/messages/{message_id}").status == 200
    assert funds(gateway, "below") == funds(gateway, "above") == (10, 0)
    check_books(gateway)


def test_statements_csv_orders_and_bills_add_up(gateway: Gateway) -> None:
    """To the balance, all four of them, after messages, payments, a correction and a refund."""
    tenant = create(gateway, "booked", credit="10", price="0.04")
    tenant.send_many(30)
    told(gateway, "ledger", "topup", tenant="booked", amount="2.5", reference="pay-1", note="=cmd|' /C calc'!A0")
    told(gateway, "ledger", "correct", tenant="booked", amount="-0.3", note="goodwill, taken back")
    later = tenant.send(GREEK, schedule_at=_at(3600))
    assert tenant.ask("DELETE", f"/v1/messages/{later}").status == 200
    tenant.send(GREEK, schedule_at=_at(3600))
    wait("one is reserved", lambda: funds(gateway, "booked")[1] == Decimal("0.04"))
    balance = Decimal("10.96")
    view = tenant.ask("GET", "/v1/balance").body
    assert (Decimal(view["balance"]), Decimal(view["reserved"])) == (balance, Decimal("0.04"))

    answer = tenant.ask("GET", "/v1/statements?limit=1000").body
    assert sum(Decimal(entry["amount"]) for entry in answer["entries"]) == balance
    assert sum(Decimal(each["amount"]) for each in answer["sums"]) == balance
    assert sum(Decimal(each["reserved"]) for each in answer["sums"]) == Decimal("0.04")

    page = tenant.ask("GET", "/v1/statements?format=csv").body.decode()
    rows = list(csv.DictReader(io.StringIO(page)))
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal(rows[-1]["balance"]) == balance
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@"))]
    exported = list(csv.DictReader(io.StringIO(told(gateway, "ledger", "export", tenant="booked"))))
    assert sum(Decimal(row["amount"]) for row in exported) == balance
    assert not [cell for row in exported for cell in row.values() if cell.startswith(("=", "+", "@"))]

    orders = tenant.ask("GET", "/v1/orders").body
    assert (orders["count"], orders["total"]) == (2, "12.5000")
    bills = tenant.ask("GET", "/v1/bills").body
    [bill] = [tenant.ask("GET", f"/v1/bills/{each['month']}").body for each in bills["bills"]]
    assert Decimal(bill["closing_balance"]) == balance
    assert balance == sum(Decimal(bill[name]) for name in ("opening_balance", "topups", "corrections")) - sum(
        Decimal(bill[name]) for name in ("charged", "reserved")
    )
    assert bill["messages"] == 30
    check_books(gateway)
    check_sound(gateway)
