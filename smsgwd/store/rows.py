"""Messages and their parts as a transaction changes them, and other rows that `smsgwd.store.apply` reads and writes.

Values only: how a store keeps them is its own affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from smsgwd.model.message import Failure, Message, State
from smsgwd.model.receipts import Receipt

#: Members of State by their number: to look one up by State(number) takes longer.
STATES: Final[dict[int, State]] = {int(state): state for state in State}
#: Exceptional events that are kept of a message, so that a peer that repeats itself fills no disk.
MOST_EVENTS: Final = 200
#: Letters of an event's detail that are kept.
LONGEST_DETAIL: Final = 500
#: Letters of what is kept of why a push failed.
LONGEST_ERROR: Final = 500
#: Status of a kept part of a subscriber's message: others are missing; taken already; all are there, not yet taken.
MO_WAITS, MO_DONE, MO_COMPLETE = range(3)


class PartRow(msgspec.Struct, gc=False):
    """What became of one part of a message of several."""

    part: int
    smsc_id: str | None
    state: int
    sent_at: int | None
    done_at: int | None
    err_code: str | None
    err_detail: str | None
    err_smpp: int | None
    latency: int | None = None  #: ms from the write of its PDU to the answer


#: What of a row is not written yet: only what makes it SENT, only what makes it final without an error, or anything.
TOUCHED_SENT: Final = 1
TOUCHED_FINAL: Final = 2
TOUCHED: Final = 4


class Row(msgspec.Struct, gc=False):
    """A message as the store has it now: `told` is what never changes of it, the rest what does.

    (`told` also has the state, connector, due time, attempts and ways of its beginning: they count no more.)
    """

    id: int
    parts: int
    told: Message
    connector: str
    state: int = 2
    due_at: int = 0
    attempts: int = 0
    sent_at: int | None = None
    done_at: int | None = None
    err_code: str | None = None
    err_detail: str | None = None
    err_smpp: int | None = None
    smsc_id: str | None = None
    latency: int | None = None
    push: int | None = None  #: the id of the push by which its final state is owed
    tried: str | None = None
    fallback: str | None = None
    hops: int = 0
    known: dict[int, PartRow] | None = None  #: parts by number, of a message of several; None = not read yet
    touched: int = 0

    def fail(self, error: Failure) -> None:
        """Set the error columns."""
        self.err_code = error.code
        self.err_detail = error.detail
        self.err_smpp = error.smpp_status


_copy: Final[Callable[[Message], Message]] = Message.__copy__  # type: ignore[attr-defined]


def row_of(message: Message) -> Row:
    """The row of a message that is being inserted, as nearly every one begins: QUEUED, due at once, never tried (else
    call `begin`, too). It keeps a copy of its own, without the body."""
    told = _copy(message)
    told.body = b""
    row = Row(told.id, told.parts, told, told.connector)
    if row.parts > 1:
        row.known = {}
    return row


def begin(row: Row, message: Message) -> None:
    """Set what of a message that is being inserted is not as `row_of` takes it to be."""
    row.state, row.due_at, row.attempts = int(message.state), message.due_at, message.attempts
    row.tried, row.fallback, row.hops = message.tried, message.fallback, message.hops


def failure_from(code: str | None, detail: str | None, smpp_status: int | None) -> Failure | None:
    """A Failure of the three error columns; None when there is none."""
    return None if code is None else Failure(code, detail or "", smpp_status)


class Answer(msgspec.Struct, gc=False):
    """What was kept for an idempotency key."""

    digest: bytes  #: of the request that was answered
    answer: bytes  #: its answer, as the edge wrote it
    refused: dict[int, str]  #: why messages of it were refused, by their places
    made_at: int  #: ms since 1970


class ParkedRow(msgspec.Struct, gc=False):
    """A receipt that waits for its message, or an orphan."""

    id: int  #: in the order in which they came
    form: int  #: which form of its SMSC id it was found by: 0 = the likeliest
    receipt: Receipt


class MoRow(msgspec.Struct, gc=False):
    """A kept part of a subscriber's message."""

    status: int  #: MO_WAITS, MO_DONE, MO_COMPLETE
    mo: bytes  #: of `model.mo.pack_mo`
