"""The control plane of a session: bind, outbind, unbind, enquire_link, generic_nack and the states they lead to.

Session (session.py) adds the traffic. Only the PDUs that the session itself sends or answers are handled here.
"""

from struct import Struct
from typing import Final

from smsgwd.smpp import constants as c
from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp import status as s
from smsgwd.smpp.codec import decode_body, encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.errors import NotBound, PduError
from smsgwd.smpp.framing import Framer
from smsgwd.smpp.session_table import BOUND, BOUND_BY, INBOUND, TABLE, Action, Role, Rule, State
from smsgwd.smpp.tables import command_name, response_to
from smsgwd.smpp.tags import SC_INTERFACE_VERSION
from smsgwd.smpp.timers import Timers
from smsgwd.smpp.tlv import pack_tlvs
from smsgwd.smpp.window import Window

_HEADER: Final = Struct(">IIII")


class Link:
    """State, queues and timers of one connection, and what binds and unbinds it. `now` is when it was made (s)."""

    __slots__ = (
        "_config",
        "_control",
        "_entered",
        "_framer",
        "_inbound",
        "_last_now",
        "_open_faults",
        "_out",
        "_outbound",
        "_over",
        "_pending_bind",
        "_pending_events",
        "_state",
        "_timers",
        "_unanswered",
        "_unbind_sequence",
        "_window",
        "is_bound",
        "peer_system_id",
        "peer_version",
        "role",
    )

    def __init__(self, role: Role, config: SessionConfig, now: float, first_sequence: int = 1) -> None:
        self.role = role
        self.peer_system_id = b""
        self.peer_version = c.VERSION_3_4
        self._config = config
        self._framer = Framer(config.max_frame_open if role is Role.SMSC else config.max_frame)
        self._window = Window(config.window, first_sequence)
        self._timers = Timers(config, now)
        self._out: list[bytes] = []
        self._control: dict[int, int] = {}  # sequence -> command id of our bind, enquire_link, unbind
        self._pending_bind: p.Bind | None = None  # SMSC role: surfaced, neither accepted nor rejected yet
        self._unbind_sequence: int | None = None  # of the peer's unbind while it waits for its answer
        self._unanswered = 0  # requests of the peer's surfaced and not answered
        self._open_faults = 0
        self._pending_events: list[e.Event] = []
        self._last_now = now
        self._over = False
        self._state = State.OPEN
        self._entered = True  # this state, since `wake_at` was asked last: other timers run now
        # What follows from the state, looked up when it changes and not for each PDU:
        self.is_bound = False  #: bound and not unbinding
        self._inbound: dict[int, Rule] = {}
        self._outbound: dict[int, Rule] = {}
        self._enter(State.OPEN)

    @property
    def state(self) -> State:
        """The session's state."""
        return self._state

    def may_send(self, command_id: int) -> bool:
        """Does the state allow us to send this PDU?"""
        rule = self._outbound.get(command_id)
        return rule is not None and rule.legal

    def bind(self, pdu: p.Bind, now: float) -> int:
        """ESME role: queue a bind request; Bound or BindFailed tells the outcome. Raises NotBound when out of order."""
        if not self.may_send(pdu.command_id) or any(command in c.BINDS for command in self._control.values()):
            raise NotBound(f"{pdu.name} may not be sent in {self._state.name}")
        self._last_now = now
        return self._send_control(pdu)

    def accept_bind(
        self,
        pdu: p.Bind,
        now: float,
        system_id: bytes = b"",
        sc_interface_version: int | None = c.VERSION_3_4,
        window: int = 0,
    ) -> list[e.Event]:
        """SMSC role: accept the BindRequest; `system_id` is ours. Returns [Bound], or [] when the session is over.

        The sc_interface_version TLV goes to peers of 3.4 and later only (SMPP 3.4 s3.4). `window` = requests of ours
        that may be unanswered in this session, 0 = as configured.
        """
        if pdu is not self._pending_bind:
            return []
        self.peer_system_id = pdu.system_id
        self.peer_version = pdu.interface_version
        response = response_to(pdu.command_id, pdu.sequence)
        if isinstance(response, p.BindResp):
            response.system_id = system_id
        if sc_interface_version is not None and pdu.interface_version >= c.VERSION_3_4:
            response.tlvs = pack_tlvs({SC_INTERFACE_VERSION: sc_interface_version})
        self._out.append(encode(response))
        self._pending_bind = None
        if window:
            self._window.limit = window
        return [self._bound(BOUND_BY[pdu.command_id], now)]

    def reject_bind(self, pdu: p.Bind, status: int, now: float) -> list[e.Event]:
        """SMSC role: refuse the BindRequest with an error `status` and close. Returns [Closed] or, when over, []."""
        if pdu is not self._pending_bind:
            return []
        self._last_now = now
        self._out.append(encode(response_to(pdu.command_id, pdu.sequence, status)))
        events: list[e.Event] = []
        self._close(f"bind refused with {s.status_name(status)}", events)
        return events

    def outbind(self, pdu: p.Outbind, now: float) -> None:
        """SMSC role: ask the ESME to bind (SMPP 3.4 s2.2.1). Raises NotBound when out of order."""
        if not self.may_send(c.OUTBIND):
            raise NotBound(f"outbind may not be sent by {self.role.value} in {self._state.name}")
        pdu.sequence = self._window.next_sequence(self._control)
        self._out.append(encode(pdu))
        self._last_now = now
        self._enter(State.OUTBOUND)

    def unbind(self, now: float, drain: float | None = None) -> None:
        """Leave in order: no new requests, wait up to `drain` for answers in both directions, unbind, then Closed.

        `drain` (s) in place of the configured one. An unbound session closes at once. Calling it again changes
        nothing. Events come with the next `tick`.
        """
        self._last_now = now
        if self._state in (State.OPEN, State.OUTBOUND):
            self._close("closed before the bind", self._pending_events)
        elif self.is_bound:
            self._enter(State.UNBINDING_SENT)
            self._timers.drain_until = now + (self._config.drain if drain is None else drain)
            self._unbind_step(now, self._pending_events)

    def deaf(self, now: float) -> None:
        """We do not read, or did not until now: silence of the peer, or half a PDU of it, says nothing."""
        timers = self._timers
        timers.heard(now)
        if timers.partial_since is not None:
            timers.partial_since = now

    def _enter(self, state: State) -> None:
        self._state = state
        self._entered = True
        self.is_bound = state in BOUND
        self._inbound = INBOUND[state, self.role.peer]
        self._outbound = TABLE[state, self.role]

    def _is_closed(self) -> bool:
        return self._state is State.CLOSED

    def _close(self, reason: str, events: list[e.Event], abort: bool = False) -> None:
        self._enter(State.CLOSED)
        self._pending_bind = None
        events.append(e.Closed(reason, abort))

    def _bound(self, state: State, now: float) -> e.Bound:
        self._last_now = now
        self._enter(state)
        self._timers.set_bound(now)
        self._framer.cap = self._config.max_frame
        return e.Bound(state, self.peer_system_id, self.peer_version)

    def _send_control(self, pdu: p.Pdu) -> int:
        """Queue a PDU of the session's own: past the window, its sequence kept aside."""
        sequence = pdu.sequence = self._window.next_sequence(self._control)
        self._out.append(encode(pdu))
        self._control[sequence] = pdu.command_id
        return sequence

    def _send_enquire_link(self, now: float) -> None:
        for sequence, command in list(self._control.items()):
            if command == c.ENQUIRE_LINK:
                del self._control[sequence]
        self._timers.enquired(now)
        self._send_control(p.EnquireLink())

    def _refuse(self, command_id: int, sequence: int, status: int, reason: str, events: list[e.Event]) -> None:
        self._out.append(encode(response_to(command_id, sequence, status)))
        events.append(e.ProtocolFault(reason, status, command_id, sequence))
        # An ESME chose its peer, and its bind is answered or not in the session_init time: it keeps waiting for that.
        if self.role is Role.SMSC and (self._state is State.OPEN or self._state is State.OUTBOUND):
            self._open_faults += 1
            if self._open_faults > self._config.max_open_faults:
                self._close("too many refused PDUs before the bind", events)

    def _receive_control(
        self,
        frame: bytes,
        command_id: int,
        status: int,
        sequence: int,
        rule: Rule,
        now: float,
        events: list[e.Event],
    ) -> None:
        """Everything but requests and responses that carry messages."""
        action = rule.action
        if action is Action.ENQUIRE_LINK:
            self._timers.last_transaction = now
            self._out.append(_HEADER.pack(16, c.ENQUIRE_LINK_RESP, s.ESME_ROK, sequence))
        elif action is Action.ENQUIRE_LINK_RESP:
            if self._control.get(sequence) == c.ENQUIRE_LINK:
                del self._control[sequence]
        elif action is Action.NACK:
            self._receive_nack(status, sequence, events)
        elif action is Action.BIND_RESP:
            self._receive_bind_resp(frame, command_id, status, sequence, now, events)
        elif action is Action.BIND or action is Action.OUTBIND:
            self._receive_bind(frame, command_id, status, sequence, events)
        elif action is Action.UNBIND:
            self._receive_unbind(sequence, now, events)
        elif action is Action.UNBIND_RESP:
            if self._control.get(sequence) == c.UNBIND:
                self._close("unbound", events)
            else:
                events.append(e.ProtocolFault("unbind_resp to no unbind", status, command_id, sequence))
        elif action is Action.REFUSE:
            reason = f"{command_name(command_id)} is not allowed in {self._state.name}"
            self._refuse(command_id, sequence, rule.status, reason, events)
        else:
            reason = f"{command_name(command_id)} is not expected in {self._state.name}"
            events.append(e.ProtocolFault(reason, status, command_id, sequence))

    def _receive_bind(self, frame: bytes, command_id: int, status: int, sequence: int, events: list[e.Event]) -> None:
        if self._pending_bind is not None:
            self._refuse(command_id, sequence, s.ESME_RALYBND, "a bind is being decided already", events)
            return
        try:
            pdu = decode_body(frame, command_id, status, sequence)
        except PduError as fault:
            self._refuse(command_id, sequence, fault.command_status, fault.reason, events)
            return
        if isinstance(pdu, p.Bind):
            self._pending_bind = pdu
            self._timers.bind_came()
            events.append(e.BindRequest(pdu))
        elif isinstance(pdu, p.Outbind):
            self._enter(State.OUTBOUND)
            events.append(e.OutbindRequest(pdu))

    def _receive_bind_resp(
        self, frame: bytes, command_id: int, status: int, sequence: int, now: float, events: list[e.Event]
    ) -> None:
        if self._control.get(sequence) != command_id ^ c.RESPONSE_BIT:
            events.append(e.ProtocolFault("bind response to no bind", status, command_id, sequence))
            return
        del self._control[sequence]
        if status != s.ESME_ROK:
            self._bind_failed(status, events)
            return
        pdu = decode_body(frame, command_id, status, sequence)
        if isinstance(pdu, p.BindResp):
            self.peer_system_id = pdu.system_id
        # Many SMSCs leave the TLV out and speak 3.4 all the same, so only an explicit 3.3 counts.
        version = pdu.tlv_int(SC_INTERFACE_VERSION)
        self.peer_version = c.VERSION_3_4 if version is None else version
        events.append(self._bound(BOUND_BY[command_id ^ c.RESPONSE_BIT], now))

    def _bind_failed(self, status: int, events: list[e.Event]) -> None:
        reason = f"bind refused with {s.status_name(status)}"
        events.append(e.BindFailed(status, reason))
        self._close(reason, events)

    def _receive_nack(self, status: int, sequence: int, events: list[e.Event]) -> None:
        """generic_nack: fail what it refers to; one that refers to nothing is only reported (SMPP 3.4 s4.3).

        It is never a success, also where its status says ESME_ROK.
        """
        pending = self._window.take(sequence)
        command = self._control.pop(sequence, None)
        if pending is not None:
            nack = p.GenericNack(sequence=sequence, status=status or s.ESME_RUNKNOWNERR)
            events.append(e.Response(nack, *pending))
        elif command in c.BINDS:
            self._bind_failed(status or s.ESME_RBINDFAIL, events)
        elif command == c.UNBIND:
            self._close("unbind answered by generic_nack", events)
        elif command is None:
            events.append(e.ProtocolFault("generic_nack to nothing", status, c.GENERIC_NACK, sequence))

    def _receive_unbind(self, sequence: int, now: float, events: list[e.Event]) -> None:
        events.append(e.PeerUnbound())
        if self._timers.unbind_until is not None:
            # Both sides unbind at once: ours is on its way, so answer and go on waiting for its response.
            self._out.append(encode(p.UnbindResp(sequence=sequence)))
            return
        self._unbind_sequence = sequence
        self._enter(State.UNBINDING_RECEIVED)
        self._timers.drain_until = now + self._config.drain
        self._unbind_step(now, events)

    def _unbind_step(self, now: float, events: list[e.Event]) -> None:
        """Go on with an unbind once nothing is unanswered in either direction, or the drain time is over.

        The peer's unbind waits for its answers to us as well: each one that still comes is an outcome known.
        """
        timers = self._timers
        if timers.unbind_until is not None:
            return
        if (self._unanswered or len(self._window)) and timers.drain_until is not None and now < timers.drain_until:
            return
        timers.drain_until = None
        if self._state is State.UNBINDING_SENT:
            timers.unbind_until = now + self._config.link_response
            self._send_control(p.Unbind())
        elif self._unbind_sequence is not None:
            self._out.append(encode(p.UnbindResp(sequence=self._unbind_sequence)))
            self._unbind_sequence = None
            self._close("unbound by the peer", events)
