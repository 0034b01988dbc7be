"""What an operator does to messages that have not left: stop them, end them.

Whoever asks for it has taken them back from the sending side, so that nothing is on its way to an SMSC; what was is
known as for any message.
"""

from __future__ import annotations

from typing import Final

from smsgwd.delivery.lifecycle import Event, move
from smsgwd.model.changes import Rerouted, Swept
from smsgwd.model.message import HELD, Failure, State
from smsgwd.model.operators import Discard, Hold
from smsgwd.model.outbox import OutboxItem
from smsgwd.store.rows import STATES, Row
from smsgwd.store.work import Work

_SCHEDULED: Final = int(State.SCHEDULED)
_WAITING: Final = int(State.WAITING)
_QUEUED: Final = int(State.QUEUED)
_UNSENT: Final = frozenset((_SCHEDULED, _WAITING, _QUEUED))
PURGED: Final = "purged"  #: the code of what Discard ends


def hold(work: Work, change: Hold) -> Rerouted:
    """QUEUED -> SCHEDULED until an operator releases them; those that any SMSC has, or had, a part of stay queued."""
    work.prefetch(change.ids)
    stopped: list[int] = []
    for number in change.ids:
        row = work.row(number)
        if row is None or row.state != _QUEUED or work.taken(row):
            continue
        row.state = int(move(STATES[row.state], Event.HELD))
        row.due_at = HELD + row.due_at % HELD
        work.later(row)
        work.counts.of(row.told.tenant).scheduled += 1
        work.event(number, change.at, "held", change.reason, connector=row.connector)
        stopped.append(number)
    return Rerouted(tuple(stopped))


def discard(work: Work, change: Discard) -> Swept:
    """End what has not left as REJECTED; others are left out."""
    work.prefetch(change.ids)
    error = Failure(PURGED, change.reason)
    ended: list[int] = []
    outbox: list[OutboxItem] = []
    for number in change.ids:
        row = work.row(number)
        if row is None or row.state not in _UNSENT or work.elsewhere(row):
            continue
        outbox += work.settle(row, Event.PURGED, change.at, error)
        ended.append(number)
    return Swept(tuple(ended), tuple(outbox), False, State.REJECTED)


def stopped(row: Row) -> bool:
    """True for a message that an operator holds after it was tried: an SMSC may have it all the same."""
    return row.state == _SCHEDULED and row.due_at >= HELD and bool(row.attempts or row.tried)


def unstop(work: Work, row: Row, at: int) -> None:
    """An SMSC says that it has a message that is `stopped`: then it cannot be held any more. It waits to be queued
    again as after any failed attempt, and takes the answer like that."""
    row.state = int(move(move(STATES[row.state], Event.DUE), Event.POSTPONED))
    row.due_at = at
    work.changed(row)
    work.counts.of(row.told.tenant).scheduled -= 1
    work.event(row.id, at, "released", "an SMSC had it", connector=row.connector)
