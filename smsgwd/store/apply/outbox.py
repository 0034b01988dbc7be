"""What became of pushes, and notes for a message's history."""

from __future__ import annotations

from smsgwd.model.business import Push
from smsgwd.model.changes import Note, Owed
from smsgwd.model.pushes import OutboxDead, OutboxDone, OutboxRetry, OutboxRevive
from smsgwd.store.items import event_item
from smsgwd.store.owed import url_target
from smsgwd.store.work import Work


def outbox_done(work: Work, change: OutboxDone) -> None:
    """The push is finished."""
    work.pushes.done(change.id, change.at)


def outbox_retry(work: Work, change: OutboxRetry) -> None:
    """The push is due again later."""
    work.pushes.retry(change.id, change.due_at, change.error)


def outbox_dead(work: Work, change: OutboxDead) -> None:
    """The push is given up and kept for an operator."""
    work.pushes.dead(change.id, change.at, change.error)


def outbox_revive(work: Work, change: OutboxRevive) -> int:
    """What was given up of a target begins anew; how many."""
    return work.revive(change.target, change.at, change.limit)


def push(work: Work, change: Push) -> Owed:
    """Owe a tenant an event."""
    target, at = url_target(change.tenant, change.url), change.at
    number = work.pushes.add(0, target, change.tenant, change.url, change.type, at, change.payload)
    columns = (number, change.tenant, target, change.url, change.type, at, at, 0)
    return Owed((event_item(columns, change.payload),))


def note(work: Work, change: Note) -> None:
    """Keep an event of a message; nothing for a message that is not there."""
    if work.row(change.message_id) is not None:
        work.event(
            change.message_id,
            change.at,
            change.type,
            change.detail,
            connector=change.connector,
            smpp_status=change.smpp_status,
        )
