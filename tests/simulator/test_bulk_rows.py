"""Rows multiplied in SQL: everything that belongs to a message goes with it, each with its own number, id and time."""

import sqlite3
from contextlib import closing

import pytest

from smsgwd.model.ids import time_of
from smsgwd.model.message import State
from smsgwd.simulator.bulk_rows import Bulk, fill, loading, pattern_in

BEGIN = 1_790_000_000_000
AGES = range(BEGIN, BEGIN + 100_000)


@pytest.fixture
def store(tmp_path):
    """A store's file as far as this knows it: a delivered message that was pushed, and a queued one."""
    file = tmp_path / "store.db"
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(
            "CREATE TABLE message (id INTEGER PRIMARY KEY, submission, tenant, dest, msisdn, parts, submitted_at,"
            " deadline, state, rank, sent_at, done_at, smsc_id, body)"
        )
        connection.execute("CREATE TABLE smsc (grp, id, message, part, PRIMARY KEY (grp, id))")
        connection.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, message, url, created_at, done_at)")
        connection.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, message, at, type)")
        connection.executemany(
            "INSERT INTO message VALUES (?, ?, ?, '+3069000000000', '3069000000000', 1, 100, 1100, ?, -1, ?, ?, ?, ?)",
            [
                (7, 6, "a", int(State.DELIVERED), 105, 109, "0000000004", b"Message 00000000"),
                (9, 8, "b", int(State.QUEUED), None, None, None, "Γειά".encode()),
            ],
        )
        connection.execute("INSERT INTO smsc VALUES ('g', '4', 7, 1)")
        connection.execute("INSERT INTO outbox VALUES (1795309452453682, 7, 'http://x', 109, 110)")
        connection.execute("INSERT INTO event VALUES (1, 7, 104, 'retry')")
    connection.close()
    return file


def _rows(file, query, *values):
    connection = sqlite3.connect(file)
    found = connection.execute(query, values).fetchall()
    connection.close()
    return found


def test_a_finished_message_goes_with_all_that_belongs_to_it(store):
    told = []
    with loading(store) as connection:
        bulk = Bulk(numbers=range(500, 700), ages_ms=AGES, first_smsc_id=1_000, pushes_from_ms=BEGIN + 50_000)
        fill(connection, [pattern_in(store, "a", State.DELIVERED)], bulk, lambda done, of: told.append((done, of)))
    rows = _rows(
        store,
        "SELECT id, submission, dest, msisdn, submitted_at, deadline, sent_at, done_at, smsc_id, body, rank, tenant"
        " FROM message WHERE id > 9 ORDER BY id",
    )
    assert len(rows) == 200 and told[-1] == (200, 200) and len(told) > 10
    for place, row in enumerate(rows):
        at, digits = BEGIN + 500 * place, f"{500 + place:08d}"
        assert row[0] == row[1] + 1 and time_of(row[0]) == at
        assert row[2:] == (
            f"+30690{digits}", f"30690{digits}", at, at + 1000, at, at, str(1000 + place),
            b"Message " + digits.encode(), -1, "a",
        )  # fmt: skip
    ids = [row[0] for row in rows]
    smsc = _rows(store, "SELECT grp, id, message, part FROM smsc WHERE message > 9 ORDER BY message")
    assert smsc == [("g", str(1000 + place), ids[place], 1) for place in range(200)]
    assert _rows(store, "SELECT message, at FROM event WHERE message > 9 ORDER BY id") == [
        (row[0], row[4]) for row in rows
    ]
    pushed = _rows(store, "SELECT message, url, created_at, done_at, id FROM outbox WHERE message > 9 ORDER BY id")
    assert [row[:4] for row in pushed] == [(row[0], "http://x", row[4], row[4]) for row in rows[100:]]
    assert max(row[4] for row in pushed) < 1795309452453682
    assert _rows(store, "PRAGMA journal_mode") == [("wal",)] and _rows(store, "PRAGMA integrity_check") == [("ok",)]


def test_a_queued_message_stays_queued_and_valid(store):
    with loading(store) as connection:
        pattern = pattern_in(store, "b", State.QUEUED)
        fill(connection, [pattern], Bulk(numbers=range(100), ages_ms=AGES, priorities=True))
    rows = _rows(store, "SELECT state, deadline, done_at, smsc_id, rank, body FROM message WHERE id > 9")
    assert {row[:4] for row in rows} == {(int(State.QUEUED), 1100, None, None)}
    assert {row[4] for row in rows} == {0, -1, -2, -3} and {row[5] for row in rows} == {"Γειά".encode()}


def test_patterns_take_turns(store):
    with loading(store) as connection:
        patterns = [pattern_in(store, "a", State.DELIVERED), pattern_in(store, "b", State.QUEUED)]
        fill(connection, patterns, Bulk(numbers=range(1000), ages_ms=AGES))
    assert _rows(store, "SELECT tenant, count(*) FROM message WHERE id > 9 GROUP BY tenant") == [("a", 500), ("b", 500)]


def test_drawn_ids_are_in_no_order_and_all_differ(store):
    with loading(store) as connection:
        fill(
            connection,
            [pattern_in(store, "a", State.DELIVERED)],
            Bulk(numbers=range(500), ages_ms=AGES, drawn_ids=True),
        )
    ids = [key for (key,) in _rows(store, "SELECT id FROM smsc WHERE message > 9 ORDER BY message")]
    assert len(set(ids)) == 500 and ids != sorted(ids)
    assert ids == [key for (key,) in _rows(store, "SELECT smsc_id FROM message WHERE id > 9 ORDER BY id")]


def test_two_nodes_have_ids_of_their_own(store):
    pattern = pattern_in(store, "b", State.QUEUED)
    with loading(store) as connection:
        for node in ("one", "two"):
            fill(connection, [pattern], Bulk(numbers=range(50), ages_ms=AGES, node=node))
    assert _rows(store, "SELECT count(*) FROM message WHERE id > 9") == [(100,)]


def test_what_cannot_be_is_said(store):
    pattern = pattern_in(store, "b", State.QUEUED)
    with loading(store) as connection, pytest.raises(ValueError, match="milliseconds"):
        fill(connection, [pattern], Bulk(numbers=range(11), ages_ms=range(10)))
    with pytest.raises(ValueError, match="no queued message of a"):
        pattern_in(store, "a", State.QUEUED)


def test_messages_for_later_are_due_one_after_the_other(store):
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE message ADD COLUMN due_at")
        connection.execute("UPDATE message SET due_at = deadline - 700")
    pattern = pattern_in(store, "b", State.QUEUED)
    with loading(store) as connection:
        fill(connection, [pattern], Bulk(numbers=range(100), ages_ms=AGES, due_ms=range(5_000_000, 6_000_000)))
    rows = _rows(store, "SELECT due_at, deadline FROM message WHERE id > 9 ORDER BY id")
    assert rows == [(at, at + 700) for at in range(5_000_000, 6_000_000, 10_000)]
