"""Changes that look for their messages themselves: expiry, receipts that never came, due messages, tidying."""

from __future__ import annotations

from typing import Final

from smsgwd.delivery.lifecycle import Event, move
from smsgwd.model.changes import Expire, Promote, Promoted, Swept
from smsgwd.model.message import Failure, Message, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.upkeep import Tidy, TimeOutReceipts
from smsgwd.store.apply.optout import FAILURES, opted_out
from smsgwd.store.work import Work

_EXPIRED: Final = Failure("expired", "validity ended before it could be sent")
_NO_RECEIPT: Final = Failure("receipt_timeout", "no receipt came")
_NO_REPORT: Final = Failure("receipt_timeout", "the provider told no final state")
_UNKNOWN: Final = State.UNKNOWN
_SENT: Final = int(State.SENT)
_UNSENT: Final = (State.QUEUED, State.WAITING, State.SCHEDULED)


def expire(work: Work, change: Expire) -> Swept:
    """End unsent messages whose validity is over, but those being sent."""
    ids: list[int] = []
    for state in _UNSENT:
        found = work.overdue(state, change.at, change.limit + 1 + len(change.excluding) - len(ids))
        ids.extend(number for number in found if number not in change.excluding)
    return _sweep(work, ids, change.limit, Event.EXPIRED, change.at, _EXPIRED, State.EXPIRED)


def time_out_receipts(work: Work, change: TimeOutReceipts) -> Swept:
    """End sent messages for which no receipt came within validity and the waiting time."""
    if change.connector:
        return _sweep(work, _timed_out(work, change), change.limit, Event.TIMED_OUT, change.at, _NO_REPORT, _UNKNOWN)
    ids = work.overdue(State.SENT, change.deadline_before - 1, change.limit + 1)
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
    if change.set_back:
        work.move_retries(change.set_back)
    found = work.due(change.at, change.limit + 1)
    messages = found[: change.limit]
    outbox: list[OutboxItem] = []
    if work.opted():
        messages = _still_wanted(work, messages, change.at, outbox)
    sent_parts: dict[int, frozenset[int]] = {}
    for message in messages:
        if message.state is State.SCHEDULED:
            work.counts.of(message.tenant).scheduled -= 1
        message.state = move(message.state, Event.DUE)
        if message.parts > 1:
            taken = work.taken_parts(message.id)
            if taken:
                sent_parts[message.id] = taken
    work.queue(messages)
    return Promoted(tuple(messages), len(found) > change.limit, sent_parts, tuple(outbox))


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
    gone = work.drop_answers(change.keys_before, change.limit) + work.drop_pushes(change.pushes_before, change.limit)
    work.orphan_parked(change.orphans_before, change.limit)
    return gone
