"""One SMSC account: its binds, its queue, and what goes when on which bind.

A message is taken from the queue when a bind has room for its parts and the bucket lets them go; it stays out until
what became of it is durable. Everything here runs on the reactor's thread and costs no Deferred a PDU.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from smsgwd.delivery.bucket import TokenBucket
from smsgwd.delivery.trouble import Action
from smsgwd.model.message import Failure, Message
from smsgwd.ports.dispatch import ConnectorStatus
from smsgwd.ports.mo import Subscribers
from smsgwd.ports.store import Store
from smsgwd.smpp.errors import EncodeError, SessionError
from smsgwd.smpp.pdu import MessageIdResp, Pdu
from smsgwd.smpp.receipt import id_text
from smsgwd.smpp.status import ESME_ROK, ESME_RUNKNOWNERR, status_name
from smsgwd.southbound.answers import Answers, Throttle
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.bind import Bind, BindState
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.encode import CannotEncode, Encoder
from smsgwd.southbound.flights import Flights
from smsgwd.southbound.idform import IdForm
from smsgwd.southbound.incoming import Incoming
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.queue import ReadyQueue
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.settings import Settings
from smsgwd.telemetry import ConnectorMetrics, get_logger

_CHUNK = 8  # messages in a row on one bind, so that a write carries several
_SOONEST_S = 0.002  # bucket: no timer for less, the next part finds a few tokens then
_STORE_AGAIN_S = 1.0
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
        metrics: ConnectorMetrics | None = None,
        subscribers: Subscribers | None = None,
    ) -> None:
        self.id = settings.id
        self.counts = Counts(metrics)
        self._settings = settings
        self._runtime = runtime
        self._batch = batch
        self._encoder = Encoder(settings)
        self._answers = Answers(settings.id, settings.unknown_outcome, settings.statuses, runtime.random)
        self._throttle = Throttle()
        self._bucket = TokenBucket(settings.throughput, settings.burst, runtime.clock.monotonic())
        self._incoming = Incoming(settings, batch, runtime.clock, id_form, self.counts, subscribers)
        self._queue = ReadyQueue(
            settings.id, settings.queue_capacity, store, runtime.reactor, runtime.clock, self._pump
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
            self._stop_writing,
            self._pump,
        )
        self._begun: dict[Bind, Outgoing] = {}  # messages of which a bind has still parts to write
        self._wake: IDelayedCall | None = None
        self._wake_at = 0.0
        self._pumping = False
        self._pump_due = False
        self._taking = False
        self._drained: Deferred[None] | None = None
        self._limit: IDelayedCall | None = None
        batch.when_working_again(self._pump)

    # ------------------------------------------------------------------ what the dispatcher calls
    def start(self) -> None:
        """Bind, and send what is queued."""
        _log.info("connector.starting", connector=self.id, binds=len(self._binds))
        self._taking = True
        self._queue.start()
        for bind in self._binds:
            bind.start()

    def drain(self, limit_s: float) -> Deferred[None]:
        """Take nothing more, wait for the answers that are due, unbind, close; fires when all binds are closed.

        After `limit_s` what is still unanswered is left: its outcome is unknown and the store has it queued.
        """
        done: Deferred[None] = Deferred()
        self._drained = done
        self._taking = False
        self._queue.stop()
        self._sleep_no_more()
        self._limit = self._runtime.reactor.callLater(limit_s, self._leave)
        self._look_drained()
        return done

    def offer(self, messages: Iterable[Message], sent_parts: Mapping[int, frozenset[int]] | None = None) -> None:
        """Durable and QUEUED for this connector."""
        self._queue.offer(messages, sent_parts)
        self._pump()

    def withdraw(self, message_id: int) -> bool:
        """See ports.Dispatcher."""
        return message_id not in self._flights.active and self._queue.withdraw(message_id)

    def restore(self, message: Message) -> None:
        """See ports.Dispatcher."""
        self._queue.restore(message)
        self._pump()

    def ended(self, messages: Collection[int]) -> None:
        """See ports.Dispatcher."""
        self._queue.ended(messages)

    def in_flight(self) -> Iterable[int]:
        """Ids of messages with a part written and not answered, or answered and not durable."""
        return self._flights.active

    @property
    def up(self) -> bool:
        """True when something could be sent now."""
        if self._taking:
            for bind in self._senders:  # asked for every message: no generator
                if bind.state is BindState.BOUND:
                    return True
        return False

    def status(self) -> ConnectorStatus:
        """For operators."""
        return ConnectorStatus(
            id=self.id,
            kind="smpp",
            up=self.up,
            ready=len(self._queue),
            in_flight=len(self._flights.active),
            sent=self.counts.sent,
            refused=self.counts.refused,
            receipts=self._incoming.receipts,
            binds=tuple(bind.status() for bind in self._binds),
        )

    # ------------------------------------------------------------------ what binds report
    def bound(self, bind: Bind) -> None:
        """See BindOwner; what can be sent is looked at in `settled`."""
        self.counts.bound(1)

    def lost(self, bind: Bind) -> None:
        """See BindOwner."""
        self.counts.bound(-1)
        out = self._begun.pop(bind, None)
        if out is not None:
            # The parts that are still here go on another bind; those that are out decide what about them.
            out.decide(Verdict.AGAIN, None, 1)
            self._flights.conclude(out)

    def answered(self, bind: Bind, pdu: Pdu, context: Any, sent_at: float) -> None:
        """See BindOwner."""
        out, number = context
        out.open -= 1
        now = self._runtime.clock.monotonic()
        status = pdu.status
        if status == ESME_ROK and isinstance(pdu, MessageIdResp):
            self._throttle.success(now)
            self._flights.accepted(out, number, id_text(pdu.message_id))
        else:
            # A nack that says ROK answers nothing.
            self._refused(bind, out, number, status or ESME_RUNKNOWNERR, now)
        self.counts.answer(status, now - sent_at)
        self._flights.conclude(out)

    def unanswered(self, bind: Bind, context: Any, reason: str) -> None:
        """See BindOwner."""
        out, number = context
        out.open -= 1
        self.counts.unknown += 1
        self._flights.unanswered(out, number, reason)
        self._flights.conclude(out)

    def unsent(self, bind: Bind, context: Any) -> None:
        """See BindOwner."""
        out, number = context
        out.open -= 1
        out.decide(Verdict.AGAIN, None, number)
        self._flights.conclude(out)

    def late(self, bind: Bind, pdu: Pdu, context: Any) -> None:
        """See BindOwner; a refusal that comes late changes nothing, the policy has been applied."""
        self.counts.late += 1
        if context is not None and pdu.status == ESME_ROK and isinstance(pdu, MessageIdResp):
            out, number = context
            self._flights.accepted_late(out, number, id_text(pdu.message_id))

    def asked(self, bind: Bind, pdu: Pdu) -> None:
        """See BindOwner."""
        self._incoming.take(bind, pdu)

    def settled(self, bind: Bind) -> None:
        """See BindOwner."""
        unknown = self.counts.flush(len(self._flights.active), len(self._queue))
        if unknown:
            _log.warning(
                "connector.outcome_unknown",
                connector=self.id,
                bind=bind.index,
                parts=unknown,
                policy=self._settings.unknown_outcome,
            )
        self._pump()

    def _refused(self, bind: Bind, out: Outgoing, number: int, status: int, now: float) -> None:
        self.counts.refused += 1
        action = self._answers.refused(out, number, status)
        self._stop_writing(out)
        if action is Action.THROTTLE:
            self.counts.throttled += 1
            if self._throttle.singles_out(out, status):
                out.decide(Verdict.RETRY, out.error, 1)
            elif self._throttle.slow_down(status, now):
                pause = round(self._throttle.until - now, 1)
                _log.warning("connector.throttled", connector=self.id, status=status_name(status), pause_s=pause)
        elif action is Action.REBIND:
            bind.rebind(f"submit_sm answered {status_name(status)}")

    # ------------------------------------------------------------------ sending
    def _pump(self) -> None:
        """Send what can be sent now, and see to it that this is called again when more can be."""
        if self._pumping:
            return
        self._pumping = True
        try:
            for bind in list(self._begun):
                self._write(bind, self._begun[bind], bind.room)
            if self._taking:
                self._fill()
        finally:
            self._pumping = False
        self._queue.read()
        if self._drained is not None:
            self._look_drained()

    def _pump_soon(self) -> None:
        """Pump at the end of the turn: when several messages came back, all of them are in their places by then."""
        if not self._pump_due:
            self._pump_due = True
            self._runtime.turn.add(self._pump_now)

    def _pump_now(self) -> None:
        self._pump_due = False
        self._pump()

    def _fill(self) -> None:
        queue, clock = self._queue, self._runtime.clock
        now = clock.monotonic()
        if now < self._throttle.until:
            self._sleep(self._throttle.until - now)
            return
        bind: Bind | None = None
        room = chunk = 0
        now_ms = clock.now_ms()
        while (out := queue.first()) is not None:
            if out.message.deadline <= now_ms:
                queue.done(queue.take())  # too late: the sweep ends it as expired
                continue
            need = out.need
            if bind is None or not chunk or room < need:
                bind = self._least_loaded(need)
                if bind is None:
                    return
                room, chunk = bind.room, _CHUNK
            if not self._batch.working:
                self._sleep(_STORE_AGAIN_S)
                return
            if not self._bucket.take(need, now):
                self._sleep(self._bucket.wait(need, now))
                return
            self._begin(bind, queue.take(), room, now_ms)
            chunk -= 1
            room = bind.room if bind not in self._begun else 0
            if not room:
                bind = None

    def _least_loaded(self, need: int) -> Bind | None:
        """The bind with most room, if the message fits in; one larger than the window waits for an empty one."""
        best, most = None, 0
        window = self._settings.session.window
        for bind in self._senders:
            room = bind.room
            if room > most and bind not in self._begun:
                best, most = bind, room
        return best if most >= min(need, window) else None

    def _begin(self, bind: Bind, out: Outgoing, room: int, now_ms: int) -> None:
        """Make the PDUs of a message and write as many as there is room for."""
        try:
            out.begin(self._encoder.encode(out.message, now_ms))
        except CannotEncode as error:
            self._flights.unsendable(out, str(error))
            return
        self._flights.begun(out)
        self._write(bind, out, room)

    def _write(self, bind: Bind, out: Outgoing, room: int) -> None:
        """Write parts of a message, back to back; what does not fit goes on when answers come."""
        connection = bind.connection
        todo, pdus = out.todo, out.pdus
        written = 0
        while todo and room and connection is not None:
            number = todo[-1]
            try:
                connection.request(pdus[number - 1], (out, number))
            except EncodeError as error:
                out.decide(Verdict.FAIL, Failure("not_encodable", str(error)), number)
                break
            except SessionError:
                break  # the session is leaving; `lost` follows
            todo.pop()
            out.open += 1
            written += 1
            room -= 1
        self.counts.submitted += written
        if out.todo:
            self._begun[bind] = out
        else:
            self._begun.pop(bind, None)
            self._flights.conclude(out)

    def _stop_writing(self, out: Outgoing) -> None:
        """Nothing more of this message is to be written in this attempt."""
        out.todo = []
        for bind, begun in list(self._begun.items()):
            if begun is out:
                del self._begun[bind]

    # ------------------------------------------------------------------ timers and the end
    def _sleep(self, seconds: float) -> None:
        """Look again after that time, or sooner if that was planned."""
        seconds = max(_SOONEST_S, seconds)
        at = self._runtime.clock.monotonic() + seconds
        if self._wake is not None and self._wake.active():
            if self._wake_at <= at:
                return
            self._wake.cancel()
        self._wake_at = at
        self._wake = self._runtime.reactor.callLater(seconds, self._woken)

    def _woken(self) -> None:
        self._wake = None
        self._pump()

    def _sleep_no_more(self) -> None:
        if self._wake is not None and self._wake.active():
            self._wake.cancel()
        self._wake = None

    def _look_drained(self) -> None:
        """While draining: unbind when nothing is unanswered, tell when all binds are gone."""
        if self._drained is None or self._pumping:
            return
        if self._limit is not None and not self._begun and not any(bind.outstanding for bind in self._binds):
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
