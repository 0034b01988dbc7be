"""What one transaction does at once is what several do one after another, and costs no statement too many."""

import random
import sqlite3

import pytest
from msgspec.structs import replace

from smsgwd.model.changes import (
    Fail,
    OptOut,
    OutboxDead,
    OutboxDone,
    OutboxRetry,
    PartSent,
    PutTenant,
    Requeue,
    Submit,
    TakeReceipt,
)
from smsgwd.model.message import Failure, State
from smsgwd.model.receipts import Receipt
from smsgwd.store.embedded import memory as memory_module
from tests.store.samples import EURO, HOUR, NOW, begin_anew, submission, tenant
from tests.store.test_memory import _Bench, _change

_REFUSED = Failure("smsc_rejected", "no such number", 0x0B)
_ALL = "SELECT * FROM message ORDER BY id"


def _sent(message, at=NOW + 5):
    return PartSent(message.id, 1, f"{message.id:X}", "g", "sim", at, latency_ms=7)


def _receipt(message, state=State.DELIVERED):
    return TakeReceipt(Receipt("g", f"{message.id:x}", state, NOW + 900, "WORD", "069", done_at=NOW + 800))


def _steps(messages):
    """Changes of lives that end in different ways, step by step."""
    well, ill, refused, again, waiting = (messages[n::5] for n in range(5))
    yield [Submit("demo", messages, NOW)]
    yield [Requeue(m.id, 0, "sim", NOW + 1, _REFUSED, latency_ms=3) for m in again]
    yield [_sent(m) for m in (*well, *ill, *again)]
    yield [Fail(m.id, 1, "sim", NOW + 6, _REFUSED) for m in refused]
    yield [Requeue(m.id, NOW + HOUR, "sim", NOW + 6, _REFUSED) for m in waiting]
    yield [_receipt(m) for m in (*well, *again)] + [_receipt(m, State.UNDELIVERED) for m in ill]


@pytest.mark.parametrize("count", [5, 15, 350])
def test_a_life_in_one_transaction_leaves_the_same_rows(tmp_path, count):
    messages = submission(count)
    for message in messages:
        message.connector = "sim"
    found = []
    for name in ("apart", "later", "once"):
        bench = _Bench(tmp_path / f"{name}.db")
        steps = list(_steps(messages))
        if name == "apart":
            for step in steps:
                bench.commit(step)
        elif name == "later":  # what was stored before: the usual case of an SMSC whose receipts come at once
            bench.commit(steps[0])
            bench.commit(*steps[1:])
        else:
            bench.commit(*steps)
        bench.check()
        rows = bench.connection.execute(_ALL).fetchall()
        first = min(row[-1] for row in rows if row[-1] is not None)  # pushes are numbered by the time of the start
        owed = bench.connection.execute("SELECT message, id FROM outbox").fetchall()
        assert {row[0]: row[-1] for row in rows if row[-1] is not None} == dict(owed)
        found.append([(*row[:-1], row[-1] and row[-1] - first) for row in rows])
        found.append(bench.connection.execute("SELECT * FROM smsc ORDER BY grp, id").fetchall())
        bench.writer.release()
    assert found[0:2] == found[2:4] == found[4:6]
    states = [row[11] for row in found[0]]
    assert states[:5] == [State.DELIVERED, State.UNDELIVERED, State.REJECTED, State.DELIVERED, State.WAITING]


_FIRST_PUSH = 2 * 10**15  # beyond what a new store begins with


def _bench_with_tenants(path):
    bench = _Bench(path)
    bench.memory.next_outbox = bench.memory.outbox_reserved = _FIRST_PUSH
    bench.commit([PutTenant(tenant(credit=3 * EURO)), PutTenant(tenant("post", credentials=()))])
    return bench


_LEDGER = (
    "SELECT tenant, kind, sum(amount), sum(reserved), sum(messages), sum(parts) FROM ledger GROUP BY tenant, kind"
    " ORDER BY tenant, kind"
)


def _everything(bench):
    """All rows of all tables, but what is about the store itself; of the ledger, whose entries are one a transaction,
    what they add up to."""
    execute = bench.connection.execute
    tables = [name for (name,) in execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        table: sorted(map(repr, execute(f"SELECT * FROM {table}")))
        for table in tables
        if not table.startswith("sqlite_")
    } | {"meta": [], "ledger": execute(_LEDGER).fetchall()}


