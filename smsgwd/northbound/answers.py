"""What the native API answers: the types, which also make its OpenAPI document, and how they are made.

Ids are decimal strings (they pass 2**53, where JavaScript loses digits), times RFC 3339 UTC with milliseconds, money
decimal strings, numbers as their tenant wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from smsgwd.model.message import HELD, PUBLIC_STATES, Coding, EventView, Failure, MessageView, PartView, State
from smsgwd.model.money import format_money
from smsgwd.model.submission import Entry
from smsgwd.timespec.rfc3339 import format_epoch_ms

Id = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9]{1,19}$"}, description="A decimal string.")]
StateName = Annotated[str, Meta(extra_json_schema={"enum": list(PUBLIC_STATES)})]
Money = Annotated[str, Meta(extra_json_schema={"pattern": "^-?[0-9]+\\.[0-9]{4}([0-9]{2})?$"})]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, description="UTC, with milliseconds.")]
Encoding = Annotated[str, Meta(extra_json_schema={"enum": ["gsm", "latin1", "ucs2", "binary"]})]


class Error(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Why something failed."""

    code: Annotated[str, Meta(description="Stable; see the list of codes.")]
    detail: str
    smpp_status: Annotated[int | None, Meta(description="command_status of the carrier, where there was one.")] = None


class SentEntry(msgspec.Struct, frozen=True, gc=False):
    """What became of one recipient. A refused one has no id and no state, but an error."""

    id: Id | None
    to: str
    state: StateName | None
    parts: int
    encoding: Encoding | None
    price: Annotated[Money, Meta(description="Of the whole message.")]
    error: Error | None


class SendAnswer(msgspec.Struct, frozen=True, gc=False):
    """The answer to a submission: everything without an error is stored durably."""

    id: Annotated[Id, Meta(description="The submission.")]
    messages: Annotated[list[SentEntry], Meta(description="One a recipient, in the order of the request.")]


class Message(msgspec.Struct, frozen=True, gc=False, rename={"from_": "from"}, kw_only=True):
    """A message with what became of it."""

    id: Id
    submission: Annotated[Id, Meta(description="The submission it came with.")]
    to: str
    from_: str
    state: StateName
    parts: int
    encoding: Encoding
    price: Money
    client_ref: str | None
    submitted_at: Time
    sent_at: Time | None
    done_at: Annotated[Time | None, Meta(description="When its final state was reached.")]
    error: Error | None
    connector: Annotated[str, Meta(description="The connector it goes or went by.")]
    schedule_at: Annotated[
        Time | msgspec.UnsetType, Meta(description="When it is sent; only while it waits for that.")
    ] = msgspec.UNSET
    held: Annotated[
        bool | msgspec.UnsetType, Meta(description="True while the operator looks at it first, else left out.")
    ] = msgspec.UNSET
    name: Annotated[
        str | msgspec.UnsetType, Meta(description="Of the contact with this number; left out where there is none.")
    ] = msgspec.UNSET


