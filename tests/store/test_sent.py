"""What a page of `SentReads.sent` costs does not grow with what others have sent."""

import sqlite3

import pytest

from smsgwd.store.embedded import sent
from smsgwd.store.embedded.migrations import migrate

_FILL = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO message (id, submission, tenant, source, dest, msisdn, coding, parts, connector, submitted_at, deadline,
    state, due_at, rank, flash, price, attempts, sent_at, smsc_id, body)
SELECT i, i, 'demo', 'iSMS', '306912345678', '306912345678', 0, 1, CASE WHEN i % 1000 = 0 THEN 'p1' ELSE 'smpp' END,
    i, 1000 + i / 7, 3, 0, 0, 0, 0, 0, i, 'A', x'' FROM n
"""


@pytest.fixture
def connection():
    made = sqlite3.connect(":memory:", isolation_level=None)
    migrate(made)
    made.execute(_FILL, (20_000,))
    yield made
    made.close()


def _steps(connection, query):
    """What a query gives, and how many hundreds of SQLite's steps it took."""
    count = 0

    def one_more():
        nonlocal count
        count += 1

    connection.set_progress_handler(one_more, 100)
    found = query()
    connection.set_progress_handler(None, 0)
    return found, count


def test_a_page_looks_at_its_piece_only(connection, monkeypatch):
    monkeypatch.setattr(sent, "_CHUNK", 100)
    after, found, most, pages = None, [], 0, 0
    while True:
        page, steps = _steps(connection, lambda after=after: sent.sent(connection, "p1", after, 1 << 60, 50))
        found += [row.id for row in page.rows]
        most, pages, after = max(most, steps), pages + 1, page.after
        if after is None:
            break
    assert found == list(range(1000, 20_001, 1000))
    assert pages == 201
    assert most < 60  # 60 steps a row
