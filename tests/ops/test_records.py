"""Commands about price lists, number plans, senders and contents: what is kept by name."""

import msgspec
import pytest
from twisted.internet.defer import succeed

from smsgwd.model.prices import PriceTable
from smsgwd.model.records import (
    CONTENT_RULE,
    NUMBER_PLAN,
    PRICE_LIST,
    SENDER,
    SENDER_RULE,
    PriceListRecord,
    Sender,
    price_list_key,
)
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ops import plans, prices
from smsgwd.ops.content import Content
from smsgwd.ops.plans import Plans
from smsgwd.ops.prices import Prices
from smsgwd.ops.registry import CommandError
from smsgwd.ops.senders import Senders
from smsgwd.ports.store import StoreUnavailable
from tests.ops.asking import NOW_MS, Clock, run
from tests.ops.kept import Records

CSV = "prefix,price\n30,0.0350\n3069,0.03\n*,0.05\nmcc:20201,0.0290\n"
REFUSED = Refused(Refusal.INVALID, "that cannot be compiled")


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch):
    for module in (prices, plans):
        monkeypatch.setattr(module, "deferToThread", lambda call: succeed(call()))


def test_price_lists():
    records = Records()
    family = Prices(records, Clock())
    imported = run(family, "price", "import", name="retail", csv=CSV)
    assert imported == {
        "name": "retail", "currency": "EUR", "valid_from": "2026-05-28T20:26:40.000Z", "rates": 4,
    }  # fmt: skip
    run(family, "price", "import", name="retail", csv="prefix,price\n30,0.04\n", valid_from="2027-01-01T00:00:00Z")
    run(
        family,
        "price",
        "import",
        name="retail2",
        csv="prefix,price\n*,1\n",
        currency="USD",
        valid_from="2020-01-01T00:00:00Z",
    )
    value = records.rows[PRICE_LIST, "", price_list_key("retail", NOW_MS)].value
    table = PriceTable(msgspec.json.decode(value, type=PriceListRecord).rates)
    assert (table.price("306912345678"), table.price("306912345678", "20201"), table.price("49")) == (
        30_000,
        29_000,
        50_000,
    )
    rows = run(family, "price", "list")
    assert [(row["name"], row["valid_from"][:4], row["in_effect"], row["rates"]) for row in rows] == [
        ("retail", "2026", True, 4), ("retail", "2027", False, 1), ("retail2", "2020", True, 1),
    ]  # fmt: skip
    shown = run(family, "price", "show", name="retail", prefix="30")
    assert shown["shown"] == [{"prefix": "30", "price": "0.0350"}, {"prefix": "3069", "price": "0.0300"}]
    later = run(family, "price", "show", name="retail", valid_from="2027-01-01T00:00:00Z")
    assert later["shown"] == [{"prefix": "30", "price": "0.0400"}]
    exported = run(family, "price", "export", name="retail")
    run(family, "price", "import", name="copy", csv=exported)
    assert run(family, "price", "export", name="copy") == exported
    assert run(family, "price", "drop", name="retail", valid_from="2027-01-01T00:00:00Z")["dropped"] == 1
    assert run(family, "price", "drop", name="retail") == {"name": "retail", "dropped": 1}
    assert {row["name"] for row in run(family, "price", "list")} == {"retail2", "copy"}
    assert {kind for kind, _, _ in records.rows} == {PRICE_LIST}


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"name": "a b", "csv": CSV}, "name: letters"),
        ({"name": "a@1", "csv": CSV}, "name: letters"),
        ({"name": "a", "csv": "x"}, "csv: .*price"),
        ({"name": "a", "csv": "prefix,price\n30,x\n31,0.01\nab,1\n"}, "csv: .*line 2.*line 4"),
        ({"name": "a", "csv": "prefix,price\n"}, "csv: there is no line"),
        ({"name": "a", "csv": CSV, "currency": "euro"}, "currency must be three letters"),
        ({"name": "a", "csv": CSV, "valid_from": "tomorrow"}, "valid_from: "),
    ],
)
def test_price_lists_that_are_none(params, complaint):
    records = Records()
    with pytest.raises(CommandError, match=f"(?s){complaint}"):
        run(Prices(records, Clock()), "price", "import", **params)
    assert not records.rows


def test_a_price_list_has_one_currency():
    family = Prices(Records(), Clock())
    run(family, "price", "import", name="a", csv=CSV, currency="USD")
    assert run(family, "price", "import", name="a", csv=CSV)["currency"] == "USD"
    assert run(family, "price", "import", name="b", csv=CSV)["currency"] == "EUR"
    with pytest.raises(CommandError, match="currency: the price list a is in USD"):
        run(family, "price", "import", name="a", csv=CSV, currency="EUR", valid_from="2027-01-01T00:00:00Z")


