"""What of one connector was sent and has no final state. Every function runs in a reader thread.

An index of it would cost each message that any connector sends; there is one of all that is open, by the end of its
validity. It is walked a bounded piece a call, so that a million messages of others hold nobody up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from smsgwd.model.message import MessageView, State
from smsgwd.ports.sent import SentPage, SentRow
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.queries import VIEW, view_of

_CHUNK: Final = 10_000  # rows of all connectors that a call looks at: some 10 ms
_FIRST: Final = (-(1 << 62), 0)
#: One bound at each end of `deadline`: of two SQLite takes the first one, and may walk to the end of the index.
_SENT: Final = (
    "FROM message m INDEXED BY message_open WHERE m.state = 3 AND m.state < 10 AND m.deadline >= ? AND m.deadline <= ?"
    " AND (m.deadline, m.id) > (?, ?)"
)
_END: Final = f"SELECT m.deadline, m.id {_SENT} ORDER BY m.deadline, m.id LIMIT 1 OFFSET ?"
_OWN: Final = (
    f"SELECT m.id, m.sent_at, m.deadline {_SENT} AND (m.deadline, m.id) <= (?, ?) AND m.connector = ?"
    " ORDER BY m.deadline, m.id LIMIT ?"
)
_VIEWS: Final = Many(f"{VIEW} WHERE m.id IN (", "?", ")")
_MAX_ID: Final = (1 << 63) - 1


def sent(
    connection: sqlite3.Connection, connector: str, after: tuple[int, int] | None, before: int, limit: int
) -> SentPage:
    """See SentReads.sent."""
    start = _FIRST if after is None else after
    # Where the piece ends is told by the index alone; rows are read of that piece only.
    end: tuple[int, int] | None = connection.execute(_END, (start[0], before - 1, *start, _CHUNK - 1)).fetchone()
    last = end or (before - 1, _MAX_ID)
    found = connection.execute(_OWN, (start[0], last[0], *start, *last, connector, limit)).fetchall()
    rows = tuple(SentRow(number, deadline if at is None else at, deadline) for number, at, deadline in found)
    return SentPage(rows, (rows[-1].deadline, rows[-1].id) if len(rows) == limit else end)


def still_sent(connection: sqlite3.Connection, connector: str, ids: Sequence[int]) -> list[MessageView]:
    """See SentReads.still_sent."""
    views = (view_of(values) for values in _VIEWS.find(connection, list(ids)))
    return [each for each in views if each.message.state is State.SENT and each.message.connector == connector]
