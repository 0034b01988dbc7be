"""Taking messages that were acknowledged before the store could be asked."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from smsgwd.delivery.lifecycle import Event
from smsgwd.model.changes import Submitted
from smsgwd.model.message import Failure
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import BY_CODE, Refusal
from smsgwd.model.spooled import Drained, SubmitSpooled
from smsgwd.store.apply.submit import submit
from smsgwd.store.rows import Answer
from smsgwd.store.work import Work

_DUPLICATE: Final = Refusal.DUPLICATE.code


def submit_spooled(work: Work, change: SubmitSpooled) -> Drained:
    """As `submit`; what that refuses ends at once as REJECTED, and costs nobody anything."""
    found = submit(work, change)
    if not isinstance(found, Submitted):  # the key was answered meanwhile, here or on another node
        refused = dict.fromkeys(range(len(change.messages)), _DUPLICATE)
    else:
        refused = found.refused
        if refused and change.idempotency is not None:  # the answer that was given names them as taken
            answer = Answer(change.idempotency.digest, change.answer, {}, change.at)
            work.keep_answer(change.tenant, change.idempotency.key, answer)
    # What it would have cost is not reserved: as kept, it is free.
    free = [replace(change.messages[place], price=0, payers=None) for place in refused]
    work.insert(free)
    outbox: list[OutboxItem] = []
    for message, code in zip(free, refused.values(), strict=True):
        row = work.row(message.id)
        assert row is not None
        known = BY_CODE.get(code)
        error = Failure(code, "" if known is None else known.title)
        outbox += work.settle(row, Event.NOT_TAKEN, change.at, error)
    return Drained(refused, tuple(outbox))
