"""The embedded store counts a tenant's messages; what a call costs does not grow with what there is."""

import sqlite3

import pytest
from twisted.trial.unittest import TestCase

from smsgwd.model.counting import NOTHING
from smsgwd.store.embedded import counting
from smsgwd.store.embedded.migrations import migrate
from tests.store.contract_counting import CountingContract
from tests.store.test_embedded import Embedded

_FILL = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO message (id, submission, tenant, source, dest, msisdn, coding, parts, connector, submitted_at, deadline,
    state, due_at, rank, flash, price, attempts, sent_at, smsc_id, body)
SELECT i, i, CASE WHEN i % 10 = 0 THEN 'small' ELSE 'large' END, 'iSMS', '306912345678', '306912345678', 0, 1, 'smpp',
    i, 1000 + i / 7, 3, 0, 0, 0, 0, 0, i, 'A', x'' FROM n
"""


class TestCounting(Embedded, CountingContract, TestCase):
    pass


@pytest.fixture
def connection():
    made = sqlite3.connect(":memory:", isolation_level=None)
    migrate(made)
    made.execute(_FILL, (20_000,))
    yield made
    made.close()


def _pages(connection, tenant, rows):
    """How many messages each call counted, and the most steps of SQLite (in hundreds) that one took."""
    steps = most = 0

    def one_more():
        nonlocal steps
        steps += 1

    connection.set_progress_handler(one_more, 100)
    found, after = [], 0
    while after is not None:
        steps = 0
        page = counting.counted(connection, tenant, (0, 1 << 60), NOTHING, after, rows)
        found.append(sum(row.messages for row in page.rows))
        most, after = max(most, steps), page.after
    connection.set_progress_handler(None, 0)
    return found, most


def test_a_call_looks_at_so_many_messages_of_its_tenant(connection):
    found, most = _pages(connection, "small", 300)
    assert found == [300] * 6 + [200]
    assert most < 300  # 100 steps a row
    assert _pages(connection, "nobody", 300)[0] == [0]
