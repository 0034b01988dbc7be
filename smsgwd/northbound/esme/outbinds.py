"""Calling accounts that have something waiting and nothing bound (outbind, SMPP 3.4 s2.2.1, s4.1.7).

We connect, say outbind, and the ESME binds on that connection like on one of its own; from then on it is an ordinary
session of the server. One call at a time an account; while it fails the waits grow from 5 s to 10 min.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.accounts.directory import Directory
from smsgwd.model.tenant import EsmeSettings
from smsgwd.net.smpp import SmppConnection, connect, why
from smsgwd.northbound.esme.account import EsmeBind
from smsgwd.northbound.esme.server import EsmeServer, Listener
from smsgwd.northbound.esme.session import EsmeSession
from smsgwd.smpp.events import Event
from smsgwd.smpp.pdu import Outbind
from smsgwd.telemetry import get_logger

_log = get_logger("esme")
_FIRST_S = 5.0
_MOST_S = 600.0
_WANTED_S = 90.0  # how long what waits is known to wait
_SPREAD = 0.2  # of a wait, up or down


class _Connects(Protocol):
    def __call__(self, reactor: Any, host: str, port: int, connection: SmppConnection) -> Deferred[object]: ...


class Outbinds:
    """`wanted(system_id)` is called at least once a minute while something waits for an account that does not receive.

    Once nobody says so any more, calls that failed are not repeated.
    """

    def __init__(
        self,
        *,
        reactor: Any,
        server: EsmeServer,
        directory: Directory,
        open_secret: Callable[[str], str],
        random: Callable[[], float],
        connect: _Connects = connect,
    ) -> None:
        """`open_secret` opens what is encrypted at rest; `random` gives 0..1 (jitter)."""
        self._reactor = reactor
        self._server = server
        self._directory = directory
        self._open = open_secret
        self._random = random
        self._connect = connect
        self._calls: dict[str, _Call] = {}
        self._stopped = False

    def wanted(self, system_id: str) -> None:
        """Call this account, unless its tenant does not want that, or we do already."""
        call = self._calls.get(system_id)
        if call is not None:
            call.wanted_at = self._reactor.seconds()
        if self._stopped or (call is not None and call.busy) or self._settings(system_id) is None:
            return
        if self._server.receives(system_id):
            return
        if call is None:
            call = self._calls[system_id] = _Call(self._reactor.seconds())
        left = call.not_before - self._reactor.seconds()
        if left > 0:
            call.timer = self._reactor.callLater(left, self._again, system_id, call)
        else:
            self._begin(system_id, call)

    def stop(self) -> None:
        """Call nobody any more; who is connected is the server's."""
        self._stopped = True
        for call in self._calls.values():
            if call.timer is not None:
                call.timer.cancel()
                call.timer = None
            attempt, call.attempt = call.attempt, None
            if attempt is not None:
                attempt.cancel()

    def _settings(self, system_id: str) -> EsmeSettings | None:
        """How the account wants to be called; None when it does not."""
        account = self._directory.system_id(system_id)
        return None if account is None or not account.credential.esme.outbind else account.credential.esme

    def _again(self, system_id: str, call: _Call) -> None:
        call.timer = None
        over = self._reactor.seconds() - call.wanted_at > _WANTED_S
        if over or self._server.receives(system_id) or self._settings(system_id) is None:
            call.failures = 0
        else:
            self._begin(system_id, call)

    def _begin(self, system_id: str, call: _Call) -> None:
        settings = self._settings(system_id)
        listener = self._server.listener()
        if settings is None or listener is None:
            return
        host, _, port = settings.outbind.rpartition(":")
        try:
            password = self._open(settings.outbind_password) if settings.outbind_password else ""
            number = int(port)
        except ValueError as error:
            self._failed(system_id, call, str(error))
            return
        pdu = Outbind(system_id=listener.system_id, password=password.encode("latin-1", "replace"))

        def ended(reason: str) -> None:  # '' = it receives now
            call.session = None
            if reason:
                self._failed(system_id, call, reason)
            else:
                call.failures = 0
                call.not_before = self._reactor.seconds() + _FIRST_S

        session = call.session = _Called(self._server, listener, pdu, ended)
        _log.info("esme.outbind", account=system_id, target=settings.outbind)
        attempt = call.attempt = self._connect(self._reactor, host.strip("[]"), number, self._server.outgoing(session))
        attempt.addCallbacks(self._connected, self._not_connected, callbackArgs=(call,), errbackArgs=(system_id, call))

    def _connected(self, _: object, call: _Call) -> None:
        call.attempt = None

    def _not_connected(self, failure: Failure, system_id: str, call: _Call) -> None:
        call.attempt = call.session = None
        if not self._stopped:
            self._failed(system_id, call, why(failure))

    def _failed(self, system_id: str, call: _Call, reason: str) -> None:
        if self._stopped:
            return
        wait = min(_MOST_S, _FIRST_S * 2.0 ** min(call.failures, 16))
        wait *= 1 - _SPREAD + 2 * _SPREAD * self._random()
        call.failures += 1
        call.not_before = self._reactor.seconds() + wait
        call.timer = self._reactor.callLater(wait, self._again, system_id, call)
        _log.warning(
            "esme.outbind_failed", account=system_id, reason=reason, attempt=call.failures, again_s=round(wait, 1)
        )


class _Call:
    """What we remember of calling one account."""

    __slots__ = ("attempt", "failures", "not_before", "session", "timer", "wanted_at")

    def __init__(self, now: float) -> None:
        self.wanted_at = now
        self.attempt: Deferred[object] | None = None
        self.failures = 0
        self.not_before = 0.0
        self.session: _Called | None = None
        self.timer: IDelayedCall | None = None

    @property
    def busy(self) -> bool:
        """Waiting, connecting, or connected and not bound yet."""
        return self.timer is not None or self.attempt is not None or self.session is not None


class _Called(EsmeSession):
    """A session that we began. `ended('')` once the ESME receives on it, `ended(reason)` when nothing came of it."""

    def __init__(self, server: EsmeServer, listener: Listener, pdu: Outbind, ended: Callable[[str], None]) -> None:
        super().__init__(server, listener)
        self._pdu = pdu
        self._ended_with: Callable[[str], None] | None = ended

    def connected(self, connection: SmppConnection) -> None:
        """See Owner."""
        super().connected(connection)
        connection.outbind(self._pdu)

    def bound(self, bind: EsmeBind) -> None:
        """See EsmeSession."""
        super().bound(bind)
        self._tell("" if bind.receives else "it bound as a transmitter")

    def disconnected(self, connection: SmppConnection, events: list[Event], reason: str) -> None:
        """See Owner."""
        super().disconnected(connection, events, reason)
        self._tell(reason)

    def _tell(self, reason: str) -> None:
        told, self._ended_with = self._ended_with, None
        if told is not None:
            told(reason)
