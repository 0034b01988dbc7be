"""What the writer remembers is what the store holds, after any changes, failures and evictions."""

import random
import sqlite3

import pytest

from smsgwd.model.business import Reschedule, Unhold
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    KeepMoPart,
    OptOut,
    OutboxDead,
    OutboxDone,
    OutboxRetry,
    OutboxRevive,
    PartSent,
    Promote,
    PutTenant,
    Replace,
    Requeue,
    Reroute,
    Submit,
    TakeMo,
    TakeReceipt,
)
from smsgwd.model.message import HELD, Failure, State
from smsgwd.model.mo import Mo, MoSetKey
from smsgwd.model.operators import Discard, DropFinals, Hold, Repush
from smsgwd.model.receipts import Receipt
from smsgwd.model.upkeep import Rematch, Tidy, TimeOutReceipts
from smsgwd.store.embedded import ledger, pushes, queries, rows, transaction
from smsgwd.store.embedded import memory as memory_module
from smsgwd.store.embedded.account import load_account
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.rows import ROW_COLUMNS, row_from
from smsgwd.store.embedded.writer import SqliteWriter
from smsgwd.store.rows import PartRow
from smsgwd.store.writer import Batch, gap_after
from tests.store.samples import EURO, HOUR, NOW, message, submission, tenant

_BAD = Failure("smsc_rejected", "", 0x0B)


class _Broken(Exception):
    pass


class _Bench:
    """A writer without its thread: transactions run here, one after another."""

    def __init__(self, path, before_commit=None):
        self.reports = []
        self.writer = SqliteWriter(
            path, lambda answer: None, self.reports.append, gap_s=0, most=10**6, before_commit=before_commit
        )
        self.writer.prepare()

    @property
    def memory(self):
        return self.writer._memory

    @property
    def connection(self):
        return self.writer._connection

    def commit(self, *batches):
        """One transaction; the outcome of each batch."""
        del self.reports[:]
        self.writer.transact_now([Batch(place, changes) for place, changes in enumerate(batches)])
        outcomes = dict(pair for report in self.reports for pair in report.outcomes)
        return [outcomes[place] for place in range(len(batches))]

    def check(self):
        """Everything remembered is in the file, and so."""
        execute = self.connection.execute
        for number, row in self.memory.rows.items():
            stored = row_from(execute(f"SELECT {ROW_COLUMNS} FROM message m WHERE id = ?", (number,)).fetchone())
            parts = {p[0]: PartRow(*p) for p in execute(_PARTS, (number,))}
            assert row.touched == 0
            assert row.known is None or row.known == parts
            now = (stored.told.connector, stored.state, stored.told.due_at, stored.told.attempts)
            assert (row.connector, row.state, row.due_at, row.attempts) == now
            for name in ("sent_at", "done_at", "err_code", "err_detail", "err_smpp", "smsc_id", "id", "parts", *_WAYS):
                assert getattr(row, name) == getattr(stored, name), name
            for name in ("tenant", "source", "dest", "msisdn", "price", "dlr_url", "account", "asks", "wire", "payers"):
                assert getattr(row.told, name) == getattr(stored.told, name), name
        for group, ids in self.memory.ids.items():
            for key, place in ids.items():
                found = execute("SELECT message, part FROM smsc WHERE grp = ? AND id = ?", (group, key)).fetchone()
                assert found == place
        for owner, account in self.memory.accounts.items():
            assert account == load_account(self.connection, owner)
        assert execute("SELECT count(*) FROM parked WHERE orphan = 0").fetchone() == (self.memory.parked,)
        for place in execute("SELECT grp, key FROM parked_key JOIN parked ON id = parked WHERE orphan = 0"):
            assert self.memory.may_be_parked(*place)
        listed = {tenant for (tenant,) in execute("SELECT DISTINCT tenant FROM optout")}
        assert listed <= self.memory.opted
        out = set(execute("SELECT tenant, msisdn FROM optout"))
        assert self.memory.listed == {pair: pair in out for pair in self.memory.listed}
        fresh = memory_module.Memory()
        fresh.load(self.connection)
        assert fresh.opted == listed
        assert fresh.next_final <= self.memory.next_final
        owed = queries.outbox_targets(self.connection, True)
        assert self.memory.esmes or not owed


