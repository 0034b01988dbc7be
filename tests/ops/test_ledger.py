"""`ledger`, `blacklist` and `held`."""

import csv
import io

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.business import Book, Booked, Unhold
from smsgwd.model.changes import Ignored, OptOut, Swept
from smsgwd.model.ledger import EntryKind, Funds, LedgerEntry, LedgerSums
from smsgwd.model.tenant import Tenant
from smsgwd.ops.blacklist import Blacklist
from smsgwd.ops.held import Held
from smsgwd.ops.ledger import Ledger
from smsgwd.ops.registry import CommandError
from smsgwd.ports.store import LedgerFilter, LedgerReport, OptOutEntry, StoreUnavailable
from tests.app.made import message, view
from tests.ops.asking import NOW_MS, Clock, Store, run

TENANTS = {"demo": Tenant("demo", currency="USD")}


def family(store):
    return Ledger(store, Clock(), TENANTS.get)


def test_a_topup_prints_the_new_balance():
    store = Store(Booked(7, 110_500_000))
    shown = run(family(store), "ledger", "topup", tenant="demo", amount="100.50", reference="pay-1", note="bank")
    assert shown == {
        "tenant": "demo", "entry": 7, "kind": "topup", "amount": "100.5000", "balance": "110.5000", "currency": "USD",
    }  # fmt: skip
    assert store.asked == [Book("demo", EntryKind.TOPUP, 100_500_000, NOW_MS, "pay-1", "bank")]


@pytest.mark.parametrize(
    ("params", "checked"),
    [({"amount": "-5"}, True), ({"amount": "-5", "below_limit": "yes"}, False), ({"amount": "5"}, False)],
)
def test_a_correction_keeps_to_the_limit_unless_it_shall_not(params, checked):
    store = Store(Booked(1, 0))
    run(family(store), "ledger", "correct", tenant="demo", **params)
    [change] = store.asked
    assert (change.kind, change.checked, change.reference) == (EntryKind.CORRECTION, checked, None)


@pytest.mark.parametrize(
    ("verb", "params", "answer", "complaint"),
    [
        ("topup", {"amount": "0"}, None, "more than nothing"),
        ("topup", {"amount": "-1"}, None, "more than nothing"),
        ("topup", {"amount": "ten"}, None, "'ten' is no amount"),
        ("topup", {"amount": "1.0000001"}, None, "is no amount"),
        ("correct", {"amount": "0"}, None, "not of nothing"),
        ("topup", {"amount": "1", "tenant": "other"}, None, "there is no tenant other"),
        ("topup", {"amount": "1", "note": "x" * 201}, None, "note is longer than 200"),
        ("topup", {"amount": "1", "reference": "p"}, Ignored("repeated"), "has the reference p already"),
        ("correct", {"amount": "-1"}, Ignored("no_credit"), "below what the tenant may owe"),
        ("topup", {"amount": "1"}, Ignored("no_tenant"), "does not know tenant demo"),
        ("topup", {"amount": "1"}, StoreUnavailable("disk full"), "cannot be used: disk full"),
    ],
)
def test_what_is_not_booked(verb, params, answer, complaint):
    store = Store(*([] if answer is None else [answer]))
    with pytest.raises(CommandError, match=complaint):
        run(family(store), "ledger", verb, **{"tenant": "demo", **params})
    assert bool(store.asked) is (answer is not None)


ENTRIES = [
    LedgerEntry(3, "demo", NOW_MS, EntryKind.TOPUP, 10_000_000, 0, 10_000_000, reference="=1+1", note=" \u00a0@x"),
    LedgerEntry(9, "demo", NOW_MS, EntryKind.RESERVE, -40_000, 40_000, 9_960_000, 1, 1, message_id=77),
]


def test_a_statement():
    store = Store(
        funds=Funds(9_960_000, 40_000, -5_000_000),
        ledger_sums=[
            LedgerSums(EntryKind.TOPUP, 1, 10_000_000, 0, 0, 0),
            LedgerSums(EntryKind.RESERVE, 1, -40_000, 40_000, 1, 1),
        ],
        ledger=ENTRIES[::-1],
    )
    span = {"from": "2026-05-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"}
    shown = run(family(store), "ledger", "statement", tenant="demo", kinds="topup", limit="5", **span)
    assert (shown["balance"], shown["reserved"], shown["available"], shown["currency"]) == (
        "9.9600", "0.0400", "14.9600", "USD",
    )  # fmt: skip
    assert [row["kind"] for row in shown["sums"]] == ["topup"]
    assert [row["id"] for row in shown["entries"]] == [9, 3]
    begin, end = 1_777_593_600_000, 1_780_272_000_000
    assert store.read == [
        ("funds", "demo"),
        ("ledger_sums", "demo", begin, end),
        ("ledger", "demo", LedgerFilter(begin, end, (EntryKind.TOPUP,), True), 0, 5),
    ]
    with pytest.raises(CommandError, match="'bribe' is none of topup"):
        run(family(store), "ledger", "statement", tenant="demo", kinds="bribe")
    with pytest.raises(CommandError, match="to: "):
        run(family(store), "ledger", "statement", tenant="demo", to="yesterday")
    unlimited = Store(funds=Funds(-1, 0, None), ledger_sums=[], ledger=[])
    assert run(family(unlimited), "ledger", "statement", tenant="demo")["available"] == "without limit"


