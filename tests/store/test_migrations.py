import sqlite3

import msgspec
import pytest

from smsgwd.model.changes import Cancel, OutboxDone
from smsgwd.model.ledger import EntryKind, Funds
from smsgwd.model.message import State
from smsgwd.model.operators import Repush, Repushed
from smsgwd.model.tally import Tally
from smsgwd.model.tenant import Credential
from smsgwd.model.upkeep import TimeOutReceipts
from smsgwd.ports.store import LedgerFilter
from smsgwd.store.embedded import business, history, ledger, migrations, queries, trace
from smsgwd.store.embedded.apply.table import apply
from smsgwd.store.embedded.connection import open_writer
from smsgwd.store.embedded.errors import environmental
from smsgwd.store.embedded.memory import Memory
from smsgwd.store.embedded.migrations import MIGRATIONS, migrate
from smsgwd.store.embedded.recount import COUNTS, NUMBERS
from smsgwd.store.embedded.work import Work
from smsgwd.store.writer import CannotOpen
from tests.store.samples import message, submit


@pytest.fixture
def connection():
    found = sqlite3.connect(":memory:", isolation_level=None)
    yield found
    found.close()


def _version(connection):
    return connection.execute("PRAGMA user_version").fetchone()[0]


def test_a_new_file_gets_every_table(connection):
    assert migrate(connection) == len(MIGRATIONS)
    assert _version(connection) == len(MIGRATIONS)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"message", "part", "smsc", "parked", "outbox", "event", "idempotency", "tenant", "credential"} <= names
    assert migrate(connection) == 0


def test_an_older_file_takes_the_missing_steps_and_keeps_its_rows(connection):
    migrate(connection)
    connection.execute("INSERT INTO tenant (id, floor, record) VALUES ('demo', 5, x'7b7d')")

    def add(connection):
        connection.execute("ALTER TABLE tenant ADD COLUMN note TEXT NOT NULL DEFAULT 'new'")

    assert migrate(connection, (*MIGRATIONS, add)) == 1
    assert _version(connection) == len(MIGRATIONS) + 1
    assert connection.execute("SELECT id, floor, note FROM tenant").fetchall() == [("demo", 5, "new")]


def test_a_file_of_version_1_is_used_on(connection):
    """Rows of a store before there were ESMEs."""
    migrate(connection, MIGRATIONS[:1])
    connection.execute(
        "INSERT INTO message VALUES (7, 6, 'demo', 'iSMS', '+30', '30', 0, 1, 'sim', 1, 9, 10, 0, -1, 0, 40, 0, NULL,"
        " 'https://t.example/', 2, 3, NULL, NULL, NULL, 'A1', x'41')"
    )
    connection.execute(
        "INSERT INTO outbox (id, message, target, tenant, url, type, created_at, due_at)"
        " VALUES (5, 7, 'demo https://t.example', 'demo', 'https://t.example/', 'message.delivered', 3, 3)"
    )
    connection.execute("INSERT INTO tenant VALUES ('demo', 5, x'7b226964223a2264656d6f227d')")
    connection.execute("INSERT INTO credential VALUES ('smpp', 'demo', 'demo', 'h', 8)")
    assert migrate(connection) == len(MIGRATIONS) - 1
    found = queries.message(connection, "demo", 7)
    assert (found.message.body, found.message.state, found.smsc_id) == (b"A", State.DELIVERED, "A1")
    assert (found.message.account, found.message.asks, found.message.wire) == (None, 0, None)
    (item,) = queries.outbox(connection, "demo https://t.example", None, 9)
    assert (item.id, item.message_id, item.wire, item.payload) == (5, 7, None, None)
    (tenant,) = business.tenants(connection)
    assert tenant.credentials == (Credential("smpp", "demo", "h", 8),)
    work = Work(connection, Memory())
    work.memory.load(connection)
    apply(work, [submit(message(id=8, account="acme", asks=1, price=0)), Cancel("demo", 8, 5), OutboxDone(5, 6)])
    work.finish()
    assert queries.message(connection, "demo", 8).message.account == "acme"
    assert [each.message_id for each in queries.outbox(connection, "@acme", None, 9)] == [8]


