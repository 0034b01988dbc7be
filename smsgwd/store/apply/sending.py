"""What the sending side reports: parts taken, attempts that failed, refusals; cancellation and replacement."""

from __future__ import annotations

from typing import Final

from smsgwd.delivery.combine import combined
from smsgwd.delivery.correlation import EXACT, canonical
from smsgwd.delivery.lifecycle import RECEIPT_EVENTS, TABLE, Event, IllegalMove, move
from smsgwd.model.callbacks import TELL_SENT
from smsgwd.model.changes import Cancel, Fail, GiveUp, Ignored, Moved, PartSent, Replace, Replaced, Requeue, Resent
from smsgwd.model.message import FINAL_FROM, HELD, Failure, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.store.apply.operate import stopped, unstop
from smsgwd.store.apply.optout import opted_out
from smsgwd.store.apply.receipts import apply_parked, shared
from smsgwd.store.apply.submit import ENTRY_STATES, NO_CREDIT
from smsgwd.store.apply.ways import SECOND_WAY, astray, resend, tried_with
from smsgwd.store.rows import STATES, TOUCHED_SENT, PartRow, Row
from smsgwd.store.work import Work

_QUEUED: Final = int(State.QUEUED)
_SENT: Final = int(State.SENT)
_SCHEDULED: Final = int(State.SCHEDULED)
_IS_SENT: Final = State.SENT  # to look a member up costs 0.1 us (3.11)
_SENDABLE: Final = frozenset(int(state) for state, moves in TABLE.items() if moves.get(Event.ALL_SENT) is State.SENT)


def why_not(row: Row) -> Ignored:
    """Why a change cannot move this message."""
    if row.state >= FINAL_FROM:
        return Ignored("final", row.id)
    return Ignored("left" if row.state == _SENT else "not_queued", row.id)


def kept_as(change: PartSent) -> str:
    """The SMSC id in the form in which it is kept, so that receipts find it."""
    return change.smsc_id if change.id_format == EXACT else canonical(change.smsc_id)


def part_sent(work: Work, change: PartSent) -> Moved | Resent | Ignored:
    """Remember the SMSC id of a part; with the last part the message is SENT. Receipts parked for it are applied.

    The id is remembered also when the message is final: a receipt may still come for it. Only a message that is not due
    yet cannot have been sent, whatever a response says. Parts that travel in one PDU (message_payload) share one id.

    The answer of a connector that the message has left meanwhile (it was late) does not make it SENT, for the other
    connector's answer is to come: its id is kept, and the event. Of a way given up for an undelivered receipt no
    receipt counts any more; of one left before its answer, DELIVERED does (receipts._of_another_way).
    """
    row = work.row(change.message_id)
    if row is None or not 0 < change.part <= row.parts:
        return Ignored("unknown_message", change.message_id)
    if row.state == _SCHEDULED:
        if not stopped(row):
            return why_not(row)
        if row.connector == change.connector:
            unstop(work, row, change.at)
    key, place = kept_as(change), change.part
    result: Moved | Resent | Ignored
    if row.connector != change.connector:
        place |= astray(work, row, change) << 8
        result = Ignored("superseded", row.id)
    else:
        if row.hops:
            place |= row.hops << 8
        result = _single_sent(work, row, change) if row.parts == 1 else _one_of_several_sent(work, row, change)
    work.map_smsc(change.group, key, row.id, place)
    if work.may_be_parked(change.group, key):
        outbox, resent = apply_parked(work, change.group, key, row, place, change.at)
        if resent is not None:
            return Resent(resent.message, _owed_by(result) + resent.outbox)
        if outbox or (isinstance(result, Moved) and row.state != result.state):
            return Moved(row.id, STATES[row.state], _owed_by(result) + outbox)
    return result


def _owed_by(result: Moved | Resent | Ignored) -> tuple[OutboxItem, ...]:
    return () if isinstance(result, Ignored) else result.outbox