def test_an_export_is_csv_that_no_spreadsheet_runs():
    class Paged(Store):
        def ledger(self, tenant, where, after, limit):
            return succeed([entry for entry in ENTRIES if entry.id > after][:1])

    text = run(family(Paged()), "ledger", "export", tenant="demo")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["id"], row["kind"], row["amount"], row["balance"]) for row in rows] == [
        ("3", "topup", "10.0000", "10.0000"), ("9", "reserve", "-0.0400", "9.9600"),
    ]  # fmt: skip
    assert (rows[0]["reference"], rows[0]["note"], rows[1]["message"]) == ("'=1+1", "' \u00a0@x", "77")
    assert len(run(family(Paged()), "ledger", "export", tenant="demo", limit="1").splitlines()) == 2


def test_the_check():
    store = Store(ledger_check=LedgerReport(("tenant demo: off by one",), 2, 9, 0.12345))
    assert run(family(store), "ledger", "check") == {
        "problems": ["tenant demo: off by one"], "tenants": 2, "entries": 9, "seconds": 0.123,
    }  # fmt: skip


def test_a_second_check_is_told_that_one_is_running():
    class Busy(Store):
        def ledger_check(self):
            return fail(ValueError("a ledger check is running already"))

    with pytest.raises(CommandError, match="running already"):
        run(family(Busy()), "ledger", "check")


def test_the_blacklist():
    store = Store(opt_outs=[OptOutEntry("", "306912345678", NOW_MS, "operator")])
    rows = run(Blacklist(store, Clock()), "blacklist", "list", after="+3069", limit="7")
    assert rows == [{"number": "306912345678", "since": "2026-05-28T20:26:40.000Z", "by": "operator"}]
    assert store.read == [("opt_outs", "", "3069", 7)]


def test_one_number_is_told_as_it_was_read():
    shown = run(Blacklist(Store(True), Clock()), "blacklist", "add", number="6912345678")
    assert shown == {"number": "+6912345678", "numbers": 1, "blacklisted": True, "changed": 1}


class Batches(Store):
    def commit(self, changes):
        self.asked += changes
        return succeed([True] * (len(changes) - 1) + [False])


@pytest.mark.parametrize(("verb", "out"), [("add", True), ("remove", False)])
def test_many_numbers_are_blacklisted_at_once(verb, out):
    store = Batches()
    shown = run(Blacklist(store, Clock()), "blacklist", verb, number="+30 691 234 5678\n00306912345679,306912345678\n")
    assert shown == {"numbers": 2, "blacklisted": out, "changed": 1}
    assert store.asked == [OptOut("", f"30691234567{n}", out, NOW_MS, "operator") for n in (8, 9)]
    for number, complaint in (("", "number: 1 to"), ("306912345678,spam", "^number: ")):
        with pytest.raises(CommandError, match=complaint):
            run(Blacklist(store, Clock()), "blacklist", verb, number=number)
    assert len(store.asked) == 2


def held(store):
    woken, owed = [], []
    return Held(store, Clock(), {"demo"}.__contains__, woken.append, owed.extend), woken, owed


def test_held_messages_are_released_step_by_step_and_the_clock_hears_of_it():
    store = Store(Swept((1, 2), (), True), Swept((3,), (), False))
    family, woken, owed = held(store)
    shown = run(family, "held", "release", tenant="demo", prefix="+3069")
    assert shown == {"tenant": "demo", "prefix": "3069", "released": 3}
    assert store.asked == [Unhold("demo", "3069", NOW_MS)] * 2
    assert (woken, owed) == ([NOW_MS, NOW_MS], [])


def test_held_messages_are_rejected_and_their_tenants_told():
    store = Store(Swept((1,), ("receipt",), False))
    family, woken, owed = held(store)
    assert run(family, "held", "reject", prefix="all") == {"tenant": "all", "prefix": "all", "rejected": 1}
    assert store.asked == [Unhold("", "", NOW_MS, True)]
    assert (woken, owed) == ([], ["receipt"])


def test_held_messages_are_listed_without_their_texts():
    waiting = view(message(5, body=b"a secret text"))
    family, _, _ = held(Store(held=[waiting]))
    [row] = run(family, "held", "list", tenant="demo")
    assert (row["id"], row["to"]) == ("5", "306912345678")
    assert "secret" not in repr(row)
    for params, complaint in (({"prefix": "spam"}, "prefix: digits"), ({"prefix": "30", "tenant": "x"}, "no tenant x")):
        with pytest.raises(CommandError, match=complaint):
            run(family, "held", "release", **params)