def test_a_file_of_version_3_gets_a_ledger(connection):
    """Prepaid tenants keep their balance; all get what their open messages cost as reserved, and settle it as ever."""
    migrate(connection, MIGRATIONS[:3])
    for name, balance in (("demo", 100_000), ("post", None), ("idle", 0), ("new", None)):
        record = msgspec.json.encode({"id": name, "credit": balance})
        connection.execute("INSERT INTO tenant VALUES (?, ?, ?)", (name, balance, record))
    for number, owner, state in ((7, "demo", 2), (8, "demo", 3), (9, "demo", 10), (17, "post", 2), (18, "post", 3)):
        connection.execute(
            "INSERT INTO message (id, submission, tenant, source, dest, msisdn, coding, parts, connector, submitted_at,"
            " deadline, state, due_at, rank, flash, price, attempts, sent_at, body)"
            " VALUES (?, 6, ?, 'iSMS', '+30', '30', 0, 1, 'sim', 1, 9, ?, 0, -1, 0, 40000, 0, ?, x'41')",
            (number, owner, state, None if state == 2 else 5),
        )
    migrate(connection)
    assert [ledger.funds(connection, name) for name in ("demo", "post", "idle", "new", "nobody")] == [
        Funds(100_000, 80_000, 0),
        Funds(-80_000, 80_000, None),
        Funds(0, 0, 0),
        Funds(0, 0, None),
        None,
    ]
    assert ledger.compare(connection) == ([], 4, 2)
    opening = ledger.ledger(connection, "post", LedgerFilter(), 0, 10)
    assert [(each.kind, each.amount, each.reserved, each.note) for each in opening] == [
        (EntryKind.CORRECTION, -80_000, 80_000, "opening balance")
    ]
    assert ledger.ledger(connection, "post", LedgerFilter(from_ms=opening[0].at), 0, 10) == opening
    work = Work(connection, Memory())
    work.memory.load(connection)
    apply(work, [Cancel("demo", 7, 5), Cancel("post", 17, 5), TimeOutReceipts(5000, 10)])
    work.finish()
    assert ledger.funds(connection, "demo") == Funds(140_000, 0, 0)
    assert ledger.funds(connection, "post") == Funds(-40_000, 0, None)
    assert ledger.compare(connection)[0] == []


def test_a_file_of_version_4_gets_counts_and_numbers(connection):
    """Messages are numbered as their ids go, whatever is there is counted, and both go on from there."""
    migrate(connection, MIGRATIONS[:4])
    connection.execute("INSERT INTO tenant VALUES ('demo', 0, x'7b226964223a2264656d6f227d')")
    states = [0, 2, 3, 10, 10, 11, 12, 13, 14, 15]
    for number in range(200):
        owner, state = ("demo", "other")[number % 4 == 3], states[number % 10]
        connection.execute(
            "INSERT INTO message (id, submission, tenant, source, dest, msisdn, coding, parts, connector, submitted_at,"
            " deadline, state, due_at, rank, flash, price, attempts, sent_at, done_at, body)"
            " VALUES (?, 6, ?, 'iSMS', '+30', '30', 0, 1, 'sim', ?, 9, ?, 0, -1, 0, 0, 0, ?, ?, x'41')",
            (1000 + 5 * number, owner, number, state, 5 if state > 2 else None, 5 if state > 9 else None),
        )
    for kind, owner, key in (("contact", "demo", "1"), ("contact", "demo", "2"), ("template", "other", "t")):
        connection.execute("INSERT INTO record VALUES (?, ?, ?, 1, x'7b7d')", (kind, owner, key))
    connection.execute("INSERT INTO ledger (id, tenant, at, kind, amount, reserved, balance, held)"
                       " VALUES (1, 'demo', 1, 1, 5, 0, 5, 0), (2, 'demo', 1, 5, 1, 0, 6, 0)")  # fmt: skip
    assert migrate(connection) == len(MIGRATIONS) - 4
    wrong = [(meaning, found) for meaning, sql in (*COUNTS, *NUMBERS) if (found := connection.execute(sql).fetchall())]
    assert wrong == []
    mine = [n for n in range(200) if n % 4 != 3]
    count = [states[n % 10] for n in mine].count
    assert history.tally(connection, "demo") == Tally(
        accepted=len(mine), scheduled=count(0), delivered=count(10), cancelled=count(14),
        failed=count(11) + count(12) + count(13) + count(15), contacts=2, orders=1,
    )  # fmt: skip
    page = history.history(connection, "demo", 0, 1000, 0, 1000)
    assert [(each.number, each.view.message.id) for each in page] == [(n + 1, 1000 + 5 * m) for n, m in enumerate(mine)]
    assert [each.number for each in history.history(connection, "demo", 100, 150, 10, 3)] == [86, 87, 88]
    work = Work(connection, Memory())
    work.memory.load(connection)
    apply(work, [submit(message(id=5000, price=0)), submit(message(id=5001, tenant="new", price=0))])
    work.finish()
    assert [each.number for each in history.history(connection, "demo", 0, 1 << 60, len(mine), 9)] == [len(mine) + 1]
    assert [sql for _, sql in (*COUNTS, *NUMBERS) if connection.execute(sql).fetchone()] == []