def test_price_lists_that_are_not_there():
    family = Prices(Records(), Clock())
    for verb in ("show", "drop", "export"):
        with pytest.raises(CommandError, match="there is no"):
            run(family, "price", verb, name="none")
    run(family, "price", "import", name="later", csv=CSV, valid_from="2027-01-01T00:00:00Z")
    with pytest.raises(CommandError, match="not in effect yet"):
        run(family, "price", "show", name="later")
    with pytest.raises(CommandError, match="no version that begins then"):
        run(family, "price", "show", name="later", valid_from="2028-01-01T00:00:00Z")


def test_number_plans():
    records = Records()
    family = Plans(records)
    text = "prefix,country,mcc,mnc,operator\n30690,GR,202,01,Cosmote\n30694,GR,202,05,Vodafone\n"
    assert run(family, "plan", "import", name="gr", csv=text) == {"name": "gr", "ranges": 2}
    [row] = run(family, "plan", "list")
    assert (row["name"], row["ranges"]) == ("gr", 2)
    assert run(family, "plan", "export", name="gr").splitlines()[1] == "30690,GR,202,01,Cosmote"
    assert [key[0] for key in records.rows] == [NUMBER_PLAN]
    assert run(family, "plan", "drop", name="gr") == {"name": "gr", "dropped": True}
    for verb in ("drop", "export"):
        with pytest.raises(CommandError, match="there is no number plan gr"):
            run(family, "plan", verb, name="gr")
    for name, csv, complaint in (
        ("gr", "a,b\n", "csv: "),
        ("g r", text, "name: "),
        ("gr", "prefix,mcc\n", "there is no line"),
    ):
        with pytest.raises(CommandError, match=complaint):
            run(family, "plan", "import", name=name, csv=csv)


def asked(records, tenant, name, **members):
    sender = Sender(name, requested_at=1_700_000_000_000, details={"company": "Shop Ltd"}, **members)
    records.put(SENDER, tenant, name, msgspec.json.encode(sender))


def test_senders_are_decided():
    records = Records()
    family = Senders(records, Clock(), {"demo", "shop"}.__contains__)
    asked(records, "demo", "Shop")
    asked(records, "demo", "Bank")
    asked(records, "shop", "Shop")
    assert [(row["tenant"], row["name"]) for row in run(family, "sender", "list")] == [
        ("demo", "Bank"), ("demo", "Shop"), ("shop", "Shop"),
    ]  # fmt: skip
    assert run(family, "sender", "approve", tenant="demo", name="Shop")["status"] == "approved"
    refused = run(family, "sender", "refuse", tenant="demo", name="Bank", reason="not yours")
    assert (refused["status"], refused["reason"], refused["decided"]) == (
        "refused",
        "not yours",
        "2026-05-28T20:26:40.000Z",
    )
    assert [row["name"] for row in run(family, "sender", "list", tenant="demo", status="approved")] == ["Shop"]
    assert [row["tenant"] for row in run(family, "sender", "list", status="requested")] == ["shop"]
    assert len(run(family, "sender", "list", limit="2")) == 2
    shown = run(family, "sender", "show", tenant="demo", name="Shop")
    assert (shown["status"], shown["details"], shown["reason"]) == ("approved", {"company": "Shop Ltd"}, "")
    stored = msgspec.json.decode(records.rows[SENDER, "demo", "Shop"].value, type=Sender)
    assert (stored.status, stored.requested_at) == ("approved", 1_700_000_000_000)
    for verb in ("approve", "refuse", "show"):
        with pytest.raises(CommandError, match="did not ask for the sender Other"):
            run(family, "sender", verb, tenant="demo", name="Other")
        with pytest.raises(CommandError, match="there is no tenant nobody"):
            run(family, "sender", verb, tenant="nobody", name="Shop")
    with pytest.raises(CommandError, match="status must be one of requested, approved, refused"):
        run(family, "sender", "list", status="new")


