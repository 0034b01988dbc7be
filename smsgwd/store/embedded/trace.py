"""All about one message, whosever it is. Every function runs in a reader thread, or in the writer's.

No index tells the pushes of a message. The one of its final state is known by its number (`message.push`); word of
anything before was owed at a moment that its history tells, and is looked for in the outbox around that.
"""

# ruff: noqa: S608 -- SQL is put together from the texts of this package only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from smsgwd.model.callbacks import TELL_SENT
from smsgwd.model.message import FINAL_FROM
from smsgwd.model.outbox import esme_target
from smsgwd.model.wire import ASKS_INTERMEDIATE
from smsgwd.ports.store import MessageTrace, PushView
from smsgwd.store.embedded.outbox_place import MARGIN_MS, beyond, first_at
from smsgwd.store.embedded.queries import VIEW, full_view
from smsgwd.store.embedded.schema import DEAD, DONE, PENDING
from smsgwd.store.owed import url_target

#: Columns of `push_view`.
PUSH: Final = (
    "SELECT id, message, tenant, target, url, type, status, attempts, created_at, due_at, done_at,"
    " COALESCE(last_error, '') FROM outbox"
)
STATUS: Final = {PENDING: "pending", DONE: "done", DEAD: "given_up"}
_MAX_ID: Final = (1 << 63) - 1
_ROWS_AROUND: Final = 25_000  # of the outbox looked at on each side of a moment
_MOST_MOMENTS: Final = 6
_MOST_OF_TARGET: Final = 5_000
_LATE_MS: Final = 60_000  # an SMSC's `done date` has no seconds
_AROUND: Final = f"{PUSH} NOT INDEXED WHERE id >= ? AND id < ? AND message = ?"
_STILL: Final = (
    f"{PUSH} WHERE id IN (SELECT id FROM (SELECT id, message FROM outbox WHERE target = ? AND status = {{}}"
    f" LIMIT {_MOST_OF_TARGET}) WHERE message = ?)"
)
_ABOUT: Final = "SELECT push, asks, account, dlr_url, tenant, state, sent_at, done_at FROM message WHERE id = ?"


def trace(connection: sqlite3.Connection, message_id: int) -> MessageTrace | None:
    """See Store.trace."""
    if not 0 <= message_id <= _MAX_ID:
        return None
    values = connection.execute(f"{VIEW} WHERE m.id = ?", (message_id,)).fetchone()
    if values is None:
        return None
    return MessageTrace(full_view(connection, values), pushes_of(connection, message_id))


def push_view(values: tuple[Any, ...]) -> PushView:
    """A row of PUSH."""
    number, message, tenant, target, url, kind, status, *rest = values
    return PushView(number, message, tenant, target, url, kind, STATUS[status], *rest)


def pushes_of(connection: sqlite3.Connection, message_id: int) -> tuple[PushView, ...]:
    """What is owed, or was, for what became of a message, by id; as far as it is kept."""
    about = connection.execute(_ABOUT, (message_id,)).fetchone()
    if about is None:
        return ()
    push, asks, account, url, tenant, state, sent_at, done_at = about
    if account is None and not url:
        return ()
    found: dict[int, PushView] = {}
    if push is not None:
        rows = connection.execute(f"{PUSH} WHERE id = ? AND message = ?", (push, message_id))
        found |= {values[0]: push_view(values) for values in rows}
    told_sent = account is None and asks & TELL_SENT
    untold = push is None and state >= FINAL_FROM  # it ended before its push was entered, or nobody was to be told
    moments: list[tuple[int, int]] = []
    if told_sent or asks & ASKS_INTERMEDIATE or untold:
        events = connection.execute(
            "SELECT at, type FROM event WHERE message = ? AND type IN ('sent', 'receipt') ORDER BY id", (message_id,)
        )
        moments += [(at, at) for at, kind in events if kind == "receipt" or told_sent]
    if told_sent and sent_at is not None:
        moments.append((sent_at, sent_at))
    if untold and done_at is not None:
        moments.append((done_at, done_at + _LATE_MS))
    for first, last in _spans(connection, moments):
        rows = connection.execute(_AROUND, (first, last, message_id))
        found |= {values[0]: push_view(values) for values in rows}
    if untold and not found:
        target = url_target(tenant, url) if account is None else esme_target(account)
        found |= _still_owed(connection, message_id, target)
    return tuple(found[number] for number in sorted(found))


def _spans(connection: sqlite3.Connection, moments: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ids (from, to below) of rows of the outbox of these spans of time (ms), a bounded number each; those that came
    last where there are many."""
    spans: list[tuple[int, int]] = []
    apart: list[tuple[int, int]] = []
    for begin, end in sorted(moments):
        if apart and begin - apart[-1][1] <= MARGIN_MS:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    for begin, end in apart[-_MOST_MOMENTS:]:
        first = first_at(connection, begin - MARGIN_MS)
        centre = first_at(connection, begin, first)
        last = beyond(connection, end + MARGIN_MS, centre)
        spans.append((max(first, centre - _ROWS_AROUND), min(last, centre + _ROWS_AROUND)))
    return spans


def _still_owed(connection: sqlite3.Connection, message_id: int, target: str) -> dict[int, PushView]:
    """Among what its target is owed, or was given up of it: a bounded number of rows."""
    found: dict[int, PushView] = {}
    for status in (PENDING, DEAD):
        rows = connection.execute(_STILL.format(status), (target, message_id))
        found |= {values[0]: push_view(values) for values in rows}
    return found