def test_a_file_of_version_5_is_used_on(connection):
    """What ended before its push was entered is still found with it."""
    migrate(connection, MIGRATIONS[:5])
    url = "https://t.example/"
    for number in range(7, 10):
        connection.execute(
            "INSERT INTO message (id, submission, tenant, source, dest, msisdn, coding, parts, connector, submitted_at,"
            " deadline, state, due_at, rank, flash, price, attempts, dlr_url, sent_at, done_at, smsc_id, body)"
            " VALUES (?, 6, 'demo', 'iSMS', '+30', '30', 0, 1, 'sim', 1, 9, 10, 0, -1, 0, 0, 0, ?, 2, ?, 'A1', x'41')",
            (number, url, number * 1_000_000),
        )
        connection.execute(
            "INSERT INTO outbox (id, message, target, tenant, url, type, created_at, due_at, status, done_at)"
            " VALUES (?, ?, 'demo https://t.example', 'demo', ?, 'message.delivered', ?, 3, 1, 5)",
            (number - 5, number, url, number * 1_000_000 + 30_000),
        )
    heard = []
    assert migrate(connection, told=lambda *step: heard.append(step)) == len(MIGRATIONS) - 5
    assert heard[0] == (0, len(MIGRATIONS) - 5, "migrating: version 6: audit, what ended, where receipts are owed")
    assert [push.id for push in trace.trace(connection, 8).pushes] == [3]
    work = Work(connection, Memory())
    work.memory.load(connection)
    assert apply(work, [Repush(9, (8,))]) == [Repushed(1, ("demo https://t.example",))]
    work.finish()
    assert [push.status for push in trace.trace(connection, 8).pushes] == ["pending"]
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (3,)


def test_a_step_that_fails_changes_nothing(connection):
    migrate(connection)

    def half(connection):
        connection.execute("CREATE TABLE extra (x)")
        connection.execute("CREATE TABLE tenant (x)")

    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, (*MIGRATIONS, half))
    assert _version(connection) == len(MIGRATIONS)
    assert not connection.in_transaction
    assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'extra'").fetchone() is None


def test_a_file_of_a_newer_version_is_refused(connection):
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(CannotOpen, match="written by a newer version"):
        migrate(connection)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_migrations_are_only_ever_added():
    """A released step must stay as it was; this list grows at its end."""
    assert [step.__name__ for step in MIGRATIONS][:2] == ["_create", "_esmes"]
    assert MIGRATIONS is migrations.MIGRATIONS


def test_queries_of_the_hot_path_use_their_indexes(connection):
    migrate(connection)
    plans = [
        (
            "message_ready",
            "SELECT id FROM message m WHERE m.connector = 'a' AND m.state = 2 AND (m.rank, m.id) > (1, 2)"
            " ORDER BY m.rank, m.id LIMIT 5",
        ),
        ("message_due", "SELECT id FROM message WHERE state < 2 AND due_at <= 5 ORDER BY due_at, id LIMIT 5"),
        ("message_open", "SELECT id FROM message WHERE state = 3 AND state < 10 AND deadline < 7 ORDER BY deadline"),
        (
            "outbox_pending",
            "SELECT id FROM outbox WHERE target = 'x' AND status = 0 AND (due_at, id) > (1, 2)"
            " ORDER BY due_at, id LIMIT 5",
        ),
        ("outbox_done", "SELECT id FROM outbox WHERE status = 1 AND done_at < 5 ORDER BY done_at LIMIT 5"),
        (
            "message_tenant",
            "SELECT * FROM message INDEXED BY message_tenant WHERE tenant = 'a' AND id < 5"
            " AND state IN (2) ORDER BY id DESC LIMIT 5",
        ),
        (
            "outbox_pending",
            "SELECT target, count(*), min(due_at) FROM outbox WHERE status = 0 AND target >= '@' AND target < 'A'"
            " GROUP BY target ORDER BY target",
        ),
    ]
    for index, sql in plans:
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))
        assert index in plan, (index, plan)
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan, (index, plan)


def test_what_has_not_left_is_found_without_a_walk_through_history(connection):
    migrate(connection)
    statements = []
    connection.set_trace_callback(statements.append)
    assert queries.unsent(connection, "demo", "iSMS", "30", 5) == []
    connection.set_trace_callback(None)
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[-1]}"))
    assert "SEARCH n USING INDEX message_open (state=?)" in plan, plan


def test_a_sqlite_that_is_too_old_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 32, 3))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.32.3")
    with pytest.raises(sqlite3.NotSupportedError, match=r"3\.32\.3 is too old"):
        open_writer(tmp_path / "store.db")


def test_whose_fault_an_error_is(connection):
    for sql in ("SELEC", "SELECT * FROM nothing"):
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute(sql)
        assert not environmental(caught.value)
    connection.execute("CREATE TABLE t (x UNIQUE)")
    connection.execute("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    assert environmental(caught.value)
    connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError) as integrity:
        connection.execute("INSERT INTO t VALUES (1)")
    assert not environmental(integrity.value)
    assert environmental(OSError(28, "No space left on device"))
    assert environmental(sqlite3.OperationalError("disk I/O error"))
    assert not environmental(ValueError("x"))