def test_rules_of_countries():
    records = Records()
    family = Senders(records, Clock(), bool)
    kept = run(family, "senderrule", "put", where="GB", alphanumeric="substitute", substitute="447700900000")
    assert kept == {
        "where": "GB", "alphanumeric": "substitute", "numeric": "allowed", "substitute": "447700900000",
        "registered_only": False,
    }  # fmt: skip
    run(family, "senderrule", "put", where="+1", alphanumeric="refuse", registered_only="yes")
    assert run(family, "senderrule", "list")[1] == kept
    assert [key for kind, _, key in sorted(records.rows)] == ["1", "GB"] and {k[0] for k in records.rows} == {
        SENDER_RULE
    }
    assert run(family, "senderrule", "drop", where="GB")["dropped"]
    with pytest.raises(CommandError, match="no sender rule for GB"):
        run(family, "senderrule", "drop", where="GB")
    for params, complaint in (
        ({"where": "Britain"}, "where: a country"),
        ({"where": "GB", "numeric": "no"}, "numeric must be one of"),
        ({"where": "GB", "numeric": "substitute"}, "substitute: say which"),
        ({"where": "GB", "registered_only": "maybe"}, "must be yes or no"),
    ):
        with pytest.raises(CommandError, match=complaint):
            run(family, "senderrule", "put", **params)


def test_contents():
    records = Records()
    family = Content(records)
    assert run(family, "content", "put", name="casino", pattern="casino|jackpot") == {
        "name": "casino", "pattern": "casino|jackpot", "tenants": "all",
    }  # fmt: skip
    run(family, "content", "put", name="bank", pattern="bank", tenants="demo, shop")
    assert [(row["name"], row["tenants"]) for row in run(family, "content", "list")] == [
        ("bank", "demo, shop"), ("casino", "all"),
    ]  # fmt: skip
    assert {kind for kind, _, _ in records.rows} == {CONTENT_RULE}
    assert run(family, "content", "drop", name="bank")["dropped"]
    with pytest.raises(CommandError, match="there is no rule bank"):
        run(family, "content", "drop", name="bank")
    with pytest.raises(CommandError, match="empty one matches every text"):
        run(family, "content", "put", name="a", pattern="")
    with pytest.raises(CommandError, match="name: letters"):
        run(family, "content", "put", name="a/b", pattern="x")


@pytest.mark.parametrize(
    ("make", "noun", "verb", "params"),
    [
        (lambda records: Prices(records, Clock()), "price", "import", {"name": "a", "csv": CSV}),
        (Plans, "plan", "import", {"name": "a", "csv": "prefix,country\n30,GR\n"}),
        (lambda records: Senders(records, Clock(), bool), "senderrule", "put", {"where": "GB"}),
        (Content, "content", "put", {"name": "a", "pattern": "("}),
        (Content, "content", "drop", {"name": "a"}),
    ],
)
def test_what_the_gateway_refuses_is_told(make, noun, verb, params):
    with pytest.raises(CommandError, match="that cannot be compiled"):
        run(make(Records(REFUSED)), noun, verb, **params)
    with pytest.raises(CommandError, match="the store cannot be used: disk full"):
        run(make(Records(StoreUnavailable("disk full"))), noun, verb, **params)


def test_a_list_that_tenants_pay_by_is_not_dropped_from_under_them():
    users = {"retail": ["kiosk", *(f"shop-{each}" for each in range(6))]}
    family = Prices(Records(), Clock(), lambda name: users.get(name, ()))
    run(family, "price", "import", name="retail", csv=CSV, valid_from="2025-01-01")
    run(family, "price", "import", name="retail", csv=CSV, valid_from="2026-01-01")
    run(family, "price", "import", name="retail", csv=CSV, valid_from="2027-01-01")
    assert run(family, "price", "drop", name="retail", valid_from="2025-01-01")["dropped"] == 1
    for params in ({}, {"valid_from": "2026-01-01T00:00:00Z"}):
        with pytest.raises(CommandError, match=r"^kiosk, shop-0, .* and others would be left without prices"):
            run(family, "price", "drop", name="retail", **params)
    assert len(run(family, "price", "list")) == 2
    users.clear()
    assert run(family, "price", "drop", name="retail")["dropped"] == 2


def test_a_table_of_one_line_is_taken_for_the_name_of_a_file():
    for family, noun in ((Prices(Records(), Clock()), "price"), (Plans(Records()), "plan")):
        with pytest.raises(CommandError, match="csv=@FILE reads a file"):
            run(family, noun, "import", name="retail", csv="retail.csv")


def test_rules_are_about_tenants_and_countries_there_are():
    with pytest.raises(CommandError, match=r"there is no tenant nobody$"):
        run(Content(Records(), {"shop"}.__contains__), "content", "put", name="a", pattern="x", tenants="shop,nobody")
    with pytest.raises(CommandError, match="where: a country such as GB"):
        run(Senders(Records(), Clock(), bool), "senderrule", "put", where="XX")
