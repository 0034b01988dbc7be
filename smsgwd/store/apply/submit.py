"""Taking messages: credit and idempotency."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from smsgwd.model.changes import KeyMismatch, Replayed, Submit, Submitted
from smsgwd.model.message import State
from smsgwd.model.refusals import Refusal
from smsgwd.store.apply.optout import opted_out
from smsgwd.store.apply.recipients import REPEATED, keep_refused, repeated, use
from smsgwd.store.apply.texts import DUPLICATE, keep_texts, taken_of_late
from smsgwd.store.rows import Answer
from smsgwd.store.work import Work

_KEPT_MS: Final = 24 * 3600 * 1000
_TOGETHER: Final = 1 << 63  # beyond any price: a message that is not its tenant's alone to pay
NO_CREDIT: Final = Refusal.NO_CREDIT.code
ENTRY_STATES: Final = (State.QUEUED, State.SCHEDULED)


def submit(work: Work, change: Submit) -> Submitted | Replayed | KeyMismatch:
    """Reserve and keep, message by message: one that the credit of its tenant, or of an ancestor that pays too, does
    not reach for is refused, the next is tried; as is one whose recipient has opted out of its tenant's messages, and
    one whose reference was used before where it was to be used once, or whose text was taken of late where that is
    asked for.

    A tenant the store does not know is treated as postpaid. Raises ValueError for a message in a state that no
    message begins in; an id that is taken makes the transaction fail.
    """
    if change.idempotency is not None:
        found = _earlier(work, change)
        if found is not None:
            return found
        if not change.messages and not change.answer:  # only that was asked
            return Submitted({})
    tenant, total = change.tenant, 0
    for message in change.messages:
        if message.state not in ENTRY_STATES:
            raise ValueError(f"message {message.id} cannot begin as {message.state!r}")
        total += message.price if message.tenant == tenant and message.payers is None else _TOGETHER
    refused: dict[int, str] = {}
    out = opted_out(work, change.messages) if work.opted() else None
    again = repeated(work, change) if change.unique else None
    late = taken_of_late(work, change) if change.texts else None
    barred = _barred(change, out or {}, again or (), late or ()) if out or again or late else {}
    if change.rehearsed:
        return Submitted(_would_refuse(work, change, barred))
    if change.whole and (barred or not work.books.affordable(change.messages)):
        kept, refused = [], _all_refused(change, barred)
    elif not barred and total < _TOGETHER and work.books.reserve(tenant, change.messages, total, change.at):
        kept = change.messages
        work.insert(kept)
    else:
        kept = []
        for place, message in enumerate(change.messages):
            if place in barred:
                refused[place] = barred[place]
            elif work.books.reserve_chain(message, change.at):
                kept.append(message)
            else:
                refused[place] = NO_CREDIT
        work.insert(kept)
    if change.unique:
        use(work, change, refused)
    if change.texts:
        keep_texts(work, change, refused)
    if change.refused is not None:
        keep_refused(work, change, refused)
    if change.links:
        work.keep_links(change.links, {message.id for message in kept})
    if change.idempotency is not None:
        answer = Answer(change.idempotency.digest, change.answer, refused, change.at)
        work.keep_answer(tenant, change.idempotency.key, answer)
    return Submitted(refused)


def _barred(
    change: Submit, out: Mapping[tuple[str, str], str], again: Collection[int], late: Collection[int]
) -> dict[int, str]:
    """Why messages may not be taken, whatever they cost: codes by place."""
    barred: dict[int, str] = {}
    for place, message in enumerate(change.messages):
        if place in late:
            barred[place] = DUPLICATE
        elif place in again:
            barred[place] = REPEATED
        elif (message.tenant, message.msisdn) in out:
            barred[place] = out[message.tenant, message.msisdn]
    return barred


def _would_refuse(work: Work, change: Submit, barred: Mapping[int, str]) -> dict[int, str]:
    """Why each message would be refused that would be."""
    left = [place for place in range(len(change.messages)) if place not in barred]
    paid = work.books.payable([change.messages[place] for place in left])
    return {**barred, **{place: NO_CREDIT for place, pays in zip(left, paid, strict=True) if not pays}}


def _all_refused(change: Submit, barred: Mapping[int, str]) -> dict[int, str]:
    """Why each message of a submission is refused that is taken whole or not at all: those that would have been taken
    are `invalid` beside the ones that would not."""
    others = Refusal.INVALID.code if barred else NO_CREDIT
    return {place: barred.get(place, others) for place in range(len(change.messages))}


def _earlier(work: Work, change: Submit) -> Replayed | KeyMismatch | None:
    """What the same key was answered within the last 24 h; None when it was not used."""
    assert change.idempotency is not None
    found = work.answer_of(change.tenant, change.idempotency.key)
    if found is None or found.made_at <= change.at - _KEPT_MS:
        return None
    if found.digest != change.idempotency.digest:
        return KeyMismatch()
    return Replayed(found.answer, found.refused)
