"""The judge of the check with a deep queue, and the rows that are its queue."""

import sqlite3

import pytest

from smsgwd.model.message import State
from smsgwd.simulator.backlog import BacklogOptions, Found, judge_backlog
from smsgwd.simulator.backlog_rows import fill, in_wrong_order, pattern_in, states_in

LATENCIES = {"p50": 2.0, "p99": 8.0, "max": 20.0}


def _found(**changes):
    found = Found(
        empty={"http": dict(LATENCIES), "smpp": dict(LATENCIES)},
        deep={"http": dict(LATENCIES), "smpp": dict(LATENCIES)},
        idle_mb=75.0,
        deep_mb=120.0,
        drained_mb=140.0,
        first_s=1.0,
        small_rate=10_000.0,
        deep_rate=9_500.0,
        queued=100,
        sent=100,
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def test_all_is_well():
    verdict = judge_backlog(_found(), BacklogOptions())
    assert verdict.ok and "FAILED" not in verdict.table()


def test_little_more_than_nothing_is_no_failure():
    empty = {"smpp": {"p50": 0.1, "p99": 0.3, "max": 1.0}}
    deep = {"smpp": {"p50": 0.1, "p99": 2.2, "max": 9.0}}
    assert judge_backlog(_found(empty=empty, deep=deep), BacklogOptions()).ok


@pytest.mark.parametrize(
    ("failure", "count", "changes"),
    [
        ("submits refused or not answered", 1, {"refused": 1}),
        ("queued and not sent", 1, {"sent": 99}),
        ("sent twice", 2, {"duplicates": 2}),
        ("sent in the wrong order", 1, {"wrong_order": 1}),
        ("messages not delivered in the end", 1, {"not_delivered": 1}),
        ("receipts that the ESME lacks", 3, {"receipts_missing": 3}),
        ("exit status of the last stop", 9, {"exit_status": -9}),
        ("MB grown beyond the limit", 5, {"deep_mb": 280.0}),
        ("MB grown beyond the limit", 5, {"drained_mb": 279.5}),
        ("accept p99 http, us too much", 500, {"deep": {"http": LATENCIES | {"p99": 16.5}, "smpp": LATENCIES}}),
        ("accept p99 smpp, us too much", 500, {"deep": {"smpp": LATENCIES | {"p99": 16.5}, "http": LATENCIES}}),
        ("restart, ms too much", 250, {"first_s": 5.25}),
        ("drained too slowly, per mille", 100, {"deep_rate": 8_000.0}),
        ("drained too slowly, per mille", 900, {"small_rate": 0.0}),
    ],
)
def test_each_failure_is_seen(failure, count, changes):
    verdict = judge_backlog(_found(**changes), BacklogOptions())
    assert not verdict.ok and verdict.failures[failure] == count and "FAILED" in verdict.table()


def test_times_need_not_be_judged():
    slow = _found(first_s=60.0, deep_rate=1.0, deep_mb=999.0)
    assert judge_backlog(slow, BacklogOptions(times=0)).ok
    assert not judge_backlog(_found(sent=1), BacklogOptions(times=0)).ok


@pytest.fixture
def store(tmp_path):
    """A store's file as far as the check knows it, with one message of bench0."""
    file = tmp_path / "store.db"
    with sqlite3.connect(file) as connection:
        connection.execute(
            "CREATE TABLE message (id INTEGER PRIMARY KEY, submission, dest, msisdn, account, submitted_at, deadline,"
            " state, rank, smsc_id, body)"
        )
        connection.execute(
            "INSERT INTO message VALUES (999000000000000000, 1, '+3069000000000', '3069000000000', 'bench0', 5, 77, 2,"
            " -1, NULL, x'4d20303030303030303030')"
        )
    connection.close()
    return file


def test_the_queue_is_of_all_ages_and_priorities(store):
    pattern = pattern_in(store, "bench0")
    fill(store, pattern, range(100, 300), seed=1, ages_ms=range(1_790_000_000_000, 1_790_000_100_000), node="bench")
    assert states_in(store) == {State.QUEUED: 201}
    connection = sqlite3.connect(store)
    rows = connection.execute(
        "SELECT id, submission, dest, msisdn, submitted_at, deadline, rank, body FROM message WHERE id < 9e17"
        " ORDER BY id"
    ).fetchall()
    connection.close()
    assert [row[2][-8:] for row in rows] == [f"{number:08d}" for number in range(100, 300)]
    assert all(row[0] == row[1] + 1 and row[2] == "+" + row[3] and row[5] == 77 for row in rows)
    assert [row[4] for row in rows] == [1_790_000_000_000 + 500 * step for step in range(200)]
    assert {row[6] for row in rows} == {0, -1, -2, -3}
    assert all(row[7].endswith(row[2][-8:].encode()) for row in rows)


def test_no_pattern_is_said(store):
    with pytest.raises(ValueError, match="bench9"):
        pattern_in(store, "bench9")


def test_the_order_is_that_of_the_smscs_ids(store):
    def sent(*order):
        connection = sqlite3.connect(store)
        with connection:
            connection.execute("DELETE FROM message")
            connection.executemany(
                "INSERT INTO message (id, rank, smsc_id) VALUES (?, ?, ?)",
                [(number, rank, str(place + 98)) for place, (rank, number) in enumerate(order)],
            )
        connection.close()
        return in_wrong_order(store, (50, 60))

    assert sent((-3, 5), (-3, 9), (-1, 1), (-1, 70), (0, 2)) == 0
    assert sent((-3, 9), (-3, 5), (-1, 1)) == 1
    assert sent((-1, 1), (-3, 5)) == 1
    assert sent((-3, 5), (0, 55), (-1, 1)) == 0  # left out
