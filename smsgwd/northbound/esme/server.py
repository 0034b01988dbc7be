"""The ESMEs that are connected: listeners, accounts with their binds, and the end of all of it.

Accounts are shared by all listeners: `max_binds` counts over SMPP and SMPPS. What one connection may do is in
`session.py`; who sends and answers what, behind `TakesRequests` and `TakesAnswers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IListeningPort, IOpenSSLContextFactory

from smsgwd.accounts.directory import Account
from smsgwd.accounts.usage import barred, within
from smsgwd.net.http_address import network_of, networks
from smsgwd.net.proxy_protocol import ProxyProtocolFactory
from smsgwd.net.smpp import Owner, SmppConnection
from smsgwd.net.smpp_server import SmppServerFactory, listen
from smsgwd.net.turn import Turn
from smsgwd.net.wiretap import UNTAPPED, Link, Wiretap
from smsgwd.northbound.esme.account import EsmeAccount, EsmeBind, TakesAnswers, TakesRequests
from smsgwd.northbound.esme.limits import LinePace, Places
from smsgwd.northbound.esme.session import EsmeSession
from smsgwd.northbound.esme.shared_binds import Counts, SharedBinds
from smsgwd.ports.clock import Clock
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.session_table import Role
from smsgwd.smpp.status import status_name
from smsgwd.telemetry import Metrics, get_logger

if TYPE_CHECKING:
    from smsgwd.config.model.listeners import SmppListener
    from smsgwd.northbound.auth import PasswordAuthenticator

_log = get_logger("esme")
_DRAIN_SHARE = 0.75  # of the time to stop, for answers; the rest is for unbind and its response
_CUT_S = 0.25  # between cutting what did not end in time, and taking it for ended


class BindStatus(msgspec.Struct, frozen=True):
    """One bind, for operators."""

    system_id: str
    tenant: str
    kind: str  #: transmitter, receiver, transceiver
    listener: str
    address: str
    version: str  #: 3.3, 3.4, 5.0
    seconds: float  #: since it bound
    outstanding: int  #: deliver_sm without an answer
    window: int  #: most of them
    unanswered: int  #: its requests without our answer


class Listener:
    """A listener with its limits."""

    def __init__(self, name: str, section: SmppListener) -> None:
        self.name = name
        self.section = section
        self.system_id = section.system_id.encode("latin-1", "replace")
        self.places = Places(section.max_connections, section.max_per_address, section.max_unbound_per_address)
        self.ports: list[IListeningPort] = []
        self.session = SessionConfig(
            session_init=section.session_init_s,
            enquire_link=section.enquire_link_s,
            inactivity=section.inactivity_s,
            response=section.response_s,
            window=section.window,
            max_frame=section.max_pdu,
            grouped=True,
        )


class EsmeServer:
    """Sessions of ESMEs. All calls are on the reactor's thread."""

    def __init__(
        self,
        *,
        reactor: Any,
        clock: Clock,
        turn: Turn,
        authenticator: PasswordAuthenticator,
        requests: TakesRequests,
        answers: TakesAnswers,
        metrics: Metrics,
        tap: Wiretap = UNTAPPED,
        counts: Counts | None = None,
    ) -> None:
        """`counts`: of the binds on all nodes, where several share the store."""
        self.shared = None if counts is None else SharedBinds(counts, self._alive)
        self.reactor = reactor
        self.clock = clock
        self.authenticator = authenticator
        self.requests = requests
        self.answers = answers
        self.metrics = metrics
        self.sessions: set[EsmeSession] = set()  #: connected, bound or not
        self.stopping = False  #: binds are refused (0x08); who is bound goes on until `stop`
        self._turn = turn
        self._tap = tap
        self._listeners: dict[str, Listener] = {}
        self._accounts: dict[str, EsmeAccount] = {}
        self._of: dict[EsmeBind, EsmeSession] = {}
        self._pace = LinePace()
        self._closed = False
        self._emptied: Deferred[None] | None = None

    # ------------------------------------------------------------------ listening
    def listen(
        self, name: str, section: SmppListener, tls: IOpenSSLContextFactory | None, *, shared: bool = False
    ) -> list[tuple[str, int]]:
        """Open all addresses of a listener; (host, port) of each, with the ports chosen for 0. `shared`: see
        `net.listening.listen_tcp`.

        Raises twisted.internet.error.CannotListenError.
        """
        listener = self._listeners[name] = Listener(name, section)
        factory = SmppServerFactory(
            listener.session,
            lambda address: self._admit(listener, address),
            reactor=self.reactor,
            clock=self.clock,
            turn=self._turn,
            tap=self._tap,
            name=name,
        )
        proxies = networks(section.proxy_protocol)

        def proxied(inner: Any) -> ProxyProtocolFactory:
            return ProxyProtocolFactory(
                inner,
                proxies,
                reactor=self.reactor,
                refused=lambda address, reason: self.refused(address, "proxy_header", reason),
                most_waiting=section.max_connections,
            )

        opened: list[tuple[str, int]] = []
        for address in section.listen:
            before = proxied if proxies else None
            port = listen(self.reactor, address.host, address.port, factory, tls=tls, before=before, shared=shared)
            listener.ports.append(port)
            opened.append((address.host, int(getattr(port.getHost(), "port", address.port))))
        return opened

    def outgoing(self, session: EsmeSession) -> SmppConnection:
        """A connection that we make to an ESME, which then binds on it as if it had made it."""
        listener = session.listener
        return SmppConnection(
            Role.SMSC,
            listener.session,
            session,
            reactor=self.reactor,
            clock=self.clock,
            turn=self._turn,
            tap=self._tap,
            link=Link(listener=listener.name),
        )

    def listener(self) -> Listener | None:
        """The listener whose name and limits calls of ours go by: the first one."""
        return next(iter(self._listeners.values()), None)

    def _admit(self, listener: Listener, address: IAddress | None) -> Owner | None:
        host = getattr(address, "host", "")
        reason = "stopping" if self._closed else listener.places.refusal(network_of(host))
        if not reason:
            return EsmeSession(self, listener)
        self.refused(host, reason, "closed at once")
        return None

    # ------------------------------------------------------------------ who is there
    def account(self, system_id: str) -> EsmeAccount | None:
        """The account, while something is bound under it."""
        return self._accounts.get(system_id)

    def accounts(self) -> Iterator[EsmeAccount]:
        """All accounts that something is bound under."""
        return iter(self._accounts.values())

    def receives(self, system_id: str) -> bool:
        """True while a bind of this account takes deliveries."""
        account = self._accounts.get(system_id)
        return account is not None and any(bind.receives and bind.alive for bind in account.binds)

    def connections(self) -> dict[str, int]:
        """Open connections by listener, bound or not."""
        return {name: listener.places.taken for name, listener in self._listeners.items()}

    def status(self) -> list[BindStatus]:
        """All binds, by account and age."""
        now = self.clock.monotonic()
        found: list[BindStatus] = []
        for name in sorted(self._accounts):
            for bind in self._accounts[name].binds:
                session, link = self._of[bind], bind.connection.session
                found.append(
                    BindStatus(
                        system_id=name,
                        tenant=bind.account.tenant,
                        kind=session.kind,
                        listener=session.listener.name,
                        address=bind.address,
                        version=f"{bind.version >> 4}.{bind.version & 15}",
                        seconds=round(now - bind.since, 3),
                        outstanding=link.outstanding,
                        window=link.outstanding + link.room,
                        unanswered=link.unanswered,
                    )
                )
        return found

    def disconnect(self, system_id: str) -> int:
        """Unbind all binds of an account in order; how many. They may bind again."""
        account = self._accounts.get(system_id)
        binds = [] if account is None else [bind for bind in account.binds if bind.alive]
        for bind in binds:
            session = self._of[bind]
            session.leave(session.listener.session.drain)
        return len(binds)

    def review(self, live: Callable[[str], Sequence[Account]]) -> int:
        """Tenants or credentials have changed: unbind in order who could not bind any more; how many.

        `live` gives what accounts a system_id has now, one for each of its secrets. Who stays goes by the settings of
        now, where they do not belong to the bind itself (its window, its command_status).
        """
        left = 0
        for name, account in list(self._accounts.items()):
            owners = [owner for owner in live(name) if owner.tenant.id == account.tenant]
            if owners:
                account.owner = owners[0]
            for bind in [bind for bind in account.binds if bind.alive]:
                if not any(_stays(bind, owner) for owner in owners):
                    session = self._of[bind]
                    session.leave(session.listener.session.drain)
                    left += 1
        return left

    # ------------------------------------------------------------------ what sessions call
    def places_left(self, owner: Account) -> int:
        """How many binds the account may still have. Those that are leaving do not count: their peer may be back."""
        return owner.credential.max_binds - self._alive(owner.credential.name)

    def _alive(self, name: str) -> int:
        account = self._accounts.get(name)
        return 0 if account is None else sum(1 for bind in account.binds if bind.alive)

    def account_of(self, owner: Account, window: int) -> EsmeAccount:
        """The account, made at its first bind; tenant and settings are those of the last one."""
        name = owner.credential.name
        window = owner.credential.esme.window or window
        account = self._accounts.get(name)
        if account is None:
            account = self._accounts[name] = EsmeAccount(name, owner, window)
        account.owner = owner
        account.window = window
        return account

    def joined(self, session: EsmeSession, bind: EsmeBind) -> None:
        """A session is bound."""
        account = bind.account
        account.binds.append(bind)
        self._of[bind] = session
        self.metrics.esme_binds.labels(account.name).set(len(account.binds))
        _log.info(
            "esme.bound",
            account=account.name,
            tenant=account.tenant,
            kind=session.kind,
            address=bind.address,
            version=f"{bind.version:#x}",
            listener=session.listener.name,
        )

    def parted(self, bind: EsmeBind) -> None:
        """A bind is gone."""
        account = bind.account
        if self._of.pop(bind, None) is not None:
            account.binds.remove(bind)
            self.metrics.esme_binds.labels(account.name).set(len(account.binds))
            self.drop_idle(account)
            if self.shared is not None:
                self.shared.tell(account.name)

    def drop_idle(self, account: EsmeAccount) -> None:
        """Forget an account that nothing is bound under."""
        if not account.binds and self._accounts.get(account.name) is account:
            del self._accounts[account.name]

    def gone(self, session: EsmeSession) -> None:
        """A connection is gone."""
        self.sessions.discard(session)
        if not self.sessions and self._emptied is not None:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def refused(self, address: str, label: str, reason: str) -> None:
        """A connection was closed that is not bound. Many of these are probes: they are counted, not logged."""
        self.metrics.esme_refused.labels(label).inc()
        _log.debug("esme.connection_refused", address=address, reason=reason)

    def bind_refused(self, address: str, system_id: str, status: int, why: str) -> None:
        """A bind was refused."""
        self.metrics.esme_bind_failures.labels(f"0x{status:08x}").inc()
        skipped = self._pace.skipped(address, self.clock.monotonic())
        if skipped is not None:
            details = {"account": system_id, "address": address, "status": status_name(status), "reason": why}
            _log.warning("esme.bind_refused", **details, skipped=skipped)

    def fault(self, address: str, account: str, reason: str) -> None:
        """An ESME broke the protocol."""
        self.metrics.esme_faults.inc()
        skipped = self._pace.skipped(f"fault {address}", self.clock.monotonic())
        if skipped is not None:
            _log.warning("esme.protocol_fault", account=account, address=address, reason=reason, skipped=skipped)

    # ------------------------------------------------------------------ the end
    def stop(self, limit_s: float) -> Deferred[None]:
        """Take nobody any more, answer what was taken, wait for what is outstanding, unbind, close.

        Fires when all connections are gone; what is not within `limit_s` seconds is cut off.
        """
        self.stopping = self._closed = True
        waits: list[Deferred[Any]] = []
        for listener in self._listeners.values():
            waits += [maybeDeferred(port.stopListening) for port in listener.ports]
            listener.ports = []
        if self.sessions:
            emptied = self._emptied = Deferred()
            waits.append(emptied)
            late: IDelayedCall = self.reactor.callLater(limit_s, self._cut)
            emptied.addBoth(lambda _: late.cancel() if late.active() else None)
            for session in tuple(self.sessions):
                session.leave(limit_s * _DRAIN_SHARE)
        return DeferredList(waits, consumeErrors=True).addCallback(lambda _: None)

    def _cut(self) -> None:
        for session in tuple(self.sessions):
            session.cut("it did not end in time")
        if self._emptied is not None:
            self.reactor.callLater(_CUT_S, self._give_up)

    def _give_up(self) -> None:
        emptied, self._emptied = self._emptied, None
        if emptied is not None:
            emptied.callback(None)


def _stays(bind: EsmeBind, owner: Account) -> bool:
    """Whether a bind would be let in as this account now."""
    if owner.credential.secret_hash != bind.secret_hash:
        return False
    if owner.tenant.allow and not within(bind.address, owner.tenant.allow):
        return False
    return barred(owner.credential, bind.address, "bind") is None
