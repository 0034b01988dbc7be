"""Where a moment is in the outbox, whatever the gaps between its ids and however some times lie."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from smsgwd.store.embedded.migrations import migrate
from smsgwd.store.embedded.outbox_place import beyond, first_at


def _outbox(rows):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    connection.executemany(
        "INSERT INTO outbox (id, message, target, tenant, url, type, created_at, due_at)"
        " VALUES (?, 0, 't', 't', 'u', 'x', ?, 0)",
        rows,
    )
    return connection


@given(
    st.lists(st.tuples(st.integers(1, 1 << 40), st.integers(0, 5000)), max_size=60),
    st.integers(-10, 130_000),
    st.one_of(st.none(), st.integers(0, 130_000)),
)
def test_all_of_a_moment_is_between(steps, at, earlier):
    rows, number, created = [], 0, 0
    for gap, later in steps:
        number, created = number + gap, created + later
        rows.append((number, created))
    connection = _outbox(rows)
    behind = None if earlier is None else first_at(connection, at - earlier)
    first, last = first_at(connection, at, behind), beyond(connection, at, behind)
    assert first == first_at(connection, at)
    assert first <= last
    assert all(number >= first for number, created in rows if created >= at)
    assert all(number < last for number, created in rows if created < at)
    assert sum(first <= number < last for number, _ in rows) <= 9
    connection.close()


def test_a_few_that_tell_of_another_time():
    """A receipt that was parked for long tells of when it came; one that is owed again is where it was."""
    rows = [(1000 + n, n * 10) for n in range(500)]
    for place in (100, 101, 250, 251, 252):
        rows[place] = (rows[place][0], 0)
    rows[300] = (rows[300][0], 1 << 40)
    connection = _outbox(rows)
    for at in (0, 500, 1005, 2500, 3000, 3010, 4989):
        wanted = 1000 + -(-at // 10)
        assert wanted - 9 <= first_at(connection, at) <= wanted, at
        assert wanted <= beyond(connection, at), at
    connection.close()