_WAYS = ("latency", "push", "tried", "fallback", "hops")
_PARTS = (
    "SELECT part, smsc_id, state, sent_at, done_at, err_code, err_detail, err_smpp, latency FROM part WHERE message = ?"
    " ORDER BY part"
)


@pytest.mark.parametrize("most", [3, 40, 50_000])
@pytest.mark.parametrize("seed", range(4))
def test_a_random_walk(tmp_path, monkeypatch, seed, most):
    """Transactions fail in between, as for a full disk and for a batch that is wrong in itself."""
    monkeypatch.setattr(memory_module, "_MOST_ROWS", most)
    monkeypatch.setattr(memory_module, "_MOST_IDS", most)
    monkeypatch.setattr(memory_module, "_MOST_KEYS", most)
    monkeypatch.setattr(memory_module, "_MOST_LISTED", most)
    chance = random.Random(seed)
    trouble = []

    def before_commit():
        if trouble:
            raise trouble.pop()

    bench = _Bench(tmp_path / "store.db", before_commit)
    bench.memory.finals = seed % 2 == 1
    bench.commit([PutTenant(tenant(credit=3 * EURO)), PutTenant(tenant("post", credentials=()))])
    known, failed = [], 0
    for step in range(150):
        now = NOW + step * 60_000
        batches = [
            [_change(chance, known, now) for _ in range(chance.randrange(1, 9))] for _ in range(chance.randrange(1, 4))
        ]
        if chance.random() < 0.1:
            trouble.append(sqlite3.OperationalError("database or disk is full"))
        if chance.random() < 0.1:
            batches.insert(chance.randrange(len(batches)), [_change(chance, known, now), object()])
        outcomes = bench.commit(*batches)
        trouble.clear()
        for batch, outcome in zip(batches, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                failed += 1
                continue
            for change, result in zip(batch, outcome, strict=True):
                if type(change) is Submit:
                    known += [m for place, m in enumerate(change.messages) if place not in result.refused]
        bench.check()
        if chance.random() < 0.05:
            bench.memory.load(bench.connection)
    assert failed
    spent = sum(price for (price,) in bench.connection.execute("SELECT price FROM message WHERE tenant = 'demo'"))
    assert ledger.funds(bench.connection, "demo").balance >= 3 * EURO - spent
    assert ledger.compare(bench.connection)[0] == []
    bench.writer.release()


def _change(chance, known, now):
    """Any change, mostly of messages there are; ids of the SMSC are used again now and then."""
    if len(known) < 5 or chance.random() < 0.2:
        esme = chance.random() < 0.6
        owner = chance.choice(("demo", "demo", "post"))
        messages = submission(
            chance.randrange(1, 5),
            tenant=owner,
            parts=chance.choice((1, 1, 1, 2, 3)),
            price=chance.choice((0, 40_000)),
            priority=chance.choice((1, 1, 1, 2)),
            deadline=now + chance.choice((HOUR // 4, 6 * HOUR)),
            state=chance.choice((State.QUEUED, State.QUEUED, State.QUEUED, State.SCHEDULED)),
            due_at=chance.choice((0, 0, now + HOUR // 10, HELD)),
            account="acme" if esme else None,
            asks=chance.choice((0, 1, 2, 3, 0x11)),
            fallback=chance.choice((None, None, "other", "other,third")),
            msisdn=chance.choice(("306912345678", "306912345679")),
        )
        return Submit(owner, messages, now)
    chosen = chance.choice(known)
    part = chance.randrange(1, chosen.parts + 1)
    smsc_id = f"{chosen.id % 97:X}-{part}" if chance.random() < 0.1 else f"{chosen.id:x}-{part}"
    push = chance.randrange(1, 60)
    match chance.randrange(24):
        case 22:
            some = tuple(each.id for each in known[-5:])
            again = Repush(now, (chosen.id, *some)) if chance.random() < 0.7 else Repush(now, (), "", "@acme", NOW, now)
            return chance.choice((again, DropFinals(chance.choice((0, 1 << 62)))))
        case 23:
            some = tuple(each.id for each in known[-4:])
            return chance.choice((Hold(some, now, "looked at"), Discard((chosen.id,), now, "unwanted")))
        case 0 | 1 | 2 | 3 | 4:
            return PartSent(chosen.id, part, smsc_id, "g", chance.choice(("sim", "sim", "other")), now, latency_ms=5)
        case 5 | 6 | 7 | 8:
            state = chance.choice((State.DELIVERED, State.DELIVERED, State.UNDELIVERED, State.UNKNOWN, None))
            return TakeReceipt(Receipt("g", smsc_id, state, now, "STAT", msisdn=chosen.msisdn))
        case 9:
            return Requeue(chosen.id, chance.choice((0, now + 120_000)), "other", now, _BAD)
        case 10:
            return chance.choice((Fail(chosen.id, part, "sim", now, _BAD), Promote(now), Promote(now)))
        case 11:
            return Cancel(chosen.tenant, chosen.id, now)
        case 12:
            return chance.choice((Expire(now, frozenset({chosen.id}), 3), TimeOutReceipts(now, now - HOUR, 3)))
        case 13:
            new = message(id=chosen.id, tenant=chosen.tenant, parts=chance.choice((1, 2)), account="acme", asks=1)
            return Replace(chosen.tenant, new, now)
        case 14:
            return chance.choice((OutboxRetry(push, now, "x"), OutboxDead(push, now, "x"), OutboxRevive("@acme", now)))
        case 18:
            target = chance.choice(("sim", "other", "third"))
            return Requeue(chosen.id, chance.choice((0, now + 120_000)), target, now, _BAD, left="sim", latency_ms=3)
        case 19:
            moves = tuple((each.id, chance.choice(("other", "third"))) for each in known[-6:])
            return Reroute(chance.choice(("sim", "other")), moves, now, "down")
        case 20:
            return chance.choice((Rematch(0, now), Tidy(0, 0, now - 60_000)))
        case 21:
            part = KeepMoPart(MoSetKey("g", "1", "2", 3, 2, 8), chance.choice((1, 2)), Mo("sim", now, "1", "2"))
            owner = chance.choice(("demo", "demo", ""))
            return chance.choice((part, OptOut(owner, "306912345679", chance.random() < 0.4, now, "STOP")))
        case 16:
            move = Reschedule(chosen.tenant, chosen.id, chance.choice((0, now + HOUR // 5)), now, now + 3 * HOUR)
            return chance.choice(
                (move, Unhold(chosen.tenant, chance.choice(("", "3069")), now, chance.random() < 0.5, 3))
            )
        case 15:
            return TakeMo("demo", "acme", (Mo("sim", now, "3069", "4711"),))
        case _:
            return OutboxDone(push, now)


def test_a_message_known_costs_no_reading(tmp_path):
    """Response and receipt of a young message find it in memory; of one forgotten, in the store."""
    bench = _Bench(tmp_path / "store.db")
    bench.commit([PutTenant(tenant(credit=EURO))])
    for remembered in (True, False):
        new = message(account="acme", asks=1)
        bench.commit([Submit("demo", [new], NOW)])
        statements = []
        bench.connection.set_trace_callback(statements.append)
        outcomes = []
        for change in (
            PartSent(new.id, 1, f"A{new.id:x}", "g", "sim", NOW),
            TakeReceipt(Receipt("g", f"a{new.id:x}", State.DELIVERED, NOW)),
        ):
            if not remembered:
                bench.memory.rows.clear()
                bench.memory.ids.clear()
            outcomes += bench.commit([change])
        bench.connection.set_trace_callback(None)
        assert [results[0].state for results in outcomes] == [State.SENT, State.DELIVERED]
        read = [sql for sql in statements if "FROM message m" in sql or "JOIN message m" in sql]
        assert bool(read) is not remembered, read
    assert not bench.memory.rows
    bench.writer.release()


def test_what_is_remembered_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_module, "_MOST_ROWS", 20)
    monkeypatch.setattr(memory_module, "_MOST_IDS", 20)
    bench = _Bench(tmp_path / "store.db")
    messages = submission(100)
    for each in messages:
        bench.commit([Submit("demo", [each], NOW), PartSent(each.id, 1, f"{each.id:x}", "g", "sim", NOW)])
    assert len(bench.memory.rows) <= 21
    assert len(bench.memory.ids["g"]) <= 21
    assert messages[-1].id in bench.memory.rows
    (results,) = bench.commit([TakeReceipt(Receipt("g", f"{m.id:x}", State.DELIVERED, NOW)) for m in messages])
    assert [result.message_id for result in results] == [m.id for m in messages]
    bench.writer.release()


def test_what_waits_for_its_date_is_not_remembered(tmp_path):
    """It stands in the file only, however much: what is open now keeps its place."""
    bench = _Bench(tmp_path / "store.db")
    now, dated, held = message(), submission(3, state=State.SCHEDULED, due_at=NOW + HOUR), message()
    held.state, held.due_at = State.SCHEDULED, HELD
    bench.commit([Submit("demo", [now, *dated, held], NOW)])
    assert list(bench.memory.rows) == [now.id]
    ((promoted,),) = bench.commit([Promote(NOW + HOUR)])
    assert [each.id for each in promoted.messages] == [each.id for each in dated]
    assert list(bench.memory.rows) == [now.id]
    bench.writer.release()


def test_a_caller_may_change_its_message_afterwards(tmp_path):
    """The sending side counts attempts in the object it was given."""
    bench = _Bench(tmp_path / "store.db")
    new = message(connector="sim")
    bench.commit([Submit("demo", [new], NOW)])
    new.connector, new.attempts, new.dest, new.state = "else", 7, "changed", State.DELIVERED
    bench.commit([Requeue(new.id, NOW + 5, "sim", NOW, _BAD)])
    bench.check()
    found = queries.message(bench.connection, "demo", new.id).message
    assert (found.connector, found.attempts, found.dest, found.state) == ("sim", 1, "+30 691 234 5678", State.WAITING)
    bench.writer.release()


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 16, 63, 64, 65, 200])
def test_statements_of_many_rows(count):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x)")
    values = [word for number in range(count) for word in (number, number * 10)]
    assert Many("INSERT INTO t VALUES ", "(?, ?)").run(connection, values) == count
    pairs = [(number, number * 10) for number in range(count)]
    assert connection.execute("SELECT * FROM t ORDER BY id").fetchall() == pairs
    wanted = [*range(0, count, 2), 1000]
    found = Many("SELECT id, x FROM t WHERE id IN (", "?", ")").find(connection, wanted)
    assert sorted(found) == pairs[::2]
    assert Many("DELETE FROM t WHERE id IN (", "?", ")").run(connection, wanted) == len(pairs[::2])


def test_commits_are_further_apart_while_much_comes():
    assert gap_after(0.002, 1) < 0.0021
    assert gap_after(0.002, 50) == pytest.approx(0.0035)
    assert gap_after(0.002, 100) == gap_after(0.002, 4000) == pytest.approx(0.005)
    assert gap_after(0.004, 500) == gap_after(0.005, 500) == pytest.approx(0.005)
    assert gap_after(0.0, 500) == 0.0
    assert gap_after(0.05, 500) == pytest.approx(0.05)


@pytest.mark.parametrize("count", [1, 2, 64])
def test_statements_of_many_rows_look_rows_up_by_their_keys(tmp_path, count):
    """However many rows a statement has, no table is walked."""
    bench = _Bench(tmp_path / "store.db")
    updates = (rows.UPDATE_SENT, rows.UPDATE_FINAL, rows.UPDATE_SENT_FINAL, rows.UPDATE_ROW)
    for many in (*updates, pushes._DONE, pushes._TAKEN, transaction._FIND_ROWS, transaction._FIND_SMSC):
        values = [None] * (count * many._width)
        sql = many._statement(len(values))
        found = [row[3] for row in bench.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert any(line.startswith("SEARCH") for line in found), found
        for line in found:
            assert not line.startswith("SCAN") or line.split()[1] in ("new", "wanted", "w", f"{count}", "CONSTANT"), (
                found
            )
    bench.writer.release()
