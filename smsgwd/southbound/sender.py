"""What goes when on which bind: from the ready queue, through the bucket, into the windows.

Messages of one PDU leave in runs, so that a write carries several and what a run costs is shared; the others go one
by one, their parts back to back on one bind.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall

from smsgwd.delivery.rate import LinkRate
from smsgwd.model.message import Failure
from smsgwd.smpp.errors import EncodeError, SessionError
from smsgwd.smpp.pdu import Pdu
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.bind import Bind
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.encode import CannotEncode, Encoder
from smsgwd.southbound.flights import Flights
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.queue import ReadyQueue
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.settings import Settings
from smsgwd.southbound.throttle import Throttle
from smsgwd.telemetry import get_logger

_RUN = 16  # messages in a row on one bind where there are others
_SOONEST_S = 0.002  # bucket: no timer for less, the next part finds a few tokens then
_STORE_AGAIN_S = 1.0
_log = get_logger("southbound")


class Sender:
    """The sending of one connector; `join` it with the queue, the flights and the binds before the first `pump`."""

    _queue: ReadyQueue
    _flights: Flights

    def __init__(
        self,
        settings: Settings,
        runtime: Runtime,
        batch: Batch,
        rate: LinkRate,
        throttle: Throttle,
        counts: Counts,
        pumped: Callable[[], None],
    ) -> None:
        """`pumped` is called after each look at what can be sent."""
        self.taking = False  #: may new messages begin
        self.suspended = False  #: for a while nothing new begins, see connector.py
        self.begun: dict[Bind, Outgoing] = {}  #: messages of which a bind has still parts to write
        self._connector = settings.id
        self._runtime = runtime
        self._lease = runtime.lease
        self._batch = batch
        self._throttle = throttle
        self._counts = counts
        self._pumped = pumped
        self._bucket = rate
        self._binds: list[Bind] = []
        self._wake: IDelayedCall | None = None
        self._wake_at = 0.0
        self._pumping = False
        self.adopt(settings)

    def adopt(self, settings: Settings) -> None:
        """Other settings, for what is begun from now on."""
        self._window = settings.session.window
        self._encoder = Encoder(settings)

    def join(self, queue: ReadyQueue, flights: Flights, binds: list[Bind]) -> None:
        """Where messages come from, who has them while they are out, and the binds that send."""
        self._queue = queue
        self._flights = flights
        self._binds = binds

    @property
    def unfinished(self) -> bool:
        """True while a bind has parts of a message to write."""
        return bool(self.begun)

    @property
    def pumping(self) -> bool:
        """True inside of `pump`."""
        return self._pumping

    def pump(self) -> None:
        """Send what can be sent now, and see to it that this is called again when more can be."""
        if self._pumping:
            return
        self._pumping = True
        try:
            if self._lease.held:  # else another node may send the same
                for bind in list(self.begun):
                    self._write(bind, self.begun[bind], bind.room)
                if self.taking and not self.suspended:
                    self._fill()
        finally:
            self._pumping = False
        self._queue.read()
        self._pumped()

    def stop_writing(self, out: Outgoing) -> None:
        """Nothing more of this message is to be written in this attempt."""
        out.todo = []
        for bind, begun in list(self.begun.items()):
            if begun is out:
                del self.begun[bind]

    def sleep_no_more(self) -> None:
        """Look again only when something happens."""
        if self._wake is not None and self._wake.active():
            self._wake.cancel()
        self._wake = None

    def _fill(self) -> None:
        queue, clock = self._queue, self._runtime.clock
        now = clock.monotonic()
        if now < self._throttle.until:
            self._sleep(self._throttle.until - now)
            return
        now_ms = clock.now_ms()
        flights = self._flights
        while not flights.crowded and (out := queue.first()) is not None:
            if out.message.deadline <= now_ms:
                queue.done(queue.take())  # too late: the sweep ends it as expired
                continue
            need = out.need
            bind = self._least_loaded(need)
            if bind is None:
                return
            if not self._batch.working:
                self._sleep(_STORE_AGAIN_S)
                return
            if out.message.parts == 1:
                if not self._run(bind, now, now_ms):
                    return
            elif self._bucket.take(need, now):
                self._begin(bind, queue.take(), now_ms)
            else:
                self._sleep(self._bucket.wait(need, now))
                return

    def _least_loaded(self, need: int) -> Bind | None:
        """The bind with most room, if the message fits in; one larger than the window waits for an empty one."""
        best, most = None, 0
        for bind in self._binds:
            room = bind.room
            if room > most and bind not in self.begun:
                best, most = bind, room
        return best if most >= min(need, self._window) else None

    def _run(self, bind: Bind, now: float, now_ms: int) -> bool:
        """Send messages of one part on a bind that has room; False when nothing more goes for now."""
        queue, bucket = self._queue, self._bucket
        first, take, compose, begun = queue.first, queue.take, self._encoder.compose, self._flights.begun
        most = bind.room if len(self._binds) == 1 else min(bind.room, _RUN)
        limited = not bucket.unlimited
        pdus: list[Pdu] = []
        outs: list[Outgoing] = []
        goes_on = True
        while len(outs) < most and (out := first()) is not None:
            message = out.message
            if message.parts != 1:
                break
            if message.deadline <= now_ms:
                queue.done(take())
                continue
            if limited and not bucket.take(1, now):
                self._sleep(bucket.wait(1, now))
                goes_on = False
                break
            take()
            try:
                made = compose(message, now_ms)
            except Exception as error:
                self._unsendable(out, error)
                continue
            begun(out)
            if len(made) != 1:  # the connector cuts otherwise than the price list
                out.begin(made)
                goes_on = self._send(bind, outs, pdus)
                self._write(bind, out, bind.room)
                return goes_on
            out.begin_lone(made)
            outs.append(out)
            pdus.append(made[0])
        return self._send(bind, outs, pdus) and goes_on

    def _send(self, bind: Bind, outs: list[Outgoing], pdus: list[Pdu]) -> bool:
        """Write one PDU of each message; False when the session takes none any more."""
        connection = bind.connection
        if not outs or connection is None:
            return True
        try:
            connection.request_many(pdus, outs)  # what is one PDU is its own context: see Connector
        except (EncodeError, SessionError):
            return self._send_one_by_one(bind, outs)
        self._counts.submitted += len(outs)
        return True

    def _send_one_by_one(self, bind: Bind, outs: list[Outgoing]) -> bool:
        """Find out which of a run cannot go."""
        taken = True
        for out in outs:
            out.again_lone()
            self._write(bind, out, 1)
            if out.todo:  # the session is leaving; back into the queue
                taken = False
                self.stop_writing(out)
                out.decide(Verdict.AGAIN, None, 1)
                self._flights.conclude(out)
        return taken

    def _begin(self, bind: Bind, out: Outgoing, now_ms: int) -> None:
        """Make the PDUs of a message and write as many as there is room for."""
        try:
            out.begin(self._encoder.compose(out.message, now_ms))
        except Exception as error:
            self._unsendable(out, error)
            return
        self._flights.begun(out)
        self._write(bind, out, bind.room)

    def _unsendable(self, out: Outgoing, error: Exception) -> None:
        """No PDUs can be made of a message: it is refused, also where the fault is ours; the others go on."""
        reason = str(error)
        if not isinstance(error, CannotEncode | EncodeError):  # whose text may hold that of the message
            reason = f"internal error: {type(error).__name__}"
            _log.error("connector.error", connector=self._connector, message=out.message.id, reason=reason)
        self._flights.unsendable(out, reason)

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
        self._counts.submitted += written
        if out.todo:
            self.begun[bind] = out
        else:
            self.begun.pop(bind, None)
            self._flights.conclude(out)

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
        self.pump()