def _single_sent(work: Work, row: Row, change: PartSent) -> Moved | Ignored:
    if row.state not in _SENDABLE:
        return Ignored("repeated", row.id) if row.state == _SENT else why_not(row)
    row.state = _SENT
    row.sent_at = change.at
    row.smsc_id = change.smsc_id
    row.latency = change.latency_ms
    work.changed(row, TOUCHED_SENT)
    if row.told.asks & TELL_SENT:
        return Moved(row.id, _IS_SENT, work.sent(row, change.at))
    return Moved(row.id, _IS_SENT)


def _one_of_several_sent(work: Work, row: Row, change: PartSent) -> Moved | Resent | Ignored:
    parts = work.parts(row)
    known = parts.get(change.part)
    if known is not None and known.sent_at is not None:
        return why_not(row) if row.state >= FINAL_FROM else Ignored("repeated", row.id)
    # Without a receipt of its own a part counts as delivered: the parts that have one decide.
    state = _SENT if change.expects_receipt else int(State.DELIVERED)
    part = PartRow(change.part, change.smsc_id, state, change.at, None, None, None, None, change.latency_ms)
    twin = next((p for p in parts.values() if p.smsc_id == change.smsc_id and p.state >= FINAL_FROM), None)
    if twin is not None:  # in the same PDU as a part whose receipt was parked: it is known what became of it
        part = shared(twin, change.part, change.at)
    work.put_part(row, part)
    if row.smsc_id is None or change.part == 1:
        row.smsc_id = change.smsc_id
        work.changed(row)
    if row.state >= FINAL_FROM:
        return why_not(row)
    row.latency = change.latency_ms
    owed: tuple[OutboxItem, ...] = ()
    if sum(part.sent_at is not None for part in parts.values()) == row.parts:
        row.state = int(move(STATES[row.state], Event.ALL_SENT))
        row.sent_at = change.at
        owed = work.sent(row, change.at)
    work.changed(row)
    # It may be the last one open: its receipt was parked, or it has none and those of the others have come.
    whole = combined([STATES[p.state] for p in parts.values()], row.parts) if part.state >= FINAL_FROM else None
    if whole is not None:
        told = max((p for p in parts.values() if p.state == whole), key=lambda p: p.done_at or 0)
        error = None if told.err_code is None else Failure(told.err_code, told.err_detail or "", told.err_smpp)
        if row.fallback is not None and whole in SECOND_WAY:
            resent = resend(work, row, change.at, whole, told.err_detail or "")
            if resent is not None:
                return Resent(resent.message, owed)
        return Moved(row.id, whole, owed + work.settle(row, RECEIPT_EVENTS[whole], change.at, error, told.done_at))
    return Moved(row.id, STATES[row.state], owed)


def requeue(work: Work, change: Requeue) -> Moved | Ignored:
    """QUEUED → WAITING, or with `due_at` 0 QUEUED again at once, on the connector named.

    With `left` it goes over to that connector. Ignored as `superseded` when the message has gone over already: what
    the connector before says of it does not concern the way it goes now.
    """
    row = work.row(change.message_id)
    if row is None:
        return Ignored("unknown_message", change.message_id)
    try:
        after = move(STATES[row.state], Event.POSTPONED)
    except IllegalMove:
        return why_not(row)
    left = change.left
    if row.connector != (left or change.connector):
        return Ignored("superseded", row.id)
    if left and work.out(row):
        return Ignored("left", row.id)
    if left:
        row.tried = tried_with(row, left)
    if change.due_at == 0:
        after = move(after, Event.DUE)
    row.state = int(after)
    row.due_at = change.due_at
    row.connector = change.connector
    row.attempts += change.counts
    work.changed(row)
    why = _words(change.error)
    work.event(
        row.id,
        change.at,
        "failover" if left else "retry",
        f"{why}; goes to {change.connector}" if left else why,
        connector=left or change.connector,
        smpp_status=change.error.smpp_status,
        latency=change.latency_ms,
    )
    return Moved(row.id, after)


