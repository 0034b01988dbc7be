"""The whole way of one message as rows in the order of time: what `message trace` shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from smsgwd.model.message import HELD, EventView, MessageView, PartView, State
from smsgwd.model.money import format_money
from smsgwd.model.outbox import account_of_target
from smsgwd.ports.store import MessageTrace, PushView
from smsgwd.smpp.status import status_name
from smsgwd.telemetry.redact import mask_number, mask_url
from smsgwd.timespec import format_epoch_ms

#: What an event is called on the screen, where its type does not say it.
_STEPS: Final = {
    "sent": "submit_sm taken",
    "retry": "submit_sm refused, again later",
    "failover": "goes another way",
    "refused": "submit_sm refused",
    "outcome_unknown": "submit_sm without an answer",
}
#: What stands before what where times are the same.
_FIRST, _EVENT, _PART_ENDED, _ENDED, _PUSH = range(5)


class _Step(msgspec.Struct):
    """One row: `at` is ms since 1970, `ms` how long the SMSC took to answer."""

    at: int
    order: int
    step: str
    connector: str = ""
    status: str = ""
    smsc_id: str = ""
    ms: int | None = None
    detail: str = ""


def header(view: MessageView, *, numbers: bool, text: bool) -> dict[str, Any]:
    """What the message is and how it stands."""
    message = view.message
    found: dict[str, Any] = {
        "id": str(message.id),
        "submission": str(message.submission),
        "tenant": message.tenant,
        "came_by": "HTTP" if message.account is None else f"SMPP {message.account}",
        "from": message.source,
        "to": message.msisdn if numbers else mask_number(message.msisdn),
        "client_ref": message.client_ref,
        "state": message.state.public,
        "held": message.due_at >= HELD and not message.state.final,
        "error": None if view.error is None else ": ".join(filter(None, (view.error.code, view.error.detail))),
        "parts": message.parts,
        "encoding": message.coding.public,
        "price": format_money(message.price),
        "connector": message.connector,
        "tried": message.tried or "",
        "attempts": message.attempts,
        "submitted_at": format_epoch_ms(message.submitted_at),
        "valid_until": format_epoch_ms(message.deadline),
    }
    if text:
        found["text"] = message.text or message.body.hex()
    return found


def steps(trace: MessageTrace, *, numbers: bool) -> list[dict[str, Any]]:
    """Everything that happened, oldest first; `after_s` counts from when it was accepted."""
    view = trace.view
    found = [*_of_events(view), *_of_parts(view)]
    for push in trace.pushes:
        found += _of_push(push)
    found.sort(key=lambda step: (step.at, step.order))
    begin = view.message.submitted_at
    return [
        {
            "at": format_epoch_ms(step.at),
            "after_s": round((step.at - begin) / 1000, 3),
            "step": step.step,
            "connector": step.connector,
            "status": step.status,
            "smsc_id": step.smsc_id,
            "ms": step.ms,
            "detail": step.detail if numbers else mask_number(step.detail),
        }
        for step in found
    ]


def _of_events(view: MessageView) -> Iterator[_Step]:
    for event in view.events:
        if _is_end(event, view) and _by_receipt(view):
            why = "" if view.error is None else f": {view.error.detail}"
            detail = f"by its receipt{why}"
            yield _Step(
                event.at, _ENDED, _name(event, view), view.message.connector, smsc_id=view.smsc_id or "", detail=detail
            )
            continue
        yield _Step(
            event.at,
            _order(event, view),
            _name(event, view),
            event.connector or "",
            _status(event),
            event.smsc_id or "",
            event.latency_ms,
            _accepted(view) if event.type == "accepted" else event.detail,
        )


def _name(event: EventView, view: MessageView) -> str:
    if event.type == "sent" and view.message.parts > 1 and not event.detail:
        return "all parts taken"
    if _is_end(event, view):
        return f"ended: {event.type}"
    return _STEPS.get(event.type, event.type)


def _is_end(event: EventView, view: MessageView) -> bool:
    state = view.message.state
    return state.final and event.type == state.public and event.at == view.done_at


def _by_receipt(view: MessageView) -> bool:
    """True where a receipt ended it that is no event of its own: that of a message of one part."""
    message = view.message
    if message.parts > 1 or view.smsc_id is None:
        return False
    return message.state is State.DELIVERED or (view.error is not None and view.error.code == message.state.public)


def _order(event: EventView, view: MessageView) -> int:
    if event.type == "accepted":
        return _FIRST
    return _ENDED if _is_end(event, view) else _EVENT


def _status(event: EventView) -> str:
    """The answer to a submit_sm, by name."""
    if event.smpp_status is not None:
        return status_name(event.smpp_status)
    return "ESME_ROK" if event.type == "sent" and event.smsc_id else ""


def _accepted(view: MessageView) -> str:
    message = view.message
    by = "HTTP" if message.account is None else f"SMPP account {message.account}"
    return f"by {by}, {message.parts} part{'s' if message.parts > 1 else ''} {message.coding.public}"


def _of_parts(view: MessageView) -> Iterator[_Step]:
    """Each part of a message of several; that of one is told by its events."""
    whole = view.message
    if whole.parts == 1:
        return
    for part in view.parts:
        if part.sent_at is not None:
            yield _Step(
                part.sent_at,
                _FIRST,
                f"submit_sm taken, part {part.part} of {whole.parts}",
                whole.connector,
                "ESME_ROK",
                part.smsc_id or "",
                part.latency_ms,
            )
        if part.done_at is not None and part.sent_at is not None and part.state.final:
            yield _Step(part.done_at, _PART_ENDED, f"part {part.part}: {part.state.public}", detail=_why(part))


def _why(part: PartView) -> str:
    return "" if part.error is None else ": ".join(filter(None, (part.error.code, part.error.detail)))


def _of_push(push: PushView) -> Iterator[_Step]:
    """What a tenant was owed, and how that went."""
    account = account_of_target(push.target)
    where = f"deliver_sm to {account}" if account is not None else mask_url(push.url)
    yield _Step(push.created_at, _PUSH, f"push owed: {push.type}", detail=where)
    failed = ""
    if push.attempts:
        failed = f"{push.attempts} failed attempt{'s' if push.attempts > 1 else ''}"
        failed += f", the last: {mask_url_in(push.last_error)}" if push.last_error else ""
    if push.status == "pending":
        waits = f"next try {format_epoch_ms(push.due_at)}"
        yield _Step(
            push.done_at or push.created_at,
            _PUSH + 1,
            f"push pending: {push.type}",
            detail=f"{failed}; {waits}" if failed else waits,
        )
        return
    at = push.created_at if push.done_at is None else push.done_at
    if push.status == "given_up":
        tries = f"tried again {push.attempts} time{'s' if push.attempts != 1 else ''}"
        detail = ", the last: ".join(filter(None, (tries, mask_url_in(push.last_error))))
        yield _Step(at, _PUSH + 1, f"push given up: {push.type}", detail=detail)
    else:
        yield _Step(at, _PUSH + 1, f"push done: {push.type}", detail=failed or "taken")


def mask_url_in(words: str) -> str:
    """Words of an error, each URL in them without user and query."""
    return " ".join(mask_url(word) if "://" in word else word for word in words.split(" "))


def push_rows(pushes: Sequence[PushView]) -> list[dict[str, Any]]:
    """The rows of the outbox as operators see them."""
    return [
        {
            "id": push.id,
            "message": str(push.message_id) if push.message_id else "",
            "type": push.type,
            "target": push.target,
            "url": mask_url(push.url) if push.url else "",
            "status": push.status,
            "attempts": push.attempts,
            "created_at": format_epoch_ms(push.created_at),
            "due_at": format_epoch_ms(push.due_at) if push.status == "pending" else None,
            "done_at": None if push.done_at is None else format_epoch_ms(push.done_at),
            "last_error": mask_url_in(push.last_error),
        }
        for push in pushes
    ]
