"""Changes that look for their messages themselves: expiry, receipts that never came, due messages, tidying."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

from typing import Final

from smsgwd.delivery.lifecycle import Event, move
from smsgwd.model.changes import Expire, Promote, Promoted, Swept
from smsgwd.model.message import Failure, Message, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.upkeep import Tidy, TimeOutReceipts
from smsgwd.store.embedded.apply.optout import FAILURES, opted_out
from smsgwd.store.embedded.columns import MESSAGE_COLUMNS, message_from
from smsgwd.store.embedded.work import Work

_EXPIRED: Final = Failure("expired", "validity ended before it could be sent")
_NO_RECEIPT: Final = Failure("receipt_timeout", "no receipt came")
_NO_REPORT: Final = Failure("receipt_timeout", "the provider told no final state")
_UNKNOWN: Final = State.UNKNOWN
_SENT: Final = int(State.SENT)
_UNSENT: Final = (State.QUEUED, State.WAITING, State.SCHEDULED)


def expire(work: Work, change: Expire) -> Swept:
    """End unsent messages whose validity is over, but those being sent."""
    work.flush()
    ids: list[int] = []
    for state in _UNSENT:
        found = work.connection.execute(
            "SELECT id FROM message WHERE state = ? AND state < 10 AND deadline <= ? ORDER BY deadline LIMIT ?",
            (int(state), change.at, change.limit + 1 + len(change.excluding) - len(ids)),
        )
        ids.extend(number for (number,) in found if number not in change.excluding)
    return _sweep(work, ids, change.limit, Event.EXPIRED, change.at, _EXPIRED, State.EXPIRED)


def time_out_receipts(work: Work, change: TimeOutReceipts) -> Swept:
    """End sent messages for which no receipt came within validity and the waiting time."""
    if change.connector:
        return _sweep(work, _timed_out(work, change), change.limit, Event.TIMED_OUT, change.at, _NO_REPORT, _UNKNOWN)
    work.flush()
    found = work.connection.execute(
        "SELECT id FROM message WHERE state = ? AND state < 10 AND deadline < ? ORDER BY deadline LIMIT ?",
        (int(State.SENT), change.deadline_before, change.limit + 1),
    )
    ids = [number for (number,) in found]
    return _sweep(work, ids, change.limit, Event.TIMED_OUT, change.at, _NO_RECEIPT, _UNKNOWN)


def _timed_out(work: Work, change: TimeOutReceipts) -> list[int]:
    """Those of its ids that are what the change is about, each once."""
    ids = list(dict.fromkeys(change.ids))
    work.prefetch(ids)
    found: list[int] = []
    for number in ids:
        row = work.row(number)
        if row is None or row.state != _SENT or row.connector != change.connector:
            continue
        if row.told.deadline < change.deadline_before:
            found.append(number)
    return found


def _sweep(work: Work, ids: list[int], limit: int, event: Event, at: int, error: Failure, after: State) -> Swept:
    more = len(ids) > limit
    ids = ids[:limit]
    work.prefetch(ids)
    outbox: list[OutboxItem] = []
    for number in ids:
        row = work.row(number)
        assert row is not None
        outbox.extend(work.settle(row, event, at, error))
    return Swept(tuple(ids), tuple(outbox), more, after)


def promote(work: Work, change: Promote) -> Promoted:
    """Queue what is due; what nobody has taken a part of ends instead when its recipient has opted out meanwhile."""
    work.flush()
    if change.set_back:
        _move_retries(work, change.set_back)
    found = work.connection.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM message m WHERE state < 2 AND due_at <= ? ORDER BY due_at, id LIMIT ?",
        (change.at, change.limit + 1),
    ).fetchall()
    messages = [message_from(values) for values in found[: change.limit]]
    outbox: list[OutboxItem] = []
    if work.memory.opted:
        messages = _still_wanted(work, messages, change.at, outbox)
    sent_parts: dict[int, frozenset[int]] = {}
    for message in messages:
        if message.state is State.SCHEDULED:
            work.counts.of(message.tenant).scheduled -= 1
        message.state = move(message.state, Event.DUE)
        if message.parts > 1:
            taken = work.connection.execute(
                "SELECT part FROM part WHERE message = ? AND sent_at IS NOT NULL", (message.id,)
            ).fetchall()
            if taken:
                sent_parts[message.id] = frozenset(part for (part,) in taken)
    work.connection.executemany(
        "UPDATE message SET state = ? WHERE id = ?", [(int(State.QUEUED), message.id) for message in messages]
    )
    for message in messages:
        work.forget(message.id)
    return Promoted(tuple(messages), len(found) > change.limit, sent_parts, tuple(outbox))


def _move_retries(work: Work, by: int) -> None:
    """Let every retry come `by` milliseconds sooner. By this index a million scheduled messages are not walked over."""
    work.connection.execute(
        "UPDATE message INDEXED BY message_open SET due_at = due_at - ? WHERE state < 10 AND state = ?",
        (by, int(State.WAITING)),
    )
    for row in work.memory.rows.values():
        if row.state == State.WAITING:
            row.due_at -= by


def _still_wanted(work: Work, messages: list[Message], at: int, outbox: list[OutboxItem]) -> list[Message]:
    """The messages but those that end as CANCELLED; what is owed for these goes to `outbox`."""
    out = opted_out(work, messages)
    wanted: list[Message] = []
    for message in messages:
        why = out.get((message.tenant, message.msisdn))
        row = None if why is None else work.row(message.id)
        if why is None or row is None or work.taken(row):
            wanted.append(message)
        else:
            outbox.extend(work.settle(row, Event.CANCELLED, at, FAILURES[why]))
    return wanted


def tidy(work: Work, change: Tidy) -> int:
    """Delete old idempotency keys and finished pushes; parked receipts that are old become orphans."""
    work.flush()
    execute = work.connection.execute
    count = execute(
        "DELETE FROM idempotency WHERE (tenant, key) IN"
        " (SELECT tenant, key FROM idempotency WHERE made_at < ? ORDER BY made_at LIMIT ?)",
        (change.keys_before, change.limit),
    ).rowcount
    count += execute(
        "DELETE FROM outbox WHERE id IN"
        " (SELECT id FROM outbox WHERE status = 1 AND done_at < ? ORDER BY done_at LIMIT ?)",
        (change.pushes_before, change.limit),
    ).rowcount
    old = execute(
        "SELECT id FROM parked WHERE orphan = 0 AND received_at < ? ORDER BY received_at LIMIT ?",
        (change.orphans_before, change.limit),
    ).fetchall()
    work.connection.executemany("UPDATE parked SET orphan = 1 WHERE id = ?", old)
    work.connection.executemany("DELETE FROM parked_key WHERE parked = ?", old)
    work.memory.parked -= len(old)
    return count
