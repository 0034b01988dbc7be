"""What can be asked of the store. Every function runs in a reader thread, on a connection that cannot write."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

import sqlite3
from typing import Any, Final

import msgspec

from smsgwd.model.ids import MAX_BLOCK, first_id_at
from smsgwd.model.message import HELD, EventView, MessageView, State
from smsgwd.model.mo import MoSet, MoSetKey, unpack_mo
from smsgwd.model.outbox import MOST_COUNTED, OutboxItem, OutboxTarget
from smsgwd.model.receipts import Receipt
from smsgwd.ports.store import MessageFilter, OptOutEntry, Orphan, QueueDepth, QueuedMessage, StoreCounts
from smsgwd.store.embedded.columns import MESSAGE_COLUMNS, MESSAGE_WIDTH, message_from
from smsgwd.store.embedded.rows import MO_SET, PART_COLUMNS, mo_set_values
from smsgwd.store.items import outbox_item
from smsgwd.store.rows import PartRow, failure_from
from smsgwd.store.views import whole_view

#: Messages with what became of them: rows for `view_of`.
VIEW: Final = (
    f"SELECT {MESSAGE_COLUMNS}, m.sent_at, m.done_at, m.err_code, m.err_detail, m.err_smpp, m.smsc_id, m.latency"
    " FROM message m"
)
_EXTRA: Final = MESSAGE_WIDTH  # where the further columns of VIEW begin
_LATENCY: Final = MESSAGE_WIDTH + 6
_EVENTS: Final = (
    "SELECT at, type, detail, connector, smsc_id, smpp_status, latency FROM event WHERE message = ? ORDER BY id"
)
_PARTS: Final = f"SELECT {PART_COLUMNS} FROM part WHERE message = ?"
_READY: Final = f"SELECT {MESSAGE_COLUMNS} FROM message m WHERE m.connector = ? AND m.state = 2"
_TARGET: Final = "SELECT target, due_at FROM outbox WHERE status = 0 AND target {} ? ORDER BY target, due_at LIMIT 1"
_TARGET_FROM: Final = _TARGET.format(">=")
_TARGET_AFTER: Final = _TARGET.format(">")
_PENDING_OF: Final = "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE status = 0 AND target = ? LIMIT ?)"
_CLOCK_SLACK_MS: Final = 60_000
_MAX_ID: Final = (1 << 63) - 1
_receipt_of = msgspec.json.Decoder(Receipt).decode


def highest_id(connection: sqlite3.Connection) -> int:
    """The highest id of a message or a lookup, which are made by one generator; 0 when there is none."""
    found = connection.execute(
        "SELECT max((SELECT coalesce(max(id), 0) FROM message), (SELECT coalesce(max(id), 0) FROM lookup))"
    )
    return int(found.fetchone()[0])


def ready(
    connection: sqlite3.Connection, connector: str, after: tuple[int, int] | None, limit: int
) -> list[QueuedMessage]:
    """See Store.ready."""
    if after is None:
        found = connection.execute(f"{_READY} ORDER BY m.rank, m.id LIMIT ?", (connector, limit))
    else:
        found = connection.execute(
            f"{_READY} AND (m.rank, m.id) > (?, ?) ORDER BY m.rank, m.id LIMIT ?", (connector, *after, limit)
        )
    messages = [QueuedMessage(message_from(values)) for values in found]
    for queued in messages:
        if queued.message.parts > 1:
            queued.sent_parts = frozenset(
                part
                for (part,) in connection.execute(
                    "SELECT part FROM part WHERE message = ? AND sent_at IS NOT NULL", (queued.message.id,)
                )
            )
    return messages


def view_of(values: tuple[Any, ...]) -> MessageView:
    """A row of VIEW, without events and parts."""
    sent_at, done_at, code, detail, smpp_status, smsc_id = values[_EXTRA : _EXTRA + 6]
    return MessageView(message_from(values), sent_at, done_at, failure_from(code, detail, smpp_status), smsc_id)


def message(connection: sqlite3.Connection, tenant: str, message_id: int) -> MessageView | None:
    """See Store.message."""
    if not 0 <= message_id <= _MAX_ID:
        return None
    values = connection.execute(f"{VIEW} WHERE m.id = ? AND m.tenant = ?", (message_id, tenant)).fetchone()
    if values is None:
        return None
    return full_view(connection, values)


def full_view(connection: sqlite3.Connection, values: tuple[Any, ...]) -> MessageView:
    """A row of VIEW, with events and parts."""
    view = view_of(values)
    whole = view.message
    stored = [EventView(*columns) for columns in connection.execute(_EVENTS, (whole.id,))]
    known = {}
    if whole.parts > 1:
        known = {columns[0]: PartRow(*columns) for columns in connection.execute(_PARTS, (whole.id,))}
    return whole_view(view, values[_LATENCY], stored, known)


def submission(connection: sqlite3.Connection, tenant: str, submission_id: int) -> list[MessageView]:
    """See Store.submission; ids of a submission follow its own (model.ids)."""
    if not 0 <= submission_id <= _MAX_ID:
        return []
    found = connection.execute(
        f"{VIEW} WHERE m.id > ? AND m.id <= ? AND m.submission = ? AND m.tenant = ? ORDER BY m.id",
        (submission_id, min(submission_id + MAX_BLOCK, _MAX_ID), submission_id, tenant),
    )
    return [view_of(values) for values in found]


def messages(
    connection: sqlite3.Connection, tenant: str, where: MessageFilter, before: int | None, limit: int
) -> list[MessageView]:
    """See Store.messages.

    An id is never older than the time it was made at, but may run ahead of it after the clock was set back: so ids only
    narrow the search, with a minute of slack, and `submitted_at` decides.
    """
    conditions, values = ["m.tenant = ?"], [tenant]  # type: tuple[list[str], list[Any]]
    if before is not None:
        conditions.append("m.id < ?")
        values.append(min(before, _MAX_ID))
    if where.from_ms is not None:
        conditions.append("m.id >= ? AND m.submitted_at >= ?")
        values += [min(first_id_at(where.from_ms), _MAX_ID), where.from_ms]
    if where.to_ms is not None:
        conditions.append("m.id < ? AND m.submitted_at < ?")
        values += [min(first_id_at(where.to_ms + _CLOCK_SLACK_MS), _MAX_ID), where.to_ms]
    if where.states:
        conditions.append(f"m.state IN ({', '.join('?' * len(where.states))})")
        values += [int(state) for state in where.states]
    if where.msisdn is not None:
        conditions.append("m.msisdn = ?")
        values.append(where.msisdn)
    # The hint keeps a filter by state from walking the index of open messages of all tenants.
    sql = f"{VIEW} INDEXED BY message_tenant WHERE {' AND '.join(conditions)} ORDER BY m.id DESC LIMIT ?"
    return [view_of(found) for found in connection.execute(sql, (*values, limit))]


def unsent(
    connection: sqlite3.Connection, tenant: str, source: str, msisdn: str | None, limit: int
) -> list[MessageView]:
    """See Store.unsent. Walks what has not left, of all tenants: far less than one tenant's history, mostly."""
    who, values = "n.tenant = ? AND n.source = ?", [tenant, source]
    if msisdn is not None:
        who += " AND n.msisdn = ?"
        values.append(msisdn)
    found = (
        "SELECT n.id FROM message n INDEXED BY message_open"
        f" WHERE n.state < 10 AND n.state IN (0, 1, 2) AND {who} ORDER BY n.id DESC LIMIT ?"
    )
    sql = f"{VIEW} WHERE m.id IN ({found}) ORDER BY m.id DESC"
    return [view_of(values) for values in connection.execute(sql, (*values, limit))]