@pytest.mark.parametrize("seed", range(8))
def test_any_changes_in_one_transaction_leave_what_they_leave_one_by_one(tmp_path, seed):
    chance, changes, results, known = random.Random(seed), [], [], []
    begin_anew()
    bench = _bench_with_tenants(tmp_path / "apart.db")
    for step in range(150):
        change = _change(chance, known, NOW + step * 6000)
        if type(change) in (OutboxDone, OutboxRetry, OutboxDead):  # of a push that there is
            owed = bench.memory.next_outbox - _FIRST_PUSH
            change = replace(change, id=_FIRST_PUSH + (chance.randrange(owed) if owed else -1))
        ((result,),) = bench.commit([change])
        changes.append(change)
        results.append(result)
        if type(change) is Submit:
            known += [each for place, each in enumerate(change.messages) if place not in result.refused]
    rows = _everything(bench)
    bench.writer.release()
    for most in (5, 40, len(changes)):
        bench = _bench_with_tenants(tmp_path / f"{most}.db")
        found = [result for at in range(0, 150, most) for result in bench.commit(changes[at : at + most])[0]]
        assert found == results
        assert _everything(bench) == rows
        bench.check()
        bench.writer.release()


def _looked(bench, message):
    """How often a response had receipts looked up that were parked for it; its message is stored before."""
    bench.commit([Submit("demo", [message], NOW)])
    statements = []
    bench.connection.set_trace_callback(statements.append)
    bench.commit([PartSent(message.id, 1, f"{message.id:X}", "g", message.connector, NOW)])
    bench.connection.set_trace_callback(None)
    return sum("parked_key" in sql for sql in statements)


def test_a_receipt_nobody_claims_costs_other_messages_nothing(tmp_path):
    bench = _Bench(tmp_path / "store.db")
    one, two = submission(2)
    bench.commit([TakeReceipt(Receipt("g", "1234", State.DELIVERED, NOW, msisdn="1"))])
    assert bench.memory.parked == 1
    assert _looked(bench, one) == 0
    bench.memory.load(bench.connection)
    assert _looked(bench, two) == 0
    bench.writer.release()


@pytest.mark.parametrize("how", ["at once", "reopened", "rolled back", "too many"])
def test_a_parked_receipt_is_found_by_its_response(tmp_path, monkeypatch, how):
    trouble = []

    def before_commit():
        if trouble:
            raise trouble.pop()

    bench = _Bench(tmp_path / "store.db", before_commit)
    if how == "too many":
        monkeypatch.setattr(memory_module, "_MOST_KEYS", 3)
    early, other = submission(2)
    early.connector = other.connector = "sim"
    bench.commit([_receipt(early)])
    bench.commit([TakeReceipt(Receipt("g", f"{n}", State.DELIVERED, NOW)) for n in range(4)])
    if how == "reopened":
        bench.writer.release()
        bench = _Bench(tmp_path / "store.db")
    elif how == "rolled back":
        trouble.append(sqlite3.OperationalError("disk I/O error"))
        bench.commit([_receipt(other)])
        assert bench.memory.parked == 5
    (results,) = bench.commit([Submit("demo", [early], NOW), _sent(early, NOW)])
    assert results[1].state == State.DELIVERED
    assert bench.memory.parked == 4
    bench.check()
    bench.writer.release()


def test_what_was_parked_is_forgotten_when_nothing_is_any_more(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_module, "_MOST_KEYS", 1)
    bench = _Bench(tmp_path / "store.db")
    one, two, three = submission(3)
    for message in (one, two):
        message.connector = "sim"
    bench.commit([_receipt(one), _receipt(two)])
    bench.commit([Submit("demo", [one, two], NOW), _sent(one, NOW), _sent(two, NOW)])
    assert bench.memory.parked == 0
    bench.commit([TakeReceipt(Receipt("g", "77", State.DELIVERED, NOW, id_format="same"))])
    assert _looked(bench, three) == 0
    bench.writer.release()


def test_one_look_up_tells_all_recipients_of_a_transaction_from_those_who_have_opted_out(tmp_path):
    bench = _Bench(tmp_path / "store.db")
    messages = submission(30)
    for number, message in enumerate(messages):
        message.msisdn = f"3069100000{number:02}"
    bench.commit([OptOut("demo", messages[n].msisdn, True, NOW, "operator") for n in (3, 4)])
    statements = []
    bench.connection.set_trace_callback(statements.append)
    back = OptOut("demo", messages[4].msisdn, False, NOW, "operator")
    out = OptOut("demo", messages[5].msisdn, True, NOW, "operator")
    outcomes = bench.commit([back, out], *([Submit("demo", [message], NOW)] for message in messages))
    bench.connection.set_trace_callback(None)
    refused = [number for number, (result,) in enumerate(outcomes[1:]) if result.refused]
    assert refused == [3, 5]
    assert sum("optout o" in sql for sql in statements) == 1
    bench.check()
    bench.writer.release()
