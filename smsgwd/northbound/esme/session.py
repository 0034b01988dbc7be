"""One connection of an ESME: who it is, whether it may bind, and what of its traffic goes to whom.

    connected ──bind──> verified (Argon2id, elsewhere) ──allowed, a place is free──> bound ──> unbound, lost
        └─ a refused bind is answered and closed; so is who does not bind in time

The hot path is `received`: the session groups the requests and the answers of a read (`SessionConfig.grouped`), so that
a read is an event or two and one call each.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure

from smsgwd.accounts.directory import Account
from smsgwd.accounts.usage import barred
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.http_address import Network, is_trusted, network_of
from smsgwd.net.smpp import SmppConnection
from smsgwd.northbound.esme.account import EsmeBind
from smsgwd.smpp.constants import BIND_RECEIVER, BIND_TRANSMITTER, VERSION_3_3, VERSION_3_4, VERSION_5_0
from smsgwd.smpp.events import (
    BindRequest,
    Closed,
    Event,
    Lost,
    PeerUnbound,
    ProtocolFault,
    Requests,
    Response,
    Responses,
    TimedOut,
    UnmatchedResponse,
)
from smsgwd.smpp.pdu import Bind, Pdu
from smsgwd.smpp.status import ESME_RSYSERR
from smsgwd.smpp.timers import Due
from smsgwd.telemetry import get_logger

if TYPE_CHECKING:
    from smsgwd.northbound.esme.server import EsmeServer, Listener
    from smsgwd.northbound.esme.shared_binds import SharedBinds

_log = get_logger("esme")
_KINDS = {BIND_TRANSMITTER: "transmitter", BIND_RECEIVER: "receiver"}


class EsmeSession:
    """Owner of one connection (`net.smpp.Owner`). `bind` is there once it is bound, and stays."""

    def __init__(self, server: EsmeServer, listener: Listener) -> None:
        self.server = server
        self.listener = listener
        self.address = ""  #: IP address of the peer, from `connected` on
        self.bind: EsmeBind | None = None
        self.kind = "transceiver"  #: of the bind
        self._connection: SmppConnection | None = None
        self._network = ""
        self._asking: Bind | None = None
        self._in_order = False  # ended by an unbind, ours or theirs
        self._gone = False
        self._take = server.requests.take
        self._answered = server.answers.answered

    # ------------------------------------------------------------------ net.smpp.Owner
    def connected(self, connection: SmppConnection) -> None:
        """See Owner."""
        self._connection = connection
        transport: Any = connection.transport
        self.address = getattr(transport.getPeer(), "host", "")
        self._network = network_of(self.address)
        self.listener.places.enter(self._network)
        self.server.sessions.add(self)

    def received(self, connection: SmppConnection, events: list[Event]) -> None:
        """See Owner."""
        bind = self.bind
        if bind is None:
            try:
                self._before_bind(events)
            except Exception as error:
                self._failed(error)
            return
        if len(events) == 1 and type(events[0]) is Requests:  # as most reads are; 0.7 us less
            try:
                self._take(bind, events[0].pdus)
            except Exception as error:
                self._failed(error)
            return
        requests: list[Pdu] = []
        answers: list[tuple[Any, int]] = []
        others: list[Event] = []
        for event in events:
            if isinstance(event, Requests):
                requests += event.pdus
            elif isinstance(event, Responses):
                answers += [(context, status) for context, status, _, _ in event.answers]
            elif isinstance(event, Response):  # one with TLVs, a nack
                answers.append((event.context, event.pdu.status))
            else:
                others.append(event)
        # A bug must not cost the ESME its session, or others theirs, nor one kind of event the other kinds.
        try:
            if others:
                self._seldom(bind, others)
        except Exception as error:
            self._failed(error)
        try:
            if requests:
                self._take(bind, requests)
        except Exception as error:
            self._failed(error)
        try:
            if answers:
                self._answered(bind, answers)
        except Exception as error:
            self._failed(error)

    def writable(self, connection: SmppConnection) -> None:
        """The peer reads again."""
        bind = self.bind
        if bind is not None and bind.alive and bind.receives:
            self.server.answers.writable(bind)

    def disconnected(self, connection: SmppConnection, events: list[Event], reason: str) -> None:
        """See Owner."""
        self._gone = True
        self._asking = None
        bind = self.bind
        self.listener.places.leave(self._network, was_bound=bind is not None)
        try:
            if bind is not None:
                self._ended(bind, connection, events, reason)
        except Exception as error:
            self._failed(error)
        self.server.gone(self)

    # ------------------------------------------------------------------ what the server calls
    def leave(self, drain_s: float) -> None:
        """The gateway stops: unbind in order, refuse the bind that is being decided, close what is not bound."""
        connection = self._connection
        if connection is None:
            return
        if self.bind is not None:
            self.bind.alive = False
            self._in_order = True
            connection.unbind(drain_s)
        elif self._asking is not None:
            self._refuse(self._asking, Refusal.SHUTTING_DOWN)
        else:
            connection.close("shutting down")

    def cut(self, reason: str) -> None:
        """Close at once."""
        if self._connection is not None:
            self._connection.abort(reason)

    # ------------------------------------------------------------------ before the bind
    def _before_bind(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, BindRequest):
                self._ask(event.pdu)
            elif isinstance(event, ProtocolFault):
                self.server.fault(self.address, "", event.reason)
            elif isinstance(event, Closed):
                late = event.reason == Due.SESSION_INIT.value
                self.server.refused(self.address, "not_bound" if late else "broken", event.reason)

    def _ask(self, pdu: Bind) -> None:
        if self.server.stopping:
            self._refuse(pdu, Refusal.SHUTTING_DOWN)
            return
        self._asking = pdu
        name, secret = pdu.system_id.decode("latin-1"), pdu.password.decode("latin-1")
        self.server.authenticator.bind(name, secret, self.address).addCallbacks(
            self._verified, self._not_verified, callbackArgs=(pdu,), errbackArgs=(pdu,)
        ).addErrback(self._crashed)

    def _not_verified(self, failure: Failure, pdu: Bind) -> None:
        error = failure.value
        if self._asking is not pdu:
            return  # answered already: the gateway stops
        if isinstance(error, Refused):
            self._refuse(pdu, error.refusal, error.detail)
        else:
            self._failed(error)
            self._refuse(pdu, Refusal.INTERNAL)

    def _verified(self, owner: Account, pdu: Bind) -> None:
        if self._gone or self._asking is not pdu:
            return
        if self.server.stopping:
            self._refuse(pdu, Refusal.SHUTTING_DOWN)
        elif owner.tenant.allow and not is_trusted(self.address, _networks(owner.tenant.allow)):
            self._refuse(pdu, Refusal.ADDRESS_NOT_ALLOWED, owner=owner)
        elif (refusal := barred(owner.credential, self.address, "bind")) is not None:
            self._refuse(pdu, refusal, owner=owner)
        elif self.server.places_left(owner) <= 0:
            self._refuse(pdu, Refusal.TOO_MANY_BINDS, owner=owner)
        elif self.server.shared is None:
            self._accept(owner, pdu)
        else:
            shared, credential = self.server.shared, owner.credential
            asked = shared.reserve(credential.name, credential.max_binds)
            asked.addCallback(self._reserved, shared, owner, pdu).addErrback(self._crashed)

    def _reserved(self, may: bool, shared: SharedBinds, owner: Account, pdu: Bind) -> None:
        """What the other nodes' binds leave."""
        try:
            if self._gone or self._asking is not pdu:
                return
            if not may:
                self._refuse(pdu, Refusal.TOO_MANY_BINDS, owner=owner)
            elif self.server.stopping:
                self._refuse(pdu, Refusal.SHUTTING_DOWN)
            else:
                self._accept(owner, pdu)
        finally:
            if may:
                shared.settled(owner.credential.name)

    def _refuse(self, pdu: Bind, refusal: Refusal, detail: str = "", owner: Account | None = None) -> None:
        connection = self._connection
        self._asking = None
        if self._gone or connection is None:
            return
        # 0x14 (queue full) is no answer to a bind; what is too much now is temporary, as an outage is.
        status = ESME_RSYSERR if refusal is Refusal.OVERLOADED else refusal.smpp
        if owner is not None:
            status = owner.tenant.smpp_errors.get(refusal.code, status)
        self.server.bind_refused(self.address, pdu.system_id.decode("latin-1"), status, detail or refusal.title)
        connection.reject_bind(pdu, status)

    def _accept(self, owner: Account, pdu: Bind) -> None:
        server, connection = self.server, self._connection
        assert connection is not None
        self._asking = None
        self.kind = _KINDS.get(pdu.command_id, "transceiver")
        account = server.account_of(owner, self.listener.section.window)
        bind = EsmeBind(
            account,
            connection,
            address=self.address,
            transmits=self.kind != "receiver",
            receives=self.kind != "transmitter",
            version=_version(pdu.interface_version),
            since=server.clock.monotonic(),
            secret_hash=owner.credential.secret_hash,
        )
        ours = max(VERSION_3_4, bind.version)
        window = owner.credential.esme.window or self.listener.section.window
        if not connection.accept_bind(pdu, self.listener.system_id, version=ours, window=window):
            server.drop_idle(account)  # the session was over already
            return
        connection.link.account = account.name
        self.bind = bind
        self.listener.places.bound(self._network)
        server.joined(self, bind)
        self.bound(bind)

    def bound(self, bind: EsmeBind) -> None:
        """It is bound now."""
        if bind.receives:
            self.server.answers.bound(bind)

    # ------------------------------------------------------------------ once bound
    def _seldom(self, bind: EsmeBind, events: Sequence[Event]) -> None:
        """All events but requests and responses."""
        unanswered: list[Any] = []
        for event in events:
            if isinstance(event, TimedOut):
                unanswered.append(event.context)
            elif isinstance(event, PeerUnbound):
                bind.alive = False
                self._in_order = True
            elif isinstance(event, Closed):
                bind.alive = False
                self._in_order = self._in_order or event.reason == "unbound"
            elif isinstance(event, ProtocolFault):
                self.server.fault(self.address, bind.account.name, event.reason)
            elif isinstance(event, UnmatchedResponse):
                self.server.metrics.esme_faults.inc()
        if unanswered:
            self.server.answers.unanswered(bind, unanswered)

    def _ended(self, bind: EsmeBind, connection: SmppConnection, events: list[Event], reason: str) -> None:
        bind.alive = False
        lost = events[-1]
        assert isinstance(lost, Lost)
        if len(events) > 1:
            self.received(connection, events[:-1])
        self.server.parted(bind)
        details = {"account": bind.account.name, "kind": self.kind, "address": self.address, "reason": reason}
        if self._in_order:
            _log.info("esme.unbound", **details)
        else:
            _log.warning("esme.lost", **details, unanswered=len(lost.unanswered))
        try:
            if bind.receives:
                self.server.answers.unbound(bind, lost.unanswered, lost.unsent)
        finally:
            self.server.requests.unbound(bind)

    def _crashed(self, failure: Failure) -> None:
        self._failed(failure.value)

    def _failed(self, error: BaseException | None) -> None:
        account = "" if self.bind is None else self.bind.account.name
        _log.error("esme.error", account=account, error=repr(error), exc_info=error)


def _version(asked: int) -> int:
    """The version an ESME speaks: what is below 3.4 is 3.3, also 0 (SMPP 3.4 s5.2.4)."""
    if asked >= VERSION_5_0:
        return VERSION_5_0
    return VERSION_3_4 if asked >= VERSION_3_4 else VERSION_3_3


@lru_cache(maxsize=1024)
def _networks(allow: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks of a tenant; one that is none counts as nobody's."""
    found: list[Network] = []
    for text in allow:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(found)