def next_due(connection: sqlite3.Connection) -> int | None:
    """See Store.next_due."""
    found: int | None = connection.execute(
        f"SELECT min(due_at) FROM message WHERE state < 2 AND due_at < {HELD}"
    ).fetchone()[0]
    return found


def outbox_targets(connection: sqlite3.Connection, esmes: bool) -> list[OutboxTarget]:
    """See Store.outbox_targets. Targets of ESMEs begin with '@': of the one kind no row of the other is looked at.

    From target to target with a step in the index each: a million rows for one of them are not walked over.
    """
    ranges = (("@", "A"),) if esmes else (("", "@"), ("A", None))
    found: list[OutboxTarget] = []
    for start, end in ranges:
        row = connection.execute(_TARGET_FROM, (start,)).fetchone()
        while row is not None and (end is None or row[0] < end):
            target = row[0]
            (pending,) = connection.execute(_PENDING_OF, (target, MOST_COUNTED)).fetchone()
            found.append(OutboxTarget(target, pending, row[1]))
            row = connection.execute(_TARGET_AFTER, (target,)).fetchone()
    return found


def outbox_dead(connection: sqlite3.Connection) -> dict[str, int]:
    """See Store.outbox_dead."""
    return dict(
        connection.execute("SELECT target, count(*) FROM outbox WHERE status = 2 GROUP BY target ORDER BY target")
    )


