"""Balance, statements (JSON and CSV), orders and bills."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.model.ledger import EntryKind
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.money_csv import COLUMNS
from tests.northbound.business import NOW_MS, BusinessClient
from tests.northbound.harness import is_problem

ATHENS = Tenant("demo", credit=0, time_zone="Europe/Athens", currency="EUR")
K = EntryKind


def at(text):
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def client(*entries, tenant=ATHENS, floor=0):
    """`entries`: (time, kind, amount, reserved, fields)."""
    made = BusinessClient(tenant)
    made.store.floors[tenant.id] = floor
    for when, kind, amount, reserved, fields in entries:
        made.store.enter(tenant.id, at(when), kind, amount, reserved, **fields)
    return made


MONTHS = (
    ("2026-11-30T23:59:00+02:00", K.TOPUP, 10_000_000, 0, {"reference": "pay-1", "note": "card"}),
    ("2026-12-01T00:00:00+02:00", K.RESERVE, -3_000_000, 3_000_000, {"messages": 3, "parts": 4}),
    ("2026-12-05T10:00:00+02:00", K.CHARGE, 0, -1_000_000, {"messages": 1, "parts": 2, "message_id": 77}),
    ("2026-12-06T10:00:00+02:00", K.REFUND, 500_000, -500_000, {"messages": 1, "parts": 1}),
    ("2026-12-07T10:00:00+02:00", K.CHARGE, -200_000, 0, {"reference": "lookup 5", "note": "2 numbers looked up"}),
    ("2026-12-07T10:00:01+02:00", K.REFUND, 100_000, 0, {"reference": "lookup 7 refund"}),
    ("2026-12-31T23:00:00+02:00", K.CORRECTION, -50_000, 0, {"note": "=SUM(A1:A9)"}),
    ("2027-01-02T10:00:00+02:00", K.CHARGE, 0, -1_500_000, {"messages": 1, "parts": 1}),
    ("2027-01-03T10:00:00+02:00", K.TOPUP, 5_000_000, 0, {"reference": "pay-2"}),
)


@pytest.mark.parametrize(
    ("floor", "balance", "available", "limit", "owed"),
    [
        (0, "9.5000", "9.5000", "0.0000", "0.0000"),
        (-20_000_000, "9.5000", "29.5000", "20.0000", "0.0000"),
        (None, None, None, None, "0.0000"),
    ],
)
def test_balance(floor, balance, available, limit, owed):
    made = client(
        ("2027-01-01T00:00:00Z", K.TOPUP, 10_000_000, 0, {}),
        ("2027-01-01T00:00:00Z", K.RESERVE, -500_000, 500_000, {}),
        floor=floor,
    )
    assert made.ask("GET", "/v1/balance").json == {
        "balance": balance,
        "currency": "EUR",
        "available": available,
        "reserved": "0.5000",
        "credit_limit": limit,
        "owed": owed,
    }


def test_a_postpaid_account_sees_what_it_owes():
    made = client(("2027-01-01T00:00:00Z", K.CORRECTION, -1_250_000, 0, {}), floor=None)
    assert made.ask("GET", "/v1/balance").json["owed"] == "1.2500"


def test_a_statement_is_newest_first_with_the_sums_of_the_span():
    made = client(*MONTHS)
    found = made.ask("GET", "/v1/statements?limit=2").json
    assert [entry["reference"] for entry in found["entries"]] == ["pay-2", None]
    assert found["entries"][0] == {
        "id": "9",
        "at": "2027-01-03T08:00:00.000Z",
        "kind": "topup",
        "amount": "5.0000",
        "reserved": "0.0000",
        "balance": "12.3500",
        "messages": 0,
        "parts": 0,
        "message_id": None,
        "reference": "pay-2",
        "note": "",
    }
    sums = {each["kind"]: (each["entries"], each["amount"], each["reserved"]) for each in found["sums"]}
    assert sums == {
        "topup": (2, "15.0000", "0.0000"),
        "reserve": (1, "-3.0000", "3.0000"),
        "charge": (3, "-0.2000", "-2.5000"),
        "refund": (2, "0.6000", "-0.5000"),
        "correction": (1, "-0.0500", "0.0000"),
    }


def test_pages_go_on_where_the_one_before_ended():
    made = client(*MONTHS)
    seen, cursor = [], ""
    while cursor is not None:
        page = made.ask("GET", f"/v1/statements?limit=4{cursor and '&cursor=' + cursor}").json
        seen += [int(entry["id"]) for entry in page["entries"]]
        cursor = page["next_cursor"]
    assert seen == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_a_statement_of_a_span_and_of_kinds():
    made = client(*MONTHS)
    span = "from_date=2026-12-01T00:00:00%2B02:00&to_date=2026-12-07T00:00:00Z".replace("%2B", "+")
    found = made.ask("GET", f"/v1/statements?{span}&kind=charge&kind=refund").json
    assert [entry["id"] for entry in found["entries"]] == ["4", "3"]
    assert [each["kind"] for each in found["sums"]] == ["charge", "refund"]


@pytest.mark.parametrize(
    "query",
    ["kind=gift", "format=xml", "from_date=yesterday", "limit=0", "cursor=x", "format=csv&limit=3", "nothing=1"],
)
def test_bad_queries_are_refused(query):
    assert is_problem(client(*MONTHS).ask("GET", f"/v1/statements?{query}"), 422, "invalid")


def rows(reply):
    assert reply.status == 200 and reply.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(reply.body.decode())))


def test_csv_has_the_whole_span_oldest_first():
    made = client(*MONTHS)
    reply = made.ask("GET", "/v1/statements?format=csv")
    found = rows(reply)
    assert reply.body.split(b"\r\n")[0].decode() == ",".join(COLUMNS)
    assert [row["id"] for row in found] == [str(n) for n in range(1, 10)]
    assert found[0] == {
        "id": "1",
        "at": "2026-11-30T21:59:00.000Z",
        "kind": "topup",
        "amount": "10.0000",
        "reserved": "0.0000",
        "balance": "10.0000",
        "currency": "EUR",
        "messages": "0",
        "parts": "0",
        "message_id": "",
        "reference": "pay-1",
        "note": "card",
    }
    assert found[2]["message_id"] == "77" and found[6]["amount"] == "-0.0500"


@pytest.mark.parametrize("bad", ["=1+1", "+1", "-cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", " =1", "'=1"])
def test_no_cell_is_a_formula(bad):
    made = client(("2027-01-01T00:00:00Z", K.TOPUP, 1, 0, {"reference": bad, "note": bad}))
    [row] = rows(made.ask("GET", "/v1/statements?format=csv"))
    assert row["reference"] == row["note"] == "'" + bad


def test_csv_of_kinds_in_pages_of_the_store():
    made = client()
    for n in range(2500):
        made.store.enter("demo", NOW_MS, K.TOPUP if n % 2 else K.CHARGE, n)
    found = rows(made.ask("GET", "/v1/statements?format=csv&kind=topup"))
    assert len(found) == 1250 and {row["kind"] for row in found} == {"topup"}


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr("smsgwd.northbound.money.MOST_ROWS", 8)
    made = client(*MONTHS)
    assert is_problem(made.ask("GET", "/v1/statements?format=csv"), 422, "invalid", "narrow")
    assert len(rows(made.ask("GET", "/v1/statements?format=csv&kind=charge"))) == 3


def test_orders_are_counted_and_listed():
    found = client(*MONTHS).ask("GET", "/v1/orders?limit=1").json
    assert (found["count"], found["total"], found["currency"]) == (2, "15.0000", "EUR")
    assert found["orders"] == [
        {
            "id": "9",
            "at": "2027-01-03T08:00:00.000Z",
            "amount": "5.0000",
            "balance": "12.3500",
            "reference": "pay-2",
            "note": "",
        }
    ]
    assert found["next_cursor"]


def test_no_orders():
    assert client().ask("GET", "/v1/orders").json == {
        "orders": [], "count": 0, "total": "0.0000", "currency": "EUR", "next_cursor": None,
    }  # fmt: skip


def test_a_bill_for_each_month_of_the_tenants_zone():
    found = client(*MONTHS).ask("GET", "/v1/bills").json
    assert (found["count"], found["next_cursor"]) == (3, None)
    january, december, november = found["bills"]
    assert [bill["month"] for bill in found["bills"]] == ["2027-01", "2026-12", "2026-11"]
    assert [bill["open"] for bill in found["bills"]] == [True, False, False]
    assert december == {
        "month": "2026-12",
        "open": False,
        "from_date": "2026-11-30T22:00:00.000Z",
        "to_date": "2026-12-31T22:00:00.000Z",
        "currency": "EUR",
        "opening_balance": "10.0000",
        "topups": "0.0000",
        "corrections": "-0.0500",
        "charged": "1.1000",
        "refunded": "0.6000",
        "reserved": "1.5000",
        "closing_balance": "7.3500",
        "messages": 1,
        "parts": 2,
    }
    assert november["closing_balance"] == "10.0000"
    assert (january["charged"], january["reserved"], january["closing_balance"]) == ("1.5000", "-1.5000", "12.3500")


def test_months_without_entries_have_bills_too():
    made = client(("2026-10-01T00:00:00+03:00", K.TOPUP, 1_000_000, 0, {}))
    months = made.ask("GET", "/v1/bills?limit=2").json
    assert [bill["month"] for bill in months["bills"]] == ["2027-01", "2026-12"]
    assert (months["count"], months["next_cursor"]) == (4, "2026-12")
    rest = made.ask("GET", "/v1/bills?cursor=2026-12").json
    assert [bill["month"] for bill in rest["bills"]] == ["2026-11", "2026-10"] and rest["next_cursor"] is None
    assert {bill["opening_balance"] for bill in months["bills"]} == {"1.0000"}


def test_no_bills():
    assert client().ask("GET", "/v1/bills").json == {"bills": [], "count": 0, "next_cursor": None}


def test_one_bill():
    made = client(*MONTHS)
    assert made.ask("GET", "/v1/bills/2026-12").json == made.ask("GET", "/v1/bills").json["bills"][1]


@pytest.mark.parametrize("month", ["2026-10", "2027-02", "2026-13", "last", "2026-1", "9999-12"])
def test_no_such_bill(month):
    assert is_problem(client(*MONTHS).ask("GET", f"/v1/bills/{month}"), 404, "no_such")


def test_bad_cursor_of_bills():
    assert is_problem(client(*MONTHS).ask("GET", "/v1/bills?cursor=x"), 422, "invalid")
    assert is_problem(client(*MONTHS).ask("GET", "/v1/bills?limit=61"), 422, "invalid")


def test_a_month_that_is_over_is_summed_once():
    made = client(*MONTHS)
    asked = []
    real = made.store.ledger_sums
    made.store.ledger_sums = lambda *args: asked.append(args) or real(*args)
    first = made.ask("GET", "/v1/bills").body
    assert len(asked) == 3
    assert made.ask("GET", "/v1/bills").body == first
    assert len(asked) == 4  # the open one again


def test_a_store_that_cannot_be_read():
    made = client(*MONTHS)
    made.store.blind = True
    for path in ("/v1/balance", "/v1/statements", "/v1/orders", "/v1/bills", "/v1/bills/2026-12"):
        assert is_problem(made.ask("GET", path), 503, "store_unavailable")


ENTRIES = st.lists(
    st.tuples(
        st.integers(at("2026-07-01T00:00:00Z"), NOW_MS),
        st.sampled_from(["topup", "reserve", "charge", "refund", "lookup", "lookup refund", "correction"]),
        st.integers(1, 10**9),
    ),
    max_size=30,
)
MOVES = {
    "topup": (K.TOPUP, 1, 0),
    "reserve": (K.RESERVE, -1, 1),
    "charge": (K.CHARGE, 0, -1),
    "refund": (K.REFUND, 1, -1),
    "lookup": (K.CHARGE, -1, 0),
    "lookup refund": (K.REFUND, 1, 0),
    "correction": (K.CORRECTION, -1, 0),
}


@settings(max_examples=60, deadline=None)
@given(ENTRIES, st.sampled_from(["UTC", "Europe/Athens", "America/New_York", "Pacific/Kiritimati"]))
def test_bills_add_up(entries, zone):
    made = BusinessClient(Tenant("demo", time_zone=zone))
    for when, what, amount in sorted(entries):
        kind, sign, reserved = MOVES[what]
        made.store.enter("demo", when, kind, sign * amount, reserved * amount)
    bills = made.ask("GET", "/v1/bills").json["bills"]
    newer = None
    for bill in bills:
        figures = {name: Decimal(bill[name]) for name in bill if "." in str(bill[name]) and "date" not in name}
        assert figures["closing_balance"] == (
            figures["opening_balance"] + figures["topups"] + figures["corrections"] - figures["charged"]
            - figures["reserved"]
        )  # fmt: skip
        assert newer is None or newer == figures["closing_balance"]
        newer = figures["opening_balance"]
        begin = datetime.fromisoformat(bill["from_date"]).astimezone(ZoneInfo(zone))
        assert (begin.day, begin.hour, begin.minute) == (1, 0, 0)
    if bills:
        assert newer == 0
        assert Decimal(bills[0]["closing_balance"]) * 1_000_000 == made.store.balance_of("demo")