def _words(error: Failure) -> str:
    return ": ".join(filter(None, (error.code, error.detail)))


def fail(work: Work, change: Fail) -> Moved | Ignored:
    """REJECTED when the SMSC took no part, UNDELIVERED when it took some, or another took it on an earlier way."""
    row = work.row(change.message_id)
    if row is None:
        return Ignored("unknown_message", change.message_id)
    if row.connector != change.connector and row.state < FINAL_FROM:
        return Ignored("superseded", row.id)
    event = Event.BROKEN if work.taken(row) else Event.REFUSED
    try:
        move(STATES[row.state], event)
    except IllegalMove:
        return why_not(row)
    error, detail = change.error, _words(change.error)
    if row.parts > 1:
        detail = f"{detail} (part {change.part} of {row.parts})"
        if change.part not in work.parts(row):
            values = (error.code, error.detail, error.smpp_status, change.latency_ms)
            work.put_part(row, PartRow(change.part, None, int(State.REJECTED), None, change.at, *values))
    work.event(
        row.id,
        change.at,
        "refused",
        detail,
        connector=change.connector,
        smpp_status=error.smpp_status,
        latency=change.latency_ms,
    )
    return _moved(row, work.settle(row, event, change.at, change.error))


def give_up(work: Work, change: GiveUp) -> Moved | Ignored:
    """UNKNOWN: whether the SMSC has it cannot be known, and policy says not to send it again."""
    row = work.row(change.message_id)
    if row is None:
        return Ignored("unknown_message", change.message_id)
    if row.connector != change.connector and row.state < FINAL_FROM:
        return Ignored("superseded", row.id)
    try:
        outbox = work.settle(row, Event.GIVEN_UP, change.at, change.error)
    except IllegalMove:
        return why_not(row)
    return _moved(row, outbox)


def cancel(work: Work, change: Cancel) -> Moved | Ignored:
    """CANCELLED, unless the SMSC has a part of it."""
    row = _still_ours(work, change.message_id, change.tenant)
    if isinstance(row, Ignored):
        return row
    return _moved(row, work.settle(row, Event.CANCELLED, change.at, None))


def replace(work: Work, change: Replace) -> Replaced | Ignored:
    """Another message in the place of one that has not left, at the price of the new one; or all stays as it was.

    It keeps the id, the submission and the time of acceptance. Raises ValueError for a message in a state that no
    message begins in.
    """
    message = change.message
    if message.state not in ENTRY_STATES:
        raise ValueError(f"message {message.id} cannot begin as {message.state!r}")
    row = _still_ours(work, message.id, change.tenant)
    if isinstance(row, Ignored):
        return row
    if row.state == _SCHEDULED and row.due_at >= HELD:  # it would get past the operator
        return Ignored("held", row.id)
    out = opted_out(work, (message,)) if work.opted() else None
    if out:
        return Replaced(row.id, out[message.tenant, message.msisdn])
    if not work.books.exchange(row.told, message, change.at):
        return Replaced(row.id, NO_CREDIT)
    if (row.state == _SCHEDULED) != (message.state is State.SCHEDULED):
        work.counts.of(row.told.tenant).scheduled += 1 if message.state is State.SCHEDULED else -1
    work.replace(message)
    work.event(row.id, change.at, "replaced")
    return Replaced(row.id)


def _still_ours(work: Work, message_id: int, tenant: str) -> Row | Ignored:
    """The row of a message that can be taken back, or why it cannot."""
    row = work.row(message_id)
    if row is None:
        return Ignored("unknown_message", message_id)
    if row.told.tenant != tenant:
        return Ignored("not_yours", row.id)
    if row.state >= FINAL_FROM:
        return Ignored("final", row.id)
    if row.state == _SENT or work.taken(row):
        return Ignored("left", row.id)
    return row


def _moved(row: Row, outbox: tuple[OutboxItem, ...]) -> Moved:
    return Moved(row.id, STATES[row.state], outbox)
