"""One bind: a session with an SMSC that is made again whenever it ends, on one socket at a time.

    STOPPED ──start──> CONNECTING ──transport──> BINDING ──accepted──> BOUND ──unbind, rebind──> CLOSING
       ▲                    │ failed                │ refused, silent     │ lost                  │ gone
       └── stop ── WAITING <┴───────────────────────┴─────────────────────┴───────────────────────┘

A new connection is begun only from WAITING, and WAITING only after the old transport reported its end: so an SMSC never
sees two sockets of one bind.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.net.smpp import SmppConnection, why
from smsgwd.net.wiretap import Link
from smsgwd.ports.dispatch import BindStatus
from smsgwd.smpp import events as e
from smsgwd.smpp.pdu import Bind as BindPdu
from smsgwd.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter
from smsgwd.smpp.session_table import Role
from smsgwd.smpp.status import status_name
from smsgwd.southbound.bind_owner import BindOwner, BindState
from smsgwd.southbound.reconnect import Reconnect
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.settings import Settings
from smsgwd.telemetry import get_logger

_log = get_logger("southbound")
_LEAVE_S = 5.0  # an unbind that takes longer is cut short
_OVERDUE = 1000  # requests given up whose late answer is still understood

_PDUS: dict[str, type[BindPdu]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}


_BOUND = BindState.BOUND  # asked for a few times a turn: an attribute of an Enum takes longer


class Bind:
    """One bind of a connector; `kind` is transceiver, transmitter or receiver."""

    def __init__(self, index: int, kind: str, settings: Settings, runtime: Runtime, owner: BindOwner) -> None:
        self.index = index
        self.sends = kind != "receiver"
        self.connection: SmppConnection | None = None
        self.awaiting = 0  #: deliver_sm of this connection that wait for their commit; see incoming.py
        self._kind = kind
        self._settings = settings
        self._runtime = runtime
        self._owner = owner
        self._reconnect = Reconnect(settings.reconnect_min_s, settings.reconnect_max_s, runtime.random)
        self._log = _log.bind(connector=settings.id, bind=index)
        self._state = BindState.STOPPED
        self._since = runtime.clock.monotonic()
        self._attempt: Deferred[object] | None = None
        self._wanted: SmppConnection | None = None  # the one that is being made, or the last
        self._timer: IDelayedCall | None = None
        self._refused: int | None = None
        self._was_bound = False
        self._bound_at = 0.0
        self._mute_since: float | None = None  # a request was given up then, and none has been answered since
        self._overdue: dict[int, Any] = {}  # sequence -> context of requests given up, oldest first
        self._leaving = False
        self._at_once = False  # the next connection waits for nothing: somebody wants it
        self._error = ""
        self._lost = 0
        self._last_loss = ""

    @property
    def asked_to_go(self) -> bool:
        """True while this side wants the session to end: that is no loss."""
        return self._leaving or self._at_once

    @property
    def state(self) -> BindState:
        """Where the bind is."""
        return self._state

    @property
    def room(self) -> int:
        """How many requests may be sent now."""
        connection = self.connection
        if connection is None or self._state is not _BOUND or not connection.writable:
            return 0
        return connection.session.room

    @property
    def outstanding(self) -> int:
        """Requests that wait for an answer."""
        return 0 if self.connection is None else self.connection.session.outstanding

    def status(self) -> BindStatus:
        """For operators."""
        return BindStatus(
            self.index,
            self._state.value,
            self.outstanding,
            self._settings.session.window,
            self._since,
            self._error,
            self._lost,
            self._last_loss,
        )

    def start(self) -> None:
        """Connect, and again whenever the session ends, until `stop`."""
        if self._leaving:
            self._leaving = False
            self._at_once = self._state is not BindState.STOPPED
        if self._state is BindState.STOPPED:
            self._connect()

    def leave(self) -> None:
        """`stop`, but first wait for the answers that are due."""
        self._stop(self._settings.session.drain + _LEAVE_S)

    def stop(self) -> None:
        """Unbind in order if bound (5 s at most), and stay away."""
        self._stop(_LEAVE_S)

    def adopt(self, settings: Settings) -> None:
        """Settings that hold without a new bind: the window, and what the next connection goes by."""
        self._settings = settings
        self._reconnect.adopt(settings.reconnect_min_s, settings.reconnect_max_s)
        if self.connection is not None:
            self.connection.set_window(settings.session.window)

    def renew(self, reason: str) -> None:
        """Leave in order and bind anew at once; one that waits tries now. Nothing for one that is to stay away."""
        if self._leaving or self._state is BindState.STOPPED:
            return
        self._at_once = True
        if self._state is BindState.WAITING:
            self._cancel_timer()
            self._connect_now()
        elif self._state is BindState.CONNECTING and self._attempt is not None:
            self._attempt.cancel()
        elif self._state is BindState.BINDING and self.connection is not None:
            self._enter(BindState.CLOSING)
            self.connection.close(reason)
        elif self._state is BindState.BOUND:
            self._log.info("bind.renewed", reason=reason)
            self._unbind(reason, self._settings.session.drain + _LEAVE_S)

    def _stop(self, limit_s: float) -> None:
        if self._leaving:
            return
        self._leaving = True
        self._at_once = False
        if self._state is BindState.WAITING:
            self._cancel_timer()
            self._enter(BindState.STOPPED)
            self._owner.settled(self)
        elif self._state is BindState.CONNECTING and self._attempt is not None:
            self._attempt.cancel()
        elif self._state is BindState.BINDING and self.connection is not None:
            self._enter(BindState.CLOSING)
            self.connection.close("stopped")
        elif self._state is BindState.BOUND:
            self._unbind("stopped", limit_s)

    def rebind(self, reason: str) -> None:
        """The SMSC does not take this session for what it is: leave it and bind anew."""
        self._rebind(reason, self._settings.session.drain + _LEAVE_S)

    def abort(self, reason: str) -> None:
        """Cut the connection, if there is one."""
        if self.connection is not None:
            self.connection.abort(reason)

    # ------------------------------------------------------------------ net.smpp.Owner
    def connected(self, connection: SmppConnection) -> None:
        """See net.smpp.Owner."""
        if self._leaving or self._state is not BindState.CONNECTING or connection is not self._wanted:
            connection.abort("stopped")
            return
        self.connection = connection
        connection.set_window(self._settings.session.window)  # it may be another than when the connection was begun
        self.awaiting = 0
        self._enter(BindState.BINDING)
        settings = self._settings
        connection.bind(
            _PDUS[self._kind](
                system_id=settings.system_id,
                password=settings.password,
                system_type=settings.system_type,
                interface_version=settings.interface_version,
                address_range=settings.address_range if self._kind != "transmitter" else b"",
            )
        )

    def received(self, connection: SmppConnection, events: list[e.Event]) -> None:
        """See net.smpp.Owner."""
        owner = self._owner
        answered = given_up = False
        for event in events:
            if isinstance(event, e.Responses):
                answered = True
                owner.answered_many(self, event.answers)
            elif isinstance(event, e.Requests):
                owner.asked(self, event.pdus)
            elif isinstance(event, e.Response):
                answered = True
                owner.answered(self, event.pdu, event.context, event.sent_at)
            elif isinstance(event, e.TimedOut):
                given_up = True
                self._give_up(event)
            elif isinstance(event, e.Bound):
                self._bound()
            elif isinstance(event, e.BindFailed):
                self._bind_failed(event, events[-1])
            elif isinstance(event, e.PeerUnbound):
                self._log.info("bind.peer_unbound")
                self._enter(BindState.CLOSING)
            elif isinstance(event, e.ProtocolFault):
                self._log.warning("bind.protocol_fault", reason=event.reason, status=status_name(event.status))
            elif isinstance(event, e.UnmatchedResponse):
                self._log.warning("bind.unmatched_response", command=event.pdu.name, sequence=event.pdu.sequence)
                context = self._overdue.pop(event.pdu.sequence, None)
                answered = answered or context is not None
                owner.late(self, event.pdu, context)
        if answered:
            self._mute_since = None
        elif given_up:
            self._look_mute()
        owner.settled(self)

    def disconnected(self, connection: SmppConnection, events: list[e.Event], reason: str) -> None:
        """See net.smpp.Owner."""
        if self.connection is not connection:  # one that `stop` did not want any more
            return
        self._cancel_timer()
        self._error = reason if self._refused is None else f"bind refused with {status_name(self._refused)}"
        if self._was_bound:
            self._reconnect.ended(self._runtime.clock.monotonic() - self._bound_at)
            if self.asked_to_go:
                self._log.info("bind.unbound", reason=reason)
            else:
                self._lost += 1
                self._last_loss = reason
                self._log.warning("bind.lost", reason=reason, unanswered=_unanswered(events))
        elif self._refused is None and not self.asked_to_go:
            self._log.warning("bind.connect_failed", reason=reason)
        if self._was_bound:
            self._owner.lost(self)
        # Whoever handles what was lost must not find this bind usable.
        self.connection = None
        self._enter(BindState.CLOSING)
        for event in events:
            if isinstance(event, e.Response):
                self._owner.answered(self, event.pdu, event.context, event.sent_at)
            elif isinstance(event, e.TimedOut):
                self._owner.unanswered(self, event.context, "no answer in time")
            elif isinstance(event, e.Lost):
                for context in event.unanswered:
                    self._owner.unanswered(self, context, reason)
                for context in event.unsent:
                    self._owner.unsent(self, context)
        self._wait()
        self._owner.settled(self)

    # ------------------------------------------------------------------ inside
    def _enter(self, state: BindState) -> None:
        self._state = state
        self._since = self._runtime.clock.monotonic()

    def _connect(self) -> None:
        self._timer = None
        self._refused = None
        self._was_bound = False
        runtime, settings = self._runtime, self._settings
        if not runtime.lease.held:  # another node may be bound in our place
            self._wait()
            return
        self._enter(BindState.CONNECTING)
        connection = SmppConnection(
            Role.ESME,
            settings.session_grouped,
            self,
            reactor=runtime.reactor,
            clock=runtime.clock,
            turn=runtime.turn,
            tap=runtime.tap,
            link=Link(connector=settings.id, bind=self.index),
        )
        self._wanted = connection
        self._attempt = attempt = runtime.connect(
            settings.host, settings.port, connection, tls=settings.tls, timeout=settings.connect_s
        )
        attempt.addCallbacks(self._connection_made, self._connection_failed)

    def _connection_made(self, _: object) -> None:
        self._attempt = None

    def _connection_failed(self, failure: Failure) -> None:
        self._attempt = None
        self._error = why(failure)
        if not self.asked_to_go:
            self._log.warning("bind.connect_failed", reason=self._error)
        self._wait()
        self._owner.settled(self)

    def _bound(self) -> None:
        self._was_bound = True
        self._error = ""
        self._enter(BindState.BOUND)
        self._bound_at = self._since
        self._mute_since = None
        self._overdue.clear()  # sequence numbers begin anew
        self._log.info("bind.up", kind=self._kind)
        self._owner.bound(self)

    def _bind_failed(self, event: e.BindFailed, last: e.Event) -> None:
        """Note what the SMSC answered; a bind without answer is an ordinary failure of the link."""
        if isinstance(last, e.Closed) and not last.abort:
            self._refused = event.status

    def _give_up(self, event: e.TimedOut) -> None:
        """No answer in time; one that is late still tells the id."""
        overdue = self._overdue
        overdue[event.sequence] = event.context
        if len(overdue) > _OVERDUE:
            del overdue[next(iter(overdue))]
        self._owner.unanswered(self, event.context, "no answer in time")

    def _look_mute(self) -> None:
        """An SMSC may keep the link alive and answer no request any more: bind anew when that lasts.

        It has a second response time, so that one that is only slow is not cut off from its late answers.
        """
        now = self._runtime.clock.monotonic()
        if self._mute_since is None:
            self._mute_since = now
        elif now - self._mute_since >= self._settings.session.response / 2:
            self._rebind("requests are not answered any more", _LEAVE_S)

    def _rebind(self, reason: str, limit_s: float) -> None:
        if self._state is BindState.BOUND:
            self._log.warning("bind.rebind", reason=reason)
            self._unbind(reason, limit_s)

    def _unbind(self, reason: str, limit_s: float) -> None:
        connection = self.connection
        if connection is not None:
            self._enter(BindState.CLOSING)
            connection.unbind()
            self._cancel_timer()
            self._timer = self._runtime.reactor.callLater(limit_s, connection.abort, reason)

    def _wait(self) -> None:
        """Wait before the next connection, or not at all when there shall be none."""
        if self._leaving:
            self._enter(BindState.STOPPED)
            return
        if self._at_once:
            self._connect_now()
            return
        if self._refused is None:
            delay = self._reconnect.wait()
        else:
            delay = self._reconnect.wait_refused(self._refused)
            self._log.error("bind.refused", status=status_name(self._refused), again_in_s=round(delay))
        self._enter(BindState.WAITING)
        self._timer = self._runtime.reactor.callLater(delay, self._connect)

    def _connect_now(self) -> None:
        """Connect in the next turn: what this one brings is handled before."""
        self._at_once = False
        self._reconnect.afresh()
        self._enter(BindState.WAITING)
        self._timer = self._runtime.reactor.callLater(0, self._connect)

    def _cancel_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()


def _unanswered(events: list[e.Event]) -> int:
    return sum(len(event.unanswered) for event in events if isinstance(event, e.Lost))
