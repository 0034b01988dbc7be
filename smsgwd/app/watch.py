"""What becomes of the messages of a number or a tenant, written to the log step by step while somebody asks for it.

Read off the stream of durable changes (`app.batches`), so that each step stands there once it cannot be undone. Nobody
is watched: the store is not even asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smsgwd.app.batches import BatchObservers
from smsgwd.model import changes as c
from smsgwd.model.business import Unhold
from smsgwd.model.changes import Change, Result
from smsgwd.model.message import Failure, Message, State
from smsgwd.model.operators import Discard, Hold
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.pushes import OutboxDead, OutboxDone, OutboxRetry
from smsgwd.model.spooled import SubmitSpooled
from smsgwd.model.upkeep import TimeOutReceipts
from smsgwd.ports.clock import Clock
from smsgwd.telemetry import get_logger
from smsgwd.telemetry.levels import IN_FORCE
from smsgwd.telemetry.watch import Watch, Watches

_COMPONENT: Final = "watch"
_log = get_logger(_COMPONENT)
IN_FORCE.pin(_COMPONENT)  # whoever asks for a number's lines need not ask for a level too


class MessageWatch:
    """The watches of the process, and what they see."""

    def __init__(self, reactor: IReactorTime, clock: Clock, batches: BatchObservers) -> None:
        self._reactor = reactor
        self._clock = clock
        self._batches = batches
        self._watches = Watches()
        self._timer: IDelayedCall | None = None
        self._handlers: Mapping[type, Callable[[Any, Any], None]] = {
            c.Submit: self._submitted,
            SubmitSpooled: self._submitted,
            c.PartSent: self._part_sent,
            c.Requeue: self._requeued,
            c.Reroute: self._rerouted,
            c.Fail: self._refused,
            c.GiveUp: self._given_up,
            c.TakeReceipt: self._receipt,
            c.Cancel: self._cancelled,
            c.Note: self._noted,
            c.Replace: self._replaced,
            c.Promote: self._promoted,
            Hold: self._held,
            Discard: self._swept,
            c.Expire: self._swept,
            TimeOutReceipts: self._swept,
            Unhold: self._swept,
            OutboxDone: self._pushed,
            OutboxRetry: self._push_failed,
            OutboxDead: self._push_given_up,
        }

    # ------------------------------------------------------------------ what operators do
    def add(self, number: str, tenant: str, seconds: int) -> Watch:
        """Watch a number (digits) or a tenant, or the number's messages of that tenant. Raises TooManyError."""
        watch = self._watches.add(number, tenant, self._now() + seconds * 1000)
        self._batches.add(self.look)
        self._wait()
        return watch

    def remove(self, watch: int) -> bool:
        """End one; False when there is none."""
        there = self._watches.remove(watch)
        self._wait()
        return there

    def watches(self) -> list[tuple[Watch, int]]:
        """All of them, each with the seconds it goes on for."""
        now = self._now()
        return [(each, max(0, each.until - now) // 1000) for each in self._watches.all()]

    def _wait(self) -> None:
        """Be awake when the next one is over; look at nothing once there is none."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        end = self._watches.next_end()
        if end is None:
            self._batches.remove(self.look)
        else:
            self._timer = self._reactor.callLater(max(0.0, (end - self._now()) / 1000), self._over)

    def _over(self) -> None:
        self._watches.expire(self._now())
        self._wait()

    def _now(self) -> int:
        return int(self._clock.monotonic() * 1000)

    # ------------------------------------------------------------------ what the store did
    def look(self, changes: Sequence[Change], results: Sequence[Result]) -> None:
        """A batch is durable."""
        for change, result in zip(changes, results, strict=False):
            handler = self._handlers.get(type(change))
            if handler is not None:
                handler(change, result)
            owed = getattr(result, "outbox", None)
            if owed:
                self._owed(owed)

    def _tell(self, message: int, step: str, **fields: Any) -> None:
        """Write a line, if the message is one of somebody's."""
        watch = self._watches.of(message)
        if watch is not None:
            _line(message, watch, step, fields)

    def _submitted(self, change: c.Submit, result: Result) -> None:
        if not isinstance(result, c.Submitted) or change.rehearsed:
            return
        for place, message in enumerate(change.messages):
            watch = self._watches.begin(message.id, message.tenant, message.msisdn)
            if watch is None:
                continue
            refused = result.refused.get(place)
            step = "accepted" if refused is None else "not_accepted"
            _line(message.id, watch, step, _about(message) | ({} if refused is None else {"error": refused}))

    def _replaced(self, change: c.Replace, result: Result) -> None:
        if isinstance(result, c.Replaced):
            self._tell(result.message_id, "replaced", **_about(change.message), error=result.refused)

    def _promoted(self, change: c.Promote, result: Result) -> None:
        if isinstance(result, c.Promoted):
            for message in result.messages:
                self._tell(message.id, "due", connector=message.connector, attempts=message.attempts)

    def _part_sent(self, change: c.PartSent, result: Result) -> None:
        self._outcome(
            change.message_id,
            result,
            "sent",
            connector=change.connector,
            part=change.part,
            smsc_id=change.smsc_id,
            latency_ms=change.latency_ms,
        )

    def _requeued(self, change: c.Requeue, result: Result) -> None:
        self._outcome(
            change.message_id,
            result,
            "failover" if change.left else "retry",
            connector=change.connector,
            left=change.left,
            due_at=change.due_at,
            latency_ms=change.latency_ms,
            **_why(change.error),
        )

    def _rerouted(self, change: c.Reroute, result: Result) -> None:
        if isinstance(result, c.Rerouted):
            moved = frozenset(result.messages)
            for message, connector in change.moves:
                if message in moved:
                    self._tell(message, "failover", connector=connector, left=change.left, error=change.reason)

    def _refused(self, change: c.Fail, result: Result) -> None:
        about = {"connector": change.connector, "part": change.part, "latency_ms": change.latency_ms}
        self._outcome(change.message_id, result, "refused", **about, **_why(change.error))

    def _given_up(self, change: c.GiveUp, result: Result) -> None:
        self._outcome(change.message_id, result, "given_up", connector=change.connector, **_why(change.error))

    def _receipt(self, change: c.TakeReceipt, result: Result) -> None:
        receipt = change.receipt
        about = {"connector": receipt.connector, "smsc_id": receipt.smsc_id, "status": receipt.status}
        if isinstance(result, c.Resent):
            self._tell(result.message.id, "receipt", **about, error=receipt.error)
            self._tell(result.message.id, "failover", connector=result.message.connector, error="undelivered")
        elif isinstance(result, c.Moved | c.Noted | c.Ignored):
            self._outcome(result.message_id, result, "receipt", **about, error=receipt.error)

    def _cancelled(self, change: c.Cancel, result: Result) -> None:
        self._outcome(change.message_id, result, "cancelled")

    def _noted(self, change: c.Note, result: Result) -> None:
        self._tell(change.message_id, change.type, connector=change.connector, smpp_status=change.smpp_status)

    def _held(self, change: Hold, result: Result) -> None:
        if isinstance(result, c.Rerouted):
            for message in result.messages:
                self._tell(message, "held")

    def _swept(self, change: object, result: Result) -> None:
        if isinstance(result, c.Swept):
            for message in result.messages:
                self._ended(message, result.state)

    def _outcome(self, message: int, result: Result, step: str, **fields: Any) -> None:
        """A step with what came of it; a line more when the message has ended."""
        if self._watches.of(message) is None:
            return
        ignored = result.reason if isinstance(result, c.Ignored) else ""
        self._tell(message, step, **fields, ignored=ignored)
        if isinstance(result, c.Moved):
            self._ended(message, result.state)

    def _ended(self, message: int, state: State) -> None:
        if state.final:
            self._tell(message, "final", state=state.public)

    # ------------------------------------------------------------------ pushes
    def _owed(self, items: Iterable[OutboxItem]) -> None:
        for item in items:
            if not item.message_id:
                continue
            watch = self._watches.of(item.message_id)
            if watch is None:  # it was accepted before somebody watched
                digits = "".join(ch for ch in item.dest if ch.isdigit())
                watch = self._watches.begin(item.message_id, item.tenant, digits)
            if watch is not None:
                self._watches.owed(item.id, item.message_id, watch)
                about = {"type": item.type, "state": item.state.public, "target": item.url or item.target}
                _line(item.message_id, watch, "push_due", {"push_id": item.id, **about})

    def _pushed(self, change: OutboxDone, result: Result) -> None:
        self._push(change.id, "push_done", True)

    def _push_failed(self, change: OutboxRetry, result: Result) -> None:
        self._push(change.id, "push_failed", False, error=change.error, due_at=change.due_at)

    def _push_given_up(self, change: OutboxDead, result: Result) -> None:
        self._push(change.id, "push_given_up", True, error=change.error)

    def _push(self, push: int, step: str, over: bool, **fields: Any) -> None:
        known = self._watches.push(push, over=over)
        if known is not None:
            _line(*known, step, {"push_id": push, **fields})


def _line(message: int, watch: int, step: str, fields: Mapping[str, Any]) -> None:
    """What is not there is left out; numbers are cut as in all lines."""
    told = {name: value for name, value in fields.items() if value not in (None, "", 0)}
    _log.debug("message.watched", id=message, watch=watch, step=step, **told)


def _about(message: Message) -> dict[str, Any]:
    return {
        "tenant": message.tenant,
        "to": message.msisdn,
        "connector": message.connector,
        "parts": message.parts,
        "state": message.state.public,
    }


def _why(error: Failure) -> dict[str, Any]:
    return {"error": error.code, "reason": error.detail, "smpp_status": error.smpp_status}