class Event(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Something that happened to a message."""

    at: Time
    type: Annotated[str, Meta(description="accepted, sent, retry, failover, refused, receipt, delivered, ...")]
    detail: str = ""
    connector: Annotated[str | None, Meta(description="Whose attempt this was, or who said it.")] = None
    smsc_id: Annotated[str | None, Meta(description="The carrier's id of the message.")] = None
    smpp_status: Annotated[int | None, Meta(description="command_status of the carrier, where there was one.")] = None
    latency_ms: Annotated[int | None, Meta(description="How long the carrier took to answer an attempt.")] = None


class Part(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One part of a message as its carrier knows it."""

    part: Annotated[int, Meta(description="From 1.")]
    state: StateName
    smsc_id: Annotated[str | None, Meta(description="The carrier's id of the part.")] = None
    sent_at: Time | None = None
    done_at: Time | None = None
    error: Error | None = None
    latency_ms: Annotated[int | None, Meta(description="How long the carrier took to answer.")] = None


class MessageDetail(Message, frozen=True, gc=False, kw_only=True):
    """A message with its history."""

    events: Annotated[list[Event], Meta(description="Oldest first.")]
    part_details: Annotated[list[Part], Meta(description="What became of each part, on its last way.")]


class SubmissionMessages(msgspec.Struct, frozen=True, gc=False):
    """The messages of one submission."""

    id: Id
    messages: list[Message]


class MessageList(msgspec.Struct, frozen=True, gc=False):
    """A page of messages, newest first."""

    messages: list[Message]
    next_cursor: Annotated[
        str | None, Meta(description="Pass it as `cursor` for the next page; null on the last page.")
    ]


class Balance(msgspec.Struct, frozen=True, gc=False):
    """What is left, and what is owed."""

    balance: Annotated[
        Money | None,
        Meta(description="Below nothing where a credit limit allows it; null for a postpaid account without a limit."),
    ]
    currency: str
    available: Annotated[Money | None, Meta(description="What can be spent still; null without a limit.")]
    reserved: Annotated[Money, Meta(description="Set aside for messages that are not final yet.")]
    credit_limit: Annotated[Money | None, Meta(description="How far below nothing it may fall; null without a limit.")]
    owed: Annotated[Money, Meta(description="How far it is below nothing: what is to be paid.")]


class Problem(msgspec.Struct, frozen=True, gc=False):
    """An RFC 9457 problem: why the request was not taken."""

    type: Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
    title: str
    status: int
    code: Annotated[str, Meta(description="Stable; see the list of codes.")]
    detail: str
    messages: Annotated[
        list[SentEntry] | msgspec.UnsetType,
        Meta(description="Where recipients were looked at: why each was refused."),
    ] = msgspec.UNSET
    incident: Annotated[str | msgspec.UnsetType, Meta(description="With code internal: what to tell the operator.")] = (
        msgspec.UNSET
    )


_NOTHING = format_money(0)
#: By number: the property behind each name costs as much as all the rest of an entry.
_STATES = {int(state): state.public for state in State}
_CODINGS = [coding.public for coding in sorted(Coding)]


def error(failure: Failure | None) -> Error | None:
    """The `error` member."""
    return None if failure is None else Error(failure.code, failure.detail, failure.smpp_status)


def refused_entry(to: str, failure: Failure) -> SentEntry:
    """The entry of a recipient that was refused before the pipeline saw it."""
    return SentEntry(None, to, None, 0, None, _NOTHING, error(failure))


def sent_entry(entry: Entry) -> SentEntry:
    """The entry of a recipient as the pipeline left it."""
    any_id, state, coding, failure = entry.id, entry.state, entry.coding, entry.error
    return SentEntry(
        None if any_id is None else str(any_id),
        entry.dest,
        None if state is None else _STATES[state],
        entry.parts,
        None if coding is None else _CODINGS[coding],
        format_money(entry.price),
        None if failure is None else error(failure),
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_epoch_ms(ms)


def message(view: MessageView, names: Mapping[str, str]) -> Message:
    """A message as lists and submissions show it; `names` by number (digits)."""
    return Message(**_members(view, names))


def message_detail(view: MessageView, names: Mapping[str, str]) -> MessageDetail:
    """A message as GET by its id shows it."""
    return MessageDetail(
        **_members(view, names),
        events=[_event(event) for event in view.events],
        part_details=[_part(part) for part in view.parts],
    )


def _members(view: MessageView, names: Mapping[str, str]) -> dict[str, Any]:
    kept = view.message
    waits: dict[str, Any] = {}
    if kept.state is State.SCHEDULED:
        if kept.due_at != HELD:
            waits["schedule_at"] = format_epoch_ms(kept.due_at % HELD)
        if kept.due_at >= HELD:
            waits["held"] = True
    return {
        **waits,
        "id": str(kept.id),
        "submission": str(kept.submission),
        "to": kept.dest,
        "from_": kept.source,
        "state": kept.state.public,
        "parts": kept.parts,
        "encoding": kept.coding.public,
        "price": format_money(kept.price),
        "client_ref": kept.client_ref,
        "submitted_at": format_epoch_ms(kept.submitted_at),
        "sent_at": _time(view.sent_at),
        "done_at": _time(view.done_at),
        "error": error(view.error),
        "connector": kept.connector,
        "name": names.get(kept.msisdn, msgspec.UNSET),
    }


def _event(view: EventView) -> Event:
    return Event(
        format_epoch_ms(view.at),
        view.type,
        view.detail,
        view.connector,
        view.smsc_id,
        view.smpp_status,
        view.latency_ms,
    )


def _part(view: PartView) -> Part:
    return Part(
        view.part,
        view.state.public,
        view.smsc_id,
        _time(view.sent_at),
        _time(view.done_at),
        error(view.error),
        view.latency_ms,
    )
