"""Going over to another connector: for a receipt that says undelivered, and away from a link that is down."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from smsgwd.delivery.lifecycle import Event, move
from smsgwd.model.changes import PartSent, Reroute, Rerouted, Resent
from smsgwd.model.message import State
from smsgwd.store.apply.optout import opted_out
from smsgwd.store.rows import STATES, Row
from smsgwd.store.work import Work

#: Ends by a receipt after which a route's second way is tried.
SECOND_WAY: Final = frozenset((State.UNDELIVERED, State.REJECTED))

#: Added to the way that an SMSC id stands for (`Work.map_smsc`): the connector was left before it answered.
LEFT: Final = 0x80


def tried_with(row: Row, connector: str) -> str:
    """`Message.tried` when this connector is left, too."""
    tried = [] if row.tried is None else row.tried.split(",")
    return ",".join(dict.fromkeys((*tried, connector)))


def resend(work: Work, row: Row, at: int, end: State, words: str) -> Resent | None:
    """Instead of ending in this state a message begins anew on the next connector of its `fallback`; None when none
    is left that it was not tried on, its validity is over, or its recipient has opted out meanwhile.

    It stays paid: nothing is refunded, nothing charged again. What its columns told of the way before become events.
    """
    tried = tried_with(row, row.connector)
    rest = [name for name in (row.fallback or "").split(",") if name and name not in tried.split(",")]
    if not rest or at >= row.told.deadline or row.hops >= LEFT - 1:
        return None
    if work.opted() and opted_out(work, (row.told,)):  # what is over is not begun anew
        return None
    after = move(STATES[row.state], Event.RESENT)
    _remember(work, row, at, end, words, rest[0])
    if row.parts > 1:
        work.drop_parts(row)
    row.state = int(after)
    row.connector = rest[0]
    row.tried = tried
    row.fallback = ",".join(rest[1:]) or None
    row.hops += 1
    row.due_at = 0
    row.sent_at = row.done_at = row.smsc_id = row.latency = None
    row.err_code = row.err_detail = row.err_smpp = None
    work.changed(row)
    return Resent(
        replace(
            row.told,
            body=work.body(row),
            state=after,
            connector=row.connector,
            due_at=0,
            attempts=row.attempts,
            tried=row.tried,
            fallback=row.fallback,
            hops=row.hops,
        )
    )


def _remember(work: Work, row: Row, at: int, end: State, words: str, to: str) -> None:
    """Events of the way that is left: when an SMSC had taken it, and why it was left."""
    sent_at, detail = row.sent_at, ""
    if row.parts > 1:
        times = [part.sent_at for part in work.parts(row).values() if part.sent_at is not None]
        detail = f"{len(times)} of {row.parts} parts"
        sent_at = max(times) if sent_at is None and times else sent_at
    if sent_at is not None:
        work.event(
            row.id,
            sent_at,
            "sent",
            detail,
            connector=row.connector,
            smsc_id=row.smsc_id,
            latency=row.latency,
        )
    why = f"{end.public}: {words}" if words else end.public
    work.event(row.id, max(at, sent_at or at), "failover", f"{why}; goes to {to}", connector=row.connector)


def astray(work: Work, row: Row, change: PartSent) -> int:
    """Keep the event of an answer that came when the message had gone over to another connector; the way of its id.

    A message on its second way has given the way before up: its id stands for that. Else the connector was left before
    it answered, and two carriers have the message now.
    """
    work.event(
        row.id,
        change.at,
        "sent",
        "answered after the message had gone over to another connector",
        connector=change.connector,
        smsc_id=change.smsc_id,
        latency=change.latency_ms,
    )
    return row.hops - 1 if row.hops else LEFT


def reroute(work: Work, change: Reroute) -> Rerouted:
    """What is queued for a connector, and nothing of it taken, is queued for others; a few statements for all of it."""
    targets = dict(change.moves)
    moved = work.untaken(list(targets), change.left)
    work.reconnect([(number, targets[number]) for number in moved])
    for number in moved:
        work.event(number, change.at, "failover", f"{change.reason}; goes to {targets[number]}", connector=change.left)
    return Rerouted(tuple(moved))
