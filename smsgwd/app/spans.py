"""Spans of messages, told from committed changes: submit, send, receipt and push of one message are one trace.

Nothing is remembered but which pushes are of messages that are traced.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from smsgwd.model.changes import (
    Change,
    Fail,
    GiveUp,
    Moved,
    Noted,
    PartSent,
    Requeue,
    Result,
    Submit,
    Submitted,
    Swept,
    TakeReceipt,
)
from smsgwd.model.message import Message, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.pushes import OutboxDead, OutboxDone, OutboxRetry
from smsgwd.model.spooled import SubmitSpooled
from smsgwd.telemetry.tracing import Span, hash_of, mixed, span_of, trace_of

_MOST_PUSHES: Final = 20_000
_BAD: Final = (State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.UNKNOWN)


_SUBMIT, _SEND, _RECEIPT, _PUSH, _END = range(5)


class _Push(msgspec.Struct, gc=False):
    """What is remembered of a push that is owed."""

    message_id: int
    tenant: str
    type: str
    to: str
    created_at: int
    attempts: int = 1


class Spans:
    """Turns batches of changes into spans for `emit`. `ratio` is the share of messages that are traced, by their ids:
    every process chooses the same. `now_ms` gives milliseconds since 1970. Numbers and texts never stand in a span."""

    def __init__(self, ratio: float, now_ms: Callable[[], int], emit: Callable[[Span], None]) -> None:
        self._below = min(1 << 64, int(ratio * (1 << 64)))
        self._now_ms = now_ms
        self._emit = emit
        self._pushes: OrderedDict[int, _Push] = OrderedDict()
        self._kinds: dict[type, Callable[[Any, Any], None]] = {
            Submit: self._submit,
            SubmitSpooled: self._submit,
            PartSent: self._sent,
            Fail: self._failed,
            Requeue: self._failed,
            GiveUp: self._failed,
            TakeReceipt: self._receipt,
            OutboxDone: self._pushed,
            OutboxRetry: self._retried,
            OutboxDead: self._dead,
        }

    def traced(self, message_id: int) -> bool:
        """True for a message that is traced."""
        return mixed(message_id) < self._below

    def __call__(self, changes: Sequence[Change], results: Sequence[Result]) -> None:
        """Look at a batch that became durable; `results` has one for each change, in their order."""
        kinds = self._kinds
        for change, result in zip(changes, results, strict=False):
            kind = kinds.get(type(change))
            if kind is not None:
                kind(change, result)
            elif type(result) is Swept and result.state in _BAD:
                self._swept(result)
            if type(result) is Moved or type(result) is Noted or type(result) is Swept:
                for item in result.outbox:
                    self._owed(item)

    def _submit(self, change: Submit, result: Result) -> None:
        if not isinstance(result, Submitted) or change.rehearsed:
            return
        for place, message in enumerate(change.messages):
            if mixed(message.id) < self._below and place not in result.refused:
                self._emit(
                    Span(
                        "submit",
                        trace_of(message.id),
                        span_of(message.id, _SUBMIT),
                        0,
                        change.at,
                        max(change.at, self._now_ms()),
                        _of_message(message),
                    )
                )

    def _sent(self, change: PartSent, result: Result) -> None:
        number = change.message_id
        if mixed(number) >= self._below:
            return
        about: dict[str, str | int] = {
            "smsgwd.connector": change.connector,
            "smsgwd.part": change.part,
            "smsgwd.smsc_id": change.smsc_id,
        }
        self._child("send", number, _SEND, change.at, change.latency_ms or 0, about, which=change.at << 8 | change.part)
        if type(result) is Moved and result.state.final:  # its receipt was there before the answer, or needs none
            self._end(number, result.state, change.at)

    def _failed(self, change: Fail | Requeue | GiveUp, result: Result) -> None:
        number = change.message_id
        if mixed(number) >= self._below:
            return
        connector = change.left or change.connector if type(change) is Requeue else change.connector
        about: dict[str, str | int] = {"smsgwd.connector": connector}
        if change.error.smpp_status is not None:
            about["smsgwd.smpp_status"] = change.error.smpp_status
        took = getattr(change, "latency_ms", None) or 0
        which = change.at << 8 | getattr(change, "part", 0)
        self._child("send", number, _SEND, change.at, took, about, which=which, error=change.error.code)

    def _receipt(self, change: TakeReceipt, result: Result) -> None:
        number = getattr(result, "message_id", 0)
        if not number or mixed(number) >= self._below:
            return  # parked: nobody knows so far which message it is about
        receipt = change.receipt
        about: dict[str, str | int] = {"smsgwd.connector": receipt.connector, "smsgwd.smsc_id": receipt.smsc_id}
        if receipt.status:
            about["smsgwd.receipt_status"] = receipt.status
        error = ""
        if receipt.state is not None:
            about["smsgwd.state"] = receipt.state.public
            error = receipt.state.public if receipt.state in _BAD else ""
        now, came = self._now_ms(), receipt.received_at
        which = came << 8 | hash_of(receipt.smsc_id)
        self._child("receipt", number, _RECEIPT, max(now, came), max(0, now - came), about, which=which, error=error)

    def _owed(self, item: OutboxItem) -> None:
        if item.message_id and mixed(item.message_id) < self._below:
            to = "webhook" if item.url else "esme"
            self._pushes[item.id] = _Push(item.message_id, item.tenant, item.type, to, item.created_at)
            if len(self._pushes) > _MOST_PUSHES:
                self._pushes.popitem(last=False)

    def _pushed(self, change: OutboxDone, result: Result) -> None:
        self._push(change.id, change.at, "")

    def _retried(self, change: OutboxRetry, result: Result) -> None:
        item = self._pushes.get(change.id)
        if item is not None:
            item.attempts += 1

    def _dead(self, change: OutboxDead, result: Result) -> None:
        self._push(change.id, change.at, "given up")

    def _push(self, number: int, at: int, error: str) -> None:
        if not self._pushes:
            return
        item = self._pushes.pop(number, None)
        if item is not None:
            about: dict[str, str | int] = {
                "smsgwd.tenant": item.tenant,
                "smsgwd.event": item.type,
                "smsgwd.to": item.to,
                "smsgwd.attempts": item.attempts,
            }
            took = max(0, at - item.created_at)
            self._child("push", item.message_id, _PUSH, at, took, about, which=number, error=error)

    def _swept(self, result: Swept) -> None:
        for number in result.messages:
            if mixed(number) < self._below:
                self._end(number, result.state, self._now_ms())

    def _end(self, number: int, state: State, at: int) -> None:
        error = state.public if state in _BAD else ""
        self._child("end", number, _END, at, 0, {"smsgwd.state": state.public}, error=error)

    def _child(
        self,
        name: str,
        number: int,
        kind: int,
        end: int,
        took: int,
        about: Mapping[str, str | int],
        *,
        which: int = 0,
        error: str = "",
    ) -> None:
        """Emit a span of a message below its first one; `took` in milliseconds."""
        parent = span_of(number, _SUBMIT)
        self._emit(Span(name, trace_of(number), span_of(number, kind, which), parent, end - took, end, about, error))


def _of_message(message: Message) -> dict[str, str | int]:
    return {
        "smsgwd.message_id": str(message.id),
        "smsgwd.tenant": message.tenant,
        "smsgwd.connector": message.connector,
        "smsgwd.intake": "http" if message.account is None else "smpp",
        "smsgwd.parts": message.parts,
        "smsgwd.encoding": message.coding.public,
        "smsgwd.state": message.state.public,
    }
