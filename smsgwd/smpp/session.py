"""One SMPP session, either role: octets, ticks and requests in; events, octets and wake-up times out.

The owner (a transport's protocol) passes every read to `receive`, walks the events, writes `data_to_send()` once per
turn, calls `tick` at `wake_at()`, and calls `connection_lost` when the transport is gone. No method blocks, reads a
clock or touches a socket; `now` is seconds of a monotonic clock. Which PDU is legal when stands in session_table.py,
binding and unbinding in link.py.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final

from smsgwd.smpp import constants as c
from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp import status as s
from smsgwd.smpp.codec import decode_body, encode
from smsgwd.smpp.composed import ComposedPdu
from smsgwd.smpp.errors import EncodeError, NotBound, PduError, WindowFull
from smsgwd.smpp.fast import MESSAGE_ID_RESPONSES, message_id_of, message_id_responses
from smsgwd.smpp.link import Link
from smsgwd.smpp.session_table import Action, Role, State, rule_for
from smsgwd.smpp.tables import RESPONSES, command_name
from smsgwd.smpp.tags import MESSAGE_PAYLOAD
from smsgwd.smpp.timers import Due
from smsgwd.smpp.tlv import Tlvs

_HEADER: Final = Struct(">IIII")
_pack_header, _unpack_header = _HEADER.pack, _HEADER.unpack_from
_REQUEST: Final = Action.REQUEST
_RESPONSE: Final = Action.RESPONSE


class Session(Link):
    """The protocol state of one connection: `Session(role, config, now)`."""

    __slots__ = ()

    @property
    def outstanding(self) -> int:
        """Requests of ours that wait for an answer."""
        return len(self._window)

    @property
    def room(self) -> int:
        """Requests that the window still takes; 0 when none may be sent."""
        return max(0, self._window.limit - len(self._window)) if self.is_bound else 0

    def set_window(self, limit: int) -> None:
        """At most `limit` requests of ours unanswered from now on; those above it that are out are answered first."""
        self._window.limit = limit

    @property
    def unanswered(self) -> int:
        """Requests of the peer's that wait for our answer."""
        return self._unanswered

    @property
    def unread(self) -> bytes:
        """Octets of a PDU of the peer's that is not whole yet."""
        return self._framer.held

    def receive(self, data: bytes, now: float) -> list[e.Event]:
        """Take octets from the peer; return what happened, in order. Never raises for anything the peer sends."""
        self._last_now = now
        events = self._take_events(now) if self._pending_events else []
        if self._state is State.CLOSED:
            return events
        timers = self._timers
        timers.heard(now)
        framer = self._framer
        frames = framer.feed(data)
        if framer.pending:
            if frames or timers.partial_since is None:
                timers.partial_since = now
        else:
            timers.partial_since = None
        limit = self._config.inbound_limit
        grouped = self._config.grouped
        requests: list[p.Pdu] = []
        answers: list[e.Answer] = []
        for frame in frames:
            _, command_id, status, sequence = _unpack_header(frame)
            rule = self._inbound.get(command_id) or rule_for(self._state, self.role.peer, command_id)
            action = rule.action
            if action is _REQUEST:
                timers.last_transaction = now
                if limit and self._unanswered >= limit and command_id != c.ALERT_NOTIFICATION:
                    self._refuse(command_id, sequence, s.ESME_RTHROTTLED, "too many unanswered requests", events)
                    continue
                try:
                    pdu = decode_body(frame, command_id, status, sequence)
                except PduError as fault:
                    self._refuse(command_id, sequence, fault.command_status, fault.reason, events)
                    continue
                if command_id != c.ALERT_NOTIFICATION:
                    self._unanswered += 1
                if not grouped:
                    events.append(e.Request(pdu))
                elif requests:
                    requests.append(pdu)
                else:
                    requests.append(pdu)
                    events.append(e.Requests(requests))
            elif action is _RESPONSE:
                timers.last_transaction = now
                if grouped and command_id in MESSAGE_ID_RESPONSES:
                    message_id = message_id_of(frame)
                    if message_id is not None:
                        found = self._window.take(sequence, command_id ^ c.RESPONSE_BIT)
                        if found is not None:
                            if not answers:
                                _insert(events, e.Responses(answers))
                            answers.append((found[0], status, message_id, found[1]))
                            continue
                pdu = decode_body(frame, command_id, status, sequence)
                pending = self._window.take(sequence, command_id ^ c.RESPONSE_BIT)
                if pending is None:
                    events.append(e.UnmatchedResponse(pdu))
                else:
                    events.append(e.Response(pdu, *pending))
            else:
                self._receive_control(frame, command_id, status, sequence, rule, now, events)
                if self._is_closed():
                    return events
        if framer.fault is not None:
            fault_ = framer.fault
            self._out.append(encode(p.GenericNack(status=s.ESME_RINVCMDLEN)))
            events.append(e.ProtocolFault(fault_.reason, s.ESME_RINVCMDLEN))
            self._close(fault_.reason, events)
        elif self._state is State.UNBINDING_SENT or self._state is State.UNBINDING_RECEIVED:
            self._unbind_step(now, events)
        return events

    def data_to_send(self, now: float | None = None) -> bytes:
        """Return all octets queued since the last call, for one write; their requests' response time starts now.

        Without `now` the time last given to any method counts.
        """
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        self._window.mark_sent(self._last_now if now is None else now)
        return data

    @property
    def stirred(self) -> bool:
        """False when there is nothing to send, and nothing that lets `wake_at` be sooner than it was: after a read in
        the midst of traffic, which only puts deadlines off.
        """
        return bool(
            self._out
            or self._pending_events
            or self._timers.partial_since is not None
            or not self.is_bound
            or self._entered
        )

    def wake_at(self) -> float | None:
        """Return when `tick` is needed at the latest (s, monotonic), None when nothing is pending."""
        self._entered = False
        if self._pending_events:
            return self._last_now
        if self._state is State.CLOSED:
            return None
        at = self._timers.wake_at()
        oldest = self._window.oldest_sent()
        if oldest is not None and self._config.response:
            due = oldest + self._config.response
            at = due if at is None or due < at else at
        return at

    def tick(self, now: float) -> list[e.Event]:
        """Let time pass: return what became due, and what happened inside calls that return no events."""
        events = self._take_events(now)
        if self._state is State.CLOSED:
            return events
        if self._config.response:
            for sequence, command_id, context in self._window.expire(now - self._config.response):
                events.append(e.TimedOut(context, sequence, command_id))
        for due in self._timers.due(now):
            if due is Due.ENQUIRE_LINK:
                self._send_enquire_link(now)
            elif due is Due.INACTIVE:
                self.unbind(now)
            elif due is Due.SESSION_INIT and self.role is Role.ESME:
                events.append(e.BindFailed(s.ESME_RBINDFAIL, due.value))
                self._close(due.value, events, abort=True)
            elif due is not Due.DRAIN:
                self._close(due.value, events, abort=due is not Due.SESSION_INIT)
            if self._is_closed():
                return events
        if self._state is State.UNBINDING_SENT or self._state is State.UNBINDING_RECEIVED:
            self._unbind_step(now, events)
        return events

    def request(self, pdu: p.Pdu, now: float, context: Any = None) -> int:
        """Queue a request and return its sequence, which is set on `pdu` too.

        `context` comes back exactly once: in Response, TimedOut or Lost. Raises NotBound, WindowFull or EncodeError,
        with nothing queued. Binds, unbind, outbind have methods of their own.
        """
        command_id = pdu.command_id
        rule = self._outbound.get(command_id)
        if rule is None or rule.action is not _REQUEST:
            raise NotBound(f"{command_name(command_id)} may not be sent by {self.role.value} in {self._state.name}")
        window = self._window
        answered = command_id in RESPONSES
        if answered and len(window) >= window.limit:
            raise WindowFull(f"{len(window)} requests are unanswered")
        if self.peer_version < c.VERSION_3_4 and pdu.tlvs:
            pdu = self._without_tlvs(pdu)
        sequence = window.next_sequence(self._control)
        pdu.sequence = sequence
        self._out.append(encode(pdu))
        if answered:
            window.add(sequence, command_id, context)
        self._last_now = self._timers.last_transaction = now
        return sequence

    def request_many(self, pdus: Sequence[p.Pdu], now: float, contexts: Sequence[Any]) -> None:
        """Queue requests of one kind in this order, each with its context, as `request` does; all of them or none.

        Raises NotBound, WindowFull or EncodeError with nothing queued.
        """
        if not pdus:
            return
        command_id = pdus[0].command_id
        rule = self._outbound.get(command_id)
        if rule is None or rule.action is not _REQUEST:
            raise NotBound(f"{command_name(command_id)} may not be sent by {self.role.value} in {self._state.name}")
        window = self._window
        answered = command_id in RESPONSES
        if answered and len(window) + len(pdus) > window.limit:
            raise WindowFull(f"{len(window)} requests are unanswered, {len(pdus)} are too many")
        if self.peer_version < c.VERSION_3_4:
            pdus = [self._without_tlvs(pdu) if pdu.tlvs else pdu for pdu in pdus]
        sequences = window.next_sequences(len(pdus), self._control)
        frames: list[bytes] = []
        for pdu, sequence in zip(pdus, sequences, strict=True):
            if pdu.command_id != command_id:
                raise ValueError(f"{pdu.name} among requests of another kind")
            pdu.sequence = sequence
            if type(pdu) is ComposedPdu and not pdu.tlvs and not pdu.status:  # what `encode` does, 0.2 us sooner
                frames.append(_pack_header(16 + len(pdu.body), command_id, 0, sequence) + pdu.body)
            else:
                frames.append(encode(pdu))
        self._out += frames
        if answered:
            window.add_many(sequences, command_id, contexts)
        self._last_now = self._timers.last_transaction = now

    def respond(self, pdu: p.Pdu, now: float) -> bool:
        """Queue the answer to a Request; False when the session is over and nobody can be answered any more.

        Raises EncodeError for a value that cannot be composed; the request then still waits for its answer.
        """
        if self._state is State.CLOSED:
            return False
        if self.peer_version < c.VERSION_3_4 and pdu.tlvs:
            pdu = self._without_tlvs(pdu)
        self._out.append(encode(pdu))
        if self._unanswered:
            self._unanswered -= 1
        self._last_now = now
        if self._state is State.UNBINDING_SENT or self._state is State.UNBINDING_RECEIVED:
            self._unbind_step(now, self._pending_events)
        return True

    def respond_many(
        self, command_id: int, answers: Sequence[tuple[int, int, bytes]], now: float, tlvs: Tlvs = ()
    ) -> bool:
        """Queue answers to several requests of one kind: (sequence, status, message_id) each, all with these `tlvs`.

        `command_id` is the response's, one that carries a message_id and nothing else: submit_sm_resp, deliver_sm_resp
        or data_sm_resp. The octets are those of `respond`, without an object a PDU. False when the session is over.
        Raises EncodeError, with nothing queued.
        """
        if self._state is State.CLOSED:
            return False
        frames = message_id_responses(command_id, answers, tlvs if self.peer_version >= c.VERSION_3_4 else ())
        self._out += frames
        self._unanswered = max(0, self._unanswered - len(frames))
        self._last_now = now
        if self._state is State.UNBINDING_SENT or self._state is State.UNBINDING_RECEIVED:
            self._unbind_step(now, self._pending_events)
        return True

    def connection_lost(self, now: float) -> list[e.Event]:
        """The transport is gone. The first call returns a Lost with every unanswered context; later calls nothing."""
        events = self._take_events(now)
        if self._over:
            return events
        self._over = True
        if self._state is not State.CLOSED and any(command in c.BINDS for command in self._control.values()):
            events.append(e.BindFailed(s.ESME_RBINDFAIL, "connection lost before the bind was answered"))
        self._enter(State.CLOSED)
        self._pending_bind = None
        self._out.clear()
        events.append(e.Lost(*self._window.drain()))
        return events

    def _take_events(self, now: float) -> list[e.Event]:
        self._last_now = now
        events = self._pending_events
        if events:
            self._pending_events = []
            return events
        return []

    def _without_tlvs(self, pdu: p.Pdu) -> p.Pdu:
        """A 3.3 peer gets no TLVs (SMPP 3.4 s3.4); a text that lives in one cannot be sent to it."""
        if any(tag == MESSAGE_PAYLOAD for tag, _ in pdu.tlvs):
            raise EncodeError("message_payload", "an SMPP 3.3 peer takes no TLVs", s.ESME_ROPTPARNOTALLWD)
        pdu.tlvs = ()
        return pdu


def _insert(events: list[e.Event], answers: e.Responses) -> None:
    """Add answers before the requests of the same read: a receipt must not be looked at before the id it names."""
    for at, event in enumerate(events):
        if type(event) is e.Requests:
            events.insert(at, answers)
            return
    events.append(answers)
