"""Submissions that wait on a node's own disk until the shared store can take them (docs/design/spool.md)."""

from __future__ import annotations

import msgspec

from smsgwd.model.changes import Note, Submit, Submitted
from smsgwd.model.outbox import OutboxItem


class SubmitSpooled(Submit, frozen=True, gc=False):
    """A submission that was acknowledged before the store had it: none of its messages is refused any more. One that
    would have been ends as REJECTED, for that reason, charged nothing; as does all of one whose idempotency key was
    answered meanwhile (`duplicate`). `at` is when the store takes it. Result: Drained.
    """


class Drained(Submitted, frozen=True, gc=False):
    """All of its messages are kept; those in `refused` have ended, and `outbox` is what their tenants are owed."""

    outbox: tuple[OutboxItem, ...] = ()


class Spooled(Submitted, frozen=True, gc=False):
    """Durable on this node's disk, and unknown to the store: nothing may be sent yet."""


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """A submission as it waits; `notes` are events of its messages."""

    submit: Submit
    notes: tuple[Note, ...] = ()


class SpoolView(msgspec.Struct, frozen=True):
    """How much waits on this node's disk, for operators."""

    messages: int
    oldest: int | None  #: ms since 1970
    most: int  #: messages that may wait
    away: bool  #: new ones are put there while the store is away
    aside: int  #: submissions that the store cannot apply, kept for somebody to look at
    trouble: str  #: why nothing can be written there; '' = it can
