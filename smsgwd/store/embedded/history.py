"""A tenant's counts and history, and what became of recipients. Every function runs in a reader thread."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from smsgwd.model.ids import MAX_BLOCK
from smsgwd.model.message import MessageView
from smsgwd.model.tally import Numbered, Tally
from smsgwd.store.apply.recipients import digits_of
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.counts import BLOCK, COLUMNS
from smsgwd.store.embedded.queries import VIEW, view_of

_MAX_ID: Final = (1 << 63) - 1
_TALLY: Final = f"SELECT {COLUMNS} FROM tenant LEFT JOIN tally ON tally.tenant = tenant.id WHERE tenant.id = ?"
_AT: Final = Many(f"{VIEW} WHERE m.id IN (", "?", ")")
_ENDS: Final = "SELECT min(block), max(block) FROM mark WHERE tenant = ?"
_TIME: Final = "SELECT at FROM mark WHERE tenant = ? AND block = ?"
_FROM: Final = "SELECT min(first) FROM mark WHERE tenant = ? AND block >= ? AND block <= ?"
_UP_TO: Final = "SELECT before FROM mark WHERE tenant = ? AND block > ? ORDER BY block LIMIT 1"
_OLDEST_OF: Final = (
    "SELECT min(seq) FROM message INDEXED BY message_tenant"
    " WHERE tenant = ? AND id >= ? AND id <= ? AND seq >= ? AND seq < ? AND submitted_at >= ?"
)
# Behind a block that has none: what was purged may be many blocks. The next few by id have the lowest number.
_OLDEST: Final = (
    "SELECT min(seq) FROM (SELECT seq FROM message INDEXED BY message_tenant"
    f" WHERE tenant = ? AND id >= ? AND seq >= ? AND submitted_at >= ? ORDER BY id LIMIT {1 << BLOCK})"
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
    from_ms, to_ms = max(0, min(from_ms, _MAX_ID)), max(0, min(to_ms, _MAX_ID))
    begin = _first_number(connection, tenant, from_ms)
    if begin is None:
        return []
    start, stop = min(begin + offset, _MAX_ID), min(begin + offset + limit, _MAX_ID)
    ids = _ids_of(connection, tenant, start, stop)
    if ids is None:
        return []
    return [_numbered(row) for row in connection.execute(_PAGE, (tenant, *ids, start, stop, from_ms, to_ms))]


def _numbered(row: tuple[Any, ...]) -> Numbered:
    return Numbered(row[-1], view_of(row))


def _ids_of(connection: sqlite3.Connection, tenant: str, start: int, stop: int) -> tuple[int, int] | None:
    """The lowest and the highest id that messages with numbers from `start` to below `stop` can have; None where none
    is left. Messages of later blocks may have lower ids than earlier ones."""
    first, last = start >> BLOCK, (stop - 1) >> BLOCK
    (lowest,) = connection.execute(_FROM, (tenant, first, last)).fetchone()
    if lowest is None:
        return None
    found = connection.execute(_UP_TO, (tenant, last)).fetchone()
    return lowest, _MAX_ID if found is None else found[0]


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
    begin, end = low << BLOCK, (low + 1) << BLOCK
    ids = _ids_of(connection, tenant, begin, end)
    if ids is None:
        return None
    number: int | None = connection.execute(_OLDEST_OF, (tenant, *ids, begin, end, from_ms)).fetchone()[0]
    if number is None:
        number = connection.execute(_OLDEST, (tenant, ids[0], end, from_ms)).fetchone()[0]
    return number
