"""A tenant's counts and history, and what became of recipients. Every function runs in a reader thread."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from smsgwd.model.ids import MAX_BLOCK
from smsgwd.model.message import MessageView
from smsgwd.model.tally import Numbered, Tally
from smsgwd.store.embedded.apply.recipients import digits_of
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.counts import BLOCK, COLUMNS, WITHIN
from smsgwd.store.embedded.queries import VIEW, view_of

_MAX_ID: Final = (1 << 63) - 1
_TALLY: Final = f"SELECT {COLUMNS} FROM tenant LEFT JOIN tally ON tally.tenant = tenant.id WHERE tenant.id = ?"
_AT: Final = Many(f"{VIEW} WHERE m.id IN (", "?", ")")
_ENDS: Final = "SELECT min(block), max(block) FROM mark WHERE tenant = ?"
_TIME: Final = "SELECT at FROM mark WHERE tenant = ? AND block = ?"
_FROM: Final = "SELECT first FROM mark WHERE tenant = ? AND block >= ? ORDER BY block LIMIT 1"
_UP_TO: Final = "SELECT before FROM mark WHERE tenant = ? AND block > ? ORDER BY block LIMIT 1"
_OLDEST: Final = (
    "SELECT min(seq) FROM (SELECT seq FROM message INDEXED BY message_tenant"
    " WHERE tenant = ? AND id >= ? AND seq >= ? AND submitted_at >= ? ORDER BY id LIMIT ?)"
)
_PAGE: Final = VIEW.replace(" FROM message m", ", m.seq FROM message m") + (
    " INDEXED BY message_tenant WHERE m.tenant = ? AND m.id >= ? AND m.id <= ? AND m.seq >= ? AND m.seq < ?"
    " AND m.submitted_at >= ? AND m.submitted_at < ? ORDER BY m.seq"
)


def tally(connection: sqlite3.Connection, tenant: str) -> Tally | None:
    """See Store.tally."""
    found = connection.execute(_TALLY, (tenant,)).fetchone()
    if found is None:
        return None
    return Tally() if found[0] is None else Tally(*found)


def messages_at(connection: sqlite3.Connection, tenant: str, ids: Sequence[int]) -> list[MessageView]:
    """See Store.messages_at."""
    wanted = [number for number in dict.fromkeys(ids) if 0 <= number <= _MAX_ID]
    views = (view_of(values) for values in _AT.find(connection, wanted))
    return [view for view in views if view.message.tenant == tenant]


def recipient(connection: sqlite3.Connection, tenant: str, submission: int, msisdn: str) -> MessageView | None:
    """See Store.recipient; ids of a submission follow its own (model.ids)."""
    if not 0 <= submission <= _MAX_ID:
        return None
    found = connection.execute(
        f"{VIEW} NOT INDEXED WHERE m.id > ? AND m.id <= ? AND m.submission = ? AND m.tenant = ? AND m.msisdn = ?"
        " ORDER BY m.id LIMIT 1",
        (submission, min(submission + MAX_BLOCK, _MAX_ID), submission, tenant, msisdn),
    ).fetchone()
    return None if found is None else view_of(found)


def refused(connection: sqlite3.Connection, tenant: str, submission: int, dest: str) -> str | None:
    """See Store.refused."""
    if not 0 <= submission <= _MAX_ID:
        return None
    found = connection.execute(
        "SELECT code FROM refusal WHERE submission = ? AND dest = ? AND tenant = ?",
        (submission, digits_of(dest), tenant),
    ).fetchone()
    return None if found is None else str(found[0])


def history(
    connection: sqlite3.Connection, tenant: str, from_ms: int, to_ms: int, offset: int, limit: int
) -> list[Numbered]:
    """See Store.history.

    Messages stand in the order in which they were taken; their times ascend with it but for a clock that was set back.
    Where the span begins is looked for by halves in the marks; from there on numbers are counted.
    """
    begin = _first_number(connection, tenant, from_ms)
    if begin is None:
        return []
    start, stop = begin + offset, begin + offset + limit
    found = connection.execute(_FROM, (tenant, start >> BLOCK)).fetchone()
    if start > _MAX_ID or found is None:
        return []
    lowest = found[0]
    found = connection.execute(_UP_TO, (tenant, (stop - 1) >> BLOCK)).fetchone()
    highest = _MAX_ID if found is None else found[0]
    rows = connection.execute(_PAGE, (tenant, lowest, highest, start, min(stop, _MAX_ID), from_ms, to_ms))
    return [_numbered(row) for row in rows]


def _numbered(row: tuple[Any, ...]) -> Numbered:
    return Numbered(row[-1], view_of(row))


def _first_number(connection: sqlite3.Connection, tenant: str, from_ms: int) -> int | None:
    """The number of the first message that is there still and was submitted at `from_ms` or later; None for none."""
    low, high = connection.execute(_ENDS, (tenant,)).fetchone()
    if low is None:
        return None
    while low < high:  # the last block that began before, else the first one
        middle = (low + high + 1) // 2
        (at,) = connection.execute(_TIME, (tenant, middle)).fetchone()
        if at < from_ms:
            low = middle
        else:
            high = middle - 1
    (first,) = connection.execute(_FROM, (tenant, low)).fetchone()
    values = (tenant, first, low << BLOCK, from_ms, WITHIN + 1)
    number: int | None = connection.execute(_OLDEST, values).fetchone()[0]
    return number
