"""Messages that wait for a date, or for an operator: another time for them, release, rejection."""

from __future__ import annotations

from typing import Final

from smsgwd.delivery.lifecycle import Event
from smsgwd.model.business import Reschedule, Unhold
from smsgwd.model.changes import Ignored, Moved, Swept
from smsgwd.model.message import FINAL_FROM, HELD, Failure, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import Refusal
from smsgwd.store.embedded.apply.operate import PURGED
from smsgwd.store.embedded.beginnings import beginning_with
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.business import HELD_ROWS
from smsgwd.store.embedded.work import Work
from smsgwd.store.rows import Row

_FLOOD: Final = Failure(Refusal.FLOOD.code, "held as unusual traffic, and rejected by the operator")
_UNWANTED: Final = Failure(PURGED, "held and rejected by the operator")
_STOPPED: Final = "SELECT EXISTS (SELECT 1 FROM event WHERE message = ? AND type = 'held')"
_SCHEDULED: Final = int(State.SCHEDULED)
_RELEASE: Final = Many(
    "WITH new (due_at, id) AS (VALUES ",
    "(?, ?)",
    f") UPDATE message SET due_at = max(new.due_at, message.due_at - {HELD}) FROM new WHERE message.id = new.id",  # noqa: S608 -- texts of ours
)


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
    work.flush()
    work.connection.execute(
        "UPDATE message SET due_at = ?, deadline = coalesce(?, deadline) WHERE id = ?",
        (change.due_at or change.at, change.deadline, row.id),
    )
    work.forget(row.id)
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
    work.flush()
    index, conditions = "message_due", [HELD_ROWS]
    values: list[str] = []
    if change.tenant:
        index = "message_held"
        conditions.append("m.tenant = ?")
        values.append(change.tenant)
    if change.prefix:
        digits, bounds = beginning_with("m.msisdn", change.prefix)
        conditions.append(digits)
        values += bounds
    if change.connector:
        conditions.append("m.connector = ?")
        values.append(change.connector)
    found = work.connection.execute(
        f"SELECT m.id FROM message m INDEXED BY {index} WHERE {' AND '.join(conditions)} LIMIT ?",  # noqa: S608 -- texts of ours
        (*values, change.limit + 1),
    ).fetchall()
    ids = [number for (number,) in found[: change.limit]]
    more = len(found) > change.limit
    if change.reject:
        return Swept(tuple(ids), _reject(work, ids, change.at), more, State.REJECTED)
    _RELEASE.run(work.connection, [value for number in ids for value in (change.at, number)])
    for number in ids:
        work.forget(number)
        work.event(number, change.at, "released")
    return Swept(tuple(ids), (), more, State.SCHEDULED)


def _reject(work: Work, ids: list[int], at: int) -> tuple[OutboxItem, ...]:
    work.prefetch(ids)
    outbox: list[OutboxItem] = []
    for number in ids:
        row = work.row(number)
        assert row is not None
        (by_operator,) = work.connection.execute(_STOPPED, (number,)).fetchone()
        outbox.extend(work.settle(row, Event.BARRED, at, _UNWANTED if by_operator else _FLOOD))
    return tuple(outbox)
