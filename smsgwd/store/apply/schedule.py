"""Messages that wait for a date, or for an operator: another time for them, release, rejection."""

from __future__ import annotations

from typing import Final

from smsgwd.delivery.lifecycle import Event
from smsgwd.model.business import Reschedule, Unhold
from smsgwd.model.changes import Ignored, Moved, Swept
from smsgwd.model.message import FINAL_FROM, HELD, Failure, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import Refusal
from smsgwd.store.apply.operate import PURGED
from smsgwd.store.rows import Row
from smsgwd.store.work import Work

_FLOOD: Final = Failure(Refusal.FLOOD.code, "held as unusual traffic, and rejected by the operator")
_UNWANTED: Final = Failure(PURGED, "held and rejected by the operator")
_SCHEDULED: Final = int(State.SCHEDULED)


def reschedule(work: Work, change: Reschedule) -> Moved | Ignored:
    """Another time for a message that waits for its date, be it a date that has passed: `Promote` takes it from there.

    Ignored as `held` for one that only an operator releases, as `left` for one that is on its way.
    """
    row = work.row(change.message_id)
    if row is None:
        return Ignored("unknown_message", change.message_id)
    why = _why_not(row, change.tenant)
    if why:
        return Ignored(why, row.id)
    work.reschedule(row, change.due_at or change.at, change.deadline)
    work.event(row.id, change.at, "rescheduled")
    return Moved(row.id, State.SCHEDULED)


def _why_not(row: Row, tenant: str) -> str:
    """Why a message cannot get another time; '' when it can."""
    if row.told.tenant != tenant:
        return "not_yours"
    if row.state >= FINAL_FROM:
        return "final"
    if row.state != _SCHEDULED:
        return "left"
    return "held" if row.due_at >= HELD else ""


def unhold(work: Work, change: Unhold) -> Swept:
    """Release held messages, each for its own time or for now, or end them as REJECTED, refunded."""
    found = work.held_ids(change.tenant, change.prefix, change.connector, change.limit + 1)
    ids, more = found[: change.limit], len(found) > change.limit
    if change.reject:
        return Swept(tuple(ids), _reject(work, ids, change.at), more, State.REJECTED)
    work.release(ids, change.at)
    for number in ids:
        work.event(number, change.at, "released")
    return Swept(tuple(ids), (), more, State.SCHEDULED)


def _reject(work: Work, ids: list[int], at: int) -> tuple[OutboxItem, ...]:
    work.prefetch(ids)
    outbox: list[OutboxItem] = []
    for number in ids:
        row = work.row(number)
        assert row is not None
        outbox.extend(work.settle(row, Event.BARRED, at, _UNWANTED if work.was_held(number) else _FLOOD))
    return tuple(outbox)