def outbox(connection: sqlite3.Connection, target: str, after: tuple[int, int] | None, limit: int) -> list[OutboxItem]:
    """See Store.outbox."""
    start = (-(1 << 62), 0) if after is None else after
    found = connection.execute(
        "SELECT o.id, o.tenant, o.target, o.url, o.type, o.created_at, o.due_at, o.attempts, o.message, o.payload,"
        " m.dest, m.source, m.client_ref, m.state, m.err_code, m.err_detail, m.err_smpp, m.submitted_at, m.done_at,"
        " m.parts, m.wire, m.callback, m.submission, m.connector, m.smsc_id"
        " FROM outbox o LEFT JOIN message m ON m.id = o.message"
        " WHERE o.target = ? AND o.status = 0 AND (o.due_at, o.id) > (?, ?)"
        # A push without its message would be damage: `check` tells of it, and the others must go out all the same.
        " AND (o.payload IS NOT NULL OR m.id IS NOT NULL) ORDER BY o.due_at, o.id LIMIT ?",
        (target, *start, limit),
    )
    return [outbox_item(values) for values in found]


def counts(connection: sqlite3.Connection) -> StoreCounts:
    """See Store.counts. `scheduled` counts what waits for its time: scheduled messages and retries."""

    def one(sql: str) -> int:
        return int(connection.execute(sql).fetchone()[0])

    depths = connection.execute(
        "SELECT connector, count(*), min(id) FROM message WHERE state = 2 GROUP BY connector ORDER BY connector"
    ).fetchall()
    return StoreCounts(
        queues=tuple(
            QueueDepth(connector, queued, one(f"SELECT submitted_at FROM message WHERE id = {int(oldest)}"))
            for connector, queued, oldest in depths
        ),
        scheduled=one(f"SELECT count(*) FROM message WHERE state < 2 AND due_at < {HELD}"),
        sent_without_receipt=one(f"SELECT count(*) FROM message WHERE state = {int(State.SENT)} AND state < 10"),
        outbox_pending=one("SELECT count(*) FROM outbox WHERE status = 0"),
        outbox_dead=one("SELECT count(*) FROM outbox WHERE status = 2"),
        parked=one("SELECT count(*) FROM parked WHERE orphan = 0"),
        orphans=one("SELECT count(*) FROM parked WHERE orphan = 1"),
        held=one(f"SELECT count(*) FROM message WHERE state < 2 AND due_at >= {HELD}"),
    )


def mo_sets(connection: sqlite3.Connection, before: int, limit: int) -> list[MoSet]:
    """See Store.mo_sets. Complete sets have status 2, those that wait status 0 (`schema.VERSION_3`)."""
    found = connection.execute(
        "SELECT grp, source, dest, ref, total, width, min(received_at) AS oldest FROM mo_part WHERE status IN (0, 2)"
        " GROUP BY grp, source, dest, ref, total, width HAVING max(status) = 2 OR oldest < ? ORDER BY oldest LIMIT ?",
        (before, limit),
    ).fetchall()
    sets: list[MoSet] = []
    for *columns, oldest in found:
        key = MoSetKey(*columns)
        parts = connection.execute(
            f"SELECT seq, mo FROM mo_part WHERE {MO_SET} AND status != 1 ORDER BY seq", mo_set_values(key)
        )
        sets.append(MoSet(key, {seq: unpack_mo(packed) for seq, packed in parts}, oldest))
    return sets


def orphans(connection: sqlite3.Connection, after: int, limit: int) -> list[Orphan]:
    """See Store.orphans. The '+' keeps SQLite from taking the index by age and sorting all of them."""
    found = connection.execute(
        "SELECT id, receipt FROM parked WHERE +orphan = 1 AND id > ? ORDER BY id LIMIT ?", (after, limit)
    )
    return [Orphan(number, _receipt_of(encoded)) for number, encoded in found]


def opt_outs(connection: sqlite3.Connection, tenant: str, after: str, limit: int) -> list[OptOutEntry]:
    """See Store.opt_outs."""
    found = connection.execute(
        "SELECT tenant, msisdn, at, source FROM optout WHERE tenant = ? AND msisdn > ? ORDER BY msisdn LIMIT ?",
        (tenant, after, limit),
    )
    return [OptOutEntry(*values) for values in found]
