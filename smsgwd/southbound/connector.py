"""One SMSC account: its binds, its queue, and what becomes of what its SMSC answers.

A message is taken from the queue when a bind has room for its parts and the bucket lets them go (sender.py); it stays
out until what became of it is durable. Everything here runs on the reactor's thread and costs no Deferred a PDU.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smsgwd.delivery.rate import LinkRate
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
from smsgwd.southbound.bind import Bind
from smsgwd.southbound.bind_owner import BindState
from smsgwd.southbound.binds import Binds
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.flights import Flights
from smsgwd.southbound.gathered import Gathered
from smsgwd.southbound.idform import IdForm
from smsgwd.southbound.incoming import Incoming
from smsgwd.southbound.life import Life
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.reconfigured import changed, needs_binds_anew
from smsgwd.southbound.refusals import Refusals
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.sender import Sender
from smsgwd.southbound.settings import Settings
from smsgwd.southbound.shared_queue import make_queue
from smsgwd.southbound.shares import in_hand
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
        self._next: Settings | None = None  # those that the binds are being made anew for
        self._id_form = id_form
        self._runtime = runtime
        self._batch = batch
        self._answers = Answers(settings, runtime.random, ways)
        self._rate = LinkRate(settings.throughput, settings.burst, runtime.clock.monotonic())
        self._throttle = Throttle(self._rate, adaptive=settings.adaptive_rate)
        self._sender = Sender(settings, runtime, batch, self._rate, self._throttle, self.counts, self._pumped)
        self._add_early = runtime.turn.add_early
        self._looking = False  # at the end of this turn
        self._unknown_told = 0  # outcomes lost that were logged
        self._down_since: float | None = runtime.clock.monotonic()
        self._bound_after = (0.0, 0.0, 0)  # down since when, bound when, parts sent until then
        self._incoming = Incoming(settings, batch, runtime.clock, id_form, self.counts, subscribers)
        self._queue, self.shared_queue = make_queue(
            settings,
            store,
            runtime,
            self._look_soon,
            lambda: in_hand(self._settings, self._rate, self.counts),
            lambda: self.up,
        )
        self._all = Binds(settings, runtime, self)
        self._binds, self._senders = self._all.all, self._all.senders
        self.left = self._all.left  #: see Binds
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
        self.life = Life(
            settings.id, settings.suspend_s, runtime, self._sender, self._queue, self._all, self._look_soon
        )
        self._refusals = Refusals(
            settings.id, self._answers, self._rate, self._throttle, self._sender, self.life.suspension, self.counts
        )
        batch.when_working_again(self._look_soon)

    # ------------------------------------------------------------------ what the dispatcher calls
    def start(self) -> None:
        """Bind, and send what is queued, unless operators want it stopped."""
        self._down_since = self._runtime.clock.monotonic()
        self.life.start()

    def forget(self) -> None:
        """It is closed, and will not be started again: nobody needs to tell it anything."""
        self._batch.tell_no_more(self._look_soon)

    @property
    def settings(self) -> Settings:
        """What it goes by now, or will when its binds are made anew."""
        return self._next or self._settings

    def reconfigure(self, settings: Settings, id_form: IdForm, limit_s: float) -> str:
        """Other settings: '' where they are the same, `adjusted` in place, or `rebound`: drained and bound anew, within
        `limit_s` or soon after. What is sent until then is sent, answered and matched by the old ones."""
        names = changed(self._settings, settings)
        if self._next is None and not names:
            self._settings = settings
            self._all.adopt(settings)  # the certificates in its files may be others
            return ""
        if self._next is None and not needs_binds_anew(self._settings, settings, names):
            self._adopt(settings, id_form)
            self._all.adopt(settings)
            self.life.bring_up_to_date()
            return "adjusted"
        self._next = settings
        self.life.between_binds(lambda: self._anew(id_form), limit_s)
        return "rebound"

    def set_limits(self, throughput: float | None, window: int | None) -> None:
        """See ports.dispatch.Control."""
        settings = self.settings
        if throughput is not None:
            settings = replace(settings, throughput=throughput)
        if window is not None:
            settings = replace(settings, session=replace(settings.session, window=window))
        if self._next is not None:
            self._next = settings
        else:
            self._adopt(settings, self._id_form)
            self._all.adopt(settings)

    def rebind(self, bind: int | None) -> None:
        """See ports.dispatch.Control."""
        self._all.renew("an operator wants it", bind)

    def cut(self, binds: int, reason: str) -> None:
        """All but so many binds are another node's: cut them. Settings that say so follow at once."""
        self._all.abort(reason, self._all.per_slot * binds)

    def present(self, here: bool) -> None:
        """Whether this node has any of the binds: else its messages are for others."""
        if self.shared_queue is not None:
            self.shared_queue.present(here)
            self._look_soon()

    def _anew(self, id_form: IdForm) -> None:
        """Nothing is bound: make the binds by the settings that were waiting for that."""
        settings, self._next = self._next, None
        if settings is not None:
            self._adopt(settings, id_form)
            self._all.remake(settings)

    def _adopt(self, settings: Settings, id_form: IdForm) -> None:
        """Everything but the binds goes by these from now on."""
        now = self._runtime.clock.monotonic()
        self._settings, self._id_form = settings, id_form
        self._answers.adopt(settings)
        self._rate.set_ceiling(settings.throughput, settings.burst, now)
        self._throttle.adopt(now, adaptive=settings.adaptive_rate)
        self._sender.adopt(settings)
        self._queue.adopt(settings.queue_capacity, keep_order=settings.keep_order)
        self._flights.adopt(settings, id_form)
        self._incoming.adopt(settings, id_form)
        self.life.suspension.adopt(settings.suspend_s)
        self._look_soon()

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
        return max(down, self.life.off_for(now))

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
        counts = self.counts
        return ConnectorStatus(
            id=self.id,
            kind="smpp",
            up=self.up,
            ready=self.ready,
            in_flight=len(self._flights.active),
            sent=counts.sent,
            refused=counts.refused,
            receipts=self._incoming.receipts,
            binds=self._all.status(),
            rate=self._rate.rate,
            suspended_s=self.life.suspension.left(self._runtime.clock.monotonic()),
            state=self.life.wanted.value,
            throughput=self.settings.throughput,
            window=self.settings.session.window,
            unknown=counts.unknown,
            throttled=counts.throttled,
            binds_lost=counts.binds_lost,
            answer_ms=round(1000 * counts.answer_s, 1),
            errors=tuple((status_name(status), count) for status, count in counts.most_errors()),
        )

    # ------------------------------------------------------------------ what binds report
    def bound(self, bind: Bind) -> None:
        """See BindOwner; what can be sent is looked at in `settled`."""
        self.counts.bound()
        if bind.sends and self._down_since is not None:
            self._bound_after = (self._down_since, self._runtime.clock.monotonic(), self.counts.sent)
            self._down_since = None

    def lost(self, bind: Bind) -> None:
        """See BindOwner."""
        self._gathered.take_answers()
        self.counts.unbound(lost=not bind.asked_to_go)
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
            self._refusals.take(bind, out, number, status or ESME_RUNKNOWNERR, now, sent_at)
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

    def _pumped(self) -> None:
        if self.life.busy:
            self.life.look()


def _part_of(context: Any) -> tuple[Outgoing, int]:
    """The message and the PDU of it that a request's context stands for: a message with one PDU stands for itself."""
    return (context, 1) if type(context) is Outgoing else context
