"""One SMSC account: its binds, its queue, and what becomes of what its SMSC answers.

A message is taken from the queue when a bind has room for its parts and the bucket lets them go (sender.py); it stays
out until what became of it is durable. Everything here runs on the reactor's thread and costs no Deferred a PDU.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from smsgwd.delivery.rate import LinkRate
from smsgwd.delivery.trouble import Action
from smsgwd.model.message import Message
from smsgwd.ports.dispatch import ConnectorStatus, Ways
from smsgwd.ports.mo import Subscribers
from smsgwd.ports.store import Store
from smsgwd.smpp.events import Answer
from smsgwd.smpp.pdu import MessageIdResp, Pdu
from smsgwd.smpp.receipt import id_text
from smsgwd.smpp.status import ESME_ROK, ESME_RUNKNOWNERR, status_name
from smsgwd.southbound.answers import Answers
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.bind import Bind, BindState
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.flights import Flights
from smsgwd.southbound.gathered import Gathered
from smsgwd.southbound.idform import IdForm
from smsgwd.southbound.incoming import Incoming
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.queue import ReadyQueue
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.sender import Sender
from smsgwd.southbound.settings import Settings
from smsgwd.southbound.suspension import Suspension
from smsgwd.southbound.throttle import Throttle
from smsgwd.telemetry import ConnectorMetrics, get_logger

_PROVEN_S = 5.0  # a bind that is lost sooner, with nothing taken, was none: the link is down for as long as before
_log = get_logger("southbound")


class Connector:
    """Sends the messages of one connector and takes what its SMSC sends."""

    def __init__(
        self,
        settings: Settings,
        runtime: Runtime,
        store: Store,
        batch: Batch,
        id_form: IdForm,
        hand_over: Callable[[Sequence[Message]], None],
        metrics: ConnectorMetrics | None = None,
        subscribers: Subscribers | None = None,
        ways: Ways | None = None,
    ) -> None:
        """`hand_over` gets the messages that belong to another connector now, which `ways` names."""
        self.id = settings.id
        self.counts = Counts(metrics)
        self._settings = settings
        self._runtime = runtime
        self._batch = batch
        self._answers = Answers(settings, runtime.random, ways)
        self._rate = LinkRate(settings.throughput, settings.burst, runtime.clock.monotonic())
        self._throttle = Throttle(self._rate, adaptive=settings.adaptive_rate)
        self._sender = Sender(settings, runtime, batch, self._rate, self._throttle, self.counts, self._look_drained)
        self._add_early = runtime.turn.add_early
        self._looking = False  # at the end of this turn
        self._suspension = Suspension(settings.id, settings.suspend_s, runtime, self._suspended)
        self._throttled = False
        self._unknown_told = 0  # outcomes lost that were logged
        self._down_since: float | None = runtime.clock.monotonic()
        self._bound_after = (0.0, 0.0, 0)  # down since when, bound when, parts sent until then
        self._incoming = Incoming(settings, batch, runtime.clock, id_form, self.counts, subscribers)
        self._queue = ReadyQueue(
            settings.id,
            settings.queue_capacity,
            store,
            runtime.reactor,
            runtime.clock,
            self._look_soon,
            keep_order=settings.keep_order,
        )
        kinds = ("transmitter", "receiver") if settings.bind == "tx_rx" else (settings.bind,)
        self._binds = [
            Bind(index, kind, settings, runtime, self)
            for index, kind in enumerate(kind for _ in range(settings.binds) for kind in kinds)
        ]
        self._senders = [bind for bind in self._binds if bind.sends]
        self._flights = Flights(
            settings,
            batch,
            runtime.clock,
            self._answers,
            self._queue,
            self.counts,
            id_form,
            self._sender.stop_writing,
            self._look_soon,
            hand_over,
        )
        self._gathered = Gathered(
            runtime.clock, self._throttle, self._flights, self.counts, self._incoming, self.answered
        )
        self._sender.join(self._queue, self._flights, self._senders)
        self._drained: Deferred[None] | None = None
        self._limit: IDelayedCall | None = None
        batch.when_working_again(self._look_soon)

    # ------------------------------------------------------------------ what the dispatcher calls
    def start(self) -> None:
        """Bind, and send what is queued."""
        _log.info("connector.starting", connector=self.id, binds=len(self._binds))
        self._sender.taking = True
        self._down_since = self._runtime.clock.monotonic()
        self._queue.start()
        for bind in self._binds:
            bind.start()

    def drain(self, limit_s: float) -> Deferred[None]:
        """Take nothing more, wait for the answers that are due, unbind, close; fires when all binds are closed.

        After `limit_s` what is still unanswered is left: its outcome is unknown and the store has it queued.
        """
        done: Deferred[None] = Deferred()
        self._drained = done
        self._sender.taking = False
        self._queue.stop()
        self._suspension.cancel()
        self._sender.sleep_no_more()
        self._limit = self._runtime.reactor.callLater(limit_s, self._leave)
        self._look_drained()
        return done

    def offer(self, messages: Iterable[Message], sent_parts: Mapping[int, frozenset[int]] | None = None) -> None:
        """Durable and QUEUED for this connector."""
        self._queue.offer(messages, sent_parts)
        self._look_soon()

    def withdraw(self, message_id: int) -> bool:
        """See ports.Dispatcher."""
        taken = message_id not in self._flights.active and self._queue.withdraw(message_id)
        if self._queue.released:  # what waited behind it
            self._look_soon()
        return taken

    def give_up(self, message_id: int) -> bool:
        """See ports.Dispatcher."""
        unknowns = self._answers.resends
        return message_id not in self._flights.active and self._queue.withdraw(message_id, unknowns=unknowns)

    def gone(self, message_ids: Sequence[int]) -> None:
        """See ports.Dispatcher."""
        self._queue.gone(message_ids)
        self._look_soon()

    @property
    def down_for(self) -> float:
        """See ports.Dispatcher."""
        now = self._runtime.clock.monotonic()
        down = 0.0 if self._down_since is None else now - self._down_since
        return max(down, self._suspension.lasts(now))

    def restore(self, message: Message) -> None:
        """See ports.Dispatcher."""
        self._queue.restore(message)
        self._look_soon()

    def ended(self, messages: Collection[int]) -> None:
        """See ports.Dispatcher."""
        self._queue.ended(messages)
        if self._queue.released:
            self._look_soon()

    def superseded(self, message_id: int) -> None:
        """It goes another way now, durably: nothing more of it is sent here."""
        self.ended((message_id,))
        self._flights.superseded(message_id)

    def in_flight(self) -> Iterable[int]:
        """Ids of messages with a part written and not answered, or answered and not durable."""
        return self._flights.active

    @property
    def up(self) -> bool:
        """True when something could be sent now."""
        if self._sender.taking and not self._sender.suspended:
            for bind in self._senders:  # asked for every message: no generator
                if bind.state is BindState.BOUND:
                    return True
        return False

    @property
    def ready(self) -> int:
        """Messages in memory that wait for their turn."""
        return len(self._queue)

    def status(self) -> ConnectorStatus:
        """For operators."""
        return ConnectorStatus(
            id=self.id,
            kind="smpp",
            up=self.up,
            ready=self.ready,
            in_flight=len(self._flights.active),
            sent=self.counts.sent,
            refused=self.counts.refused,
            receipts=self._incoming.receipts,
            binds=tuple(bind.status() for bind in self._binds),
            rate=self._rate.rate,
            suspended_s=self._suspension.left(self._runtime.clock.monotonic()),
        )

    # ------------------------------------------------------------------ what binds report
    def bound(self, bind: Bind) -> None:
        """See BindOwner; what can be sent is looked at in `settled`."""
        self.counts.bound(1)
        if bind.sends and self._down_since is not None:
            self._bound_after = (self._down_since, self._runtime.clock.monotonic(), self.counts.sent)
            self._down_since = None

    def lost(self, bind: Bind) -> None:
        """See BindOwner."""
        self._gathered.take_answers()
        self.counts.bound(-1)
        if bind.sends and not any(other.state is BindState.BOUND for other in self._senders if other is not bind):
            down_since, bound_at, sent = self._bound_after
            now = self._runtime.clock.monotonic()
            proven = self.counts.sent > sent or now - bound_at >= _PROVEN_S
            self._down_since = now if proven else down_since
        out = self._sender.begun.pop(bind, None)
        if out is not None:
            # The parts that are still here go on another bind; those that are out decide what about them.
            out.decide(Verdict.AGAIN, None, 1)
            self._flights.conclude(out)

    def answered(self, bind: Bind, pdu: Pdu, context: Any, sent_at: float) -> None:
        """See BindOwner."""
        self._gathered.take_answers()
        out, number = _part_of(context)
        out.open -= 1
        now = self._runtime.clock.monotonic()
        status = pdu.status
        if status == ESME_ROK and isinstance(pdu, MessageIdResp):
            self._throttle.success(now, sent_at)
            self._flights.accepted(out, number, id_text(pdu.message_id), int(1000 * (now - sent_at)))
        else:
            # A nack that says ROK answers nothing.
            self._refused(bind, out, number, status or ESME_RUNKNOWNERR, now, sent_at)
        self.counts.answer(status, now - sent_at)
        self._flights.conclude(out)

    def answered_many(self, bind: Bind, answers: Sequence[Answer]) -> None:
        """See BindOwner: what `answered` does, at the end of the turn (gathered.py)."""
        self._gathered.answers.append((bind, answers))

    def unanswered(self, bind: Bind, context: Any, reason: str) -> None:
        """See BindOwner."""
        self._gathered.take_answers()
        out, number = _part_of(context)
        out.open -= 1
        self.counts.unknown += 1
        self._flights.unanswered(out, number, reason)
        self._flights.conclude(out)

    def unsent(self, bind: Bind, context: Any) -> None:
        """See BindOwner."""
        self._gathered.take_answers()
        out, number = _part_of(context)
        out.open -= 1
        out.decide(Verdict.AGAIN, None, number)
        self._flights.conclude(out)

    def late(self, bind: Bind, pdu: Pdu, context: Any) -> None:
        """See BindOwner; a refusal that comes late changes nothing, the policy has been applied."""
        self.counts.late += 1
        if context is not None and pdu.status == ESME_ROK and isinstance(pdu, MessageIdResp):
            out, number = _part_of(context)
            self._flights.accepted_late(out, number, id_text(pdu.message_id))

    def asked(self, bind: Bind, pdus: Sequence[Pdu]) -> None:
        """See BindOwner; taken at the end of the turn (gathered.py)."""
        connection = bind.connection
        if connection is not None:
            self._gathered.requests.append((bind, connection, pdus))

    def settled(self, bind: Bind) -> None:
        """See BindOwner."""
        unknown = self.counts.unknown - self._unknown_told
        if unknown:
            self._unknown_told += unknown
            _log.warning(
                "connector.outcome_unknown",
                connector=self.id,
                bind=bind.index,
                parts=unknown,
                policy=self._settings.unknown_outcome,
            )
        if not self._looking:
            self._look_soon()

    def _look_soon(self) -> None:
        """See what can be sent at the end of this turn: once, whatever it brings, and before its writes leave.

        At one PDU a read on four binds, once a read would cost 5 us a message more.
        """
        if not self._looking:
            self._looking = True
            self._add_early(self._look)

    def _look(self) -> None:
        self._looking = False
        try:
            self._gathered.take()
        finally:
            self._sender.pump()
            self.counts.flush(len(self._flights.active), len(self._queue), self._rate.rate)

    def _refused(self, bind: Bind, out: Outgoing, number: int, status: int, now: float, sent_at: float) -> None:
        self.counts.refused += 1
        action = self._answers.refused(out, number, status, int(1000 * (now - sent_at)))
        self._sender.stop_writing(out)
        if action is Action.THROTTLE:
            self.counts.throttled += 1
            if self._throttle.singles_out(out, status):
                out.decide(Verdict.RETRY, out.error, 1, out.latency_ms)
            elif self._throttle.slow_down(status, now, sent_at):
                self._slowed(status, now)
        elif action is Action.REBIND:
            bind.rebind(f"submit_sm answered {status_name(status)}")
        elif action is Action.SUSPEND:
            self._suspension.begin(status_name(status))

    def _slowed(self, status: int, now: float) -> None:
        """Say so, but not each time that a limit is felt for."""
        pause = round(max(0.0, self._throttle.until - now), 1)
        said = {
            "connector": self.id,
            "status": status_name(status),
            "pause_s": pause,
            "rate": round(self._rate.rate, 1),
        }
        if pause or not self._throttled:
            _log.warning("connector.throttled", **said)
        else:
            _log.debug("connector.rate_changed", **said)
        self._throttled = True

    def _suspended(self, suspended: bool) -> None:
        """The suspension begins or ends."""
        self._sender.suspended = suspended
        if not suspended:
            self._look_soon()

    # ------------------------------------------------------------------ the end
    def _look_drained(self) -> None:
        """While draining: unbind when nothing is unanswered, tell when all binds are gone."""
        if self._drained is None or self._sender.pumping:
            return
        if self._limit is not None and not self._sender.begun and not any(bind.outstanding for bind in self._binds):
            self._limit.cancel()
            self._limit = None
            for bind in self._binds:
                bind.stop()
        if self._limit is None and all(bind.state is BindState.STOPPED for bind in self._binds):
            done, self._drained = self._drained, None
            if done is not None:
                _log.info("connector.stopped", connector=self.id)
                done.callback(None)

    def _leave(self) -> None:
        """The time to drain is over."""
        self._limit = None
        for bind in self._binds:
            bind.stop()
            bind.abort("the time to drain is over")
        self._look_drained()


def _part_of(context: Any) -> tuple[Outgoing, int]:
    """The message and the PDU of it that a request's context stands for: a message with one PDU stands for itself."""
    return (context, 1) if type(context) is Outgoing else context
