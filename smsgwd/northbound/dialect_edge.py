"""Provider styles over HTTP: who answers, who asks, how often, and what comes of it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.delivery.bucket import TokenBucket
from smsgwd.dialects.commands import Command, Send
from smsgwd.dialects.dialect import Dialect
from smsgwd.dialects.http import Answer, Answered, Asked, Password, Unproven
from smsgwd.dialects.mounts import Mounts
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item, Outcome, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import Handler, HttpRequest, HttpResponse, Later
from smsgwd.northbound.intake import Intake
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsgwd.northbound.dialect_desk import DialectDesk
    from smsgwd.ports.clock import Clock
    from smsgwd.ports.submit import Authenticator

_MOST_BUCKETS: Final = 10_000
_NO_STORE: Final = ("Cache-Control", "no-store")

_log = get_logger("net")


class _Turn(Later):
    """One request of a dialect, from what it asks for to its answer. A submission is told in it (`intake.Asking`)."""

    __slots__ = ("asked", "command", "desk", "dialect", "items", "request", "submission", "tenant", "whose")

    whose: Tenant
    tenant: str  #: its id
    command: Command
    desk: DialectDesk
    submission: Submission
    items: list[Item]

    def __init__(self, dialect: Dialect, request: HttpRequest, asked: Asked) -> None:
        super().__init__()
        self.dialect = dialect
        self.request = request
        self.asked = asked

    def told(self, outcome: Outcome | BaseException) -> None:
        """What became of the submission: the answer."""
        if isinstance(outcome, BaseException):
            self.failed(outcome)
            return
        command = self.command
        if type(command) is not Send or command.pushes is None:
            self.done(outcome)
            return
        try:
            pushes = command.pushes(outcome)
        except Exception as error:
            self.failed(error)
            return
        # What was taken was taken: the store says itself that it cannot take the rest.
        owed = Deferred.fromCoroutine(self.desk.push(pushes))
        owed.addBoth(lambda _: self.done(outcome))

    def done(self, result: Any) -> None:
        """The command was carried out: the answer."""
        try:
            answer = self.dialect.answer(self.asked, self.command, result, self.whose)
        except Exception as error:
            self.failed(error)
        else:
            self.answer(_response(answer, self.asked.label, self.request.method))

    def failed(self, error: BaseException) -> None:
        """It is over: what the dialect says of that."""
        self.answer(_refused(self.dialect, self.request, self.asked, error))


class DialectEdge:
    """A `net.http_message.Handler` in front of another one."""

    def __init__(
        self,
        mounts: Mounts,
        behind: Handler,
        *,
        intake: Intake,
        desk: DialectDesk,
        authenticator: Authenticator,
        clock: Clock,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        """`rates` are the most requests a second of one tenant, by dialect; 0 = unlimited."""
        self._mounts = mounts
        self._behind = behind
        self._intake = intake
        self._desk = desk
        self._authenticator = authenticator
        self._clock = clock
        self._rates = {name: rate for name, rate in (rates or {}).items() if rate > 0}
        self._buckets: dict[tuple[str, str], TokenBucket] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse | Later | Deferred[HttpResponse]:
        """Answer a request; never raises for what a client did."""
        found = self._mounts.find(request.headers, request.path)
        if found is None:
            return self._behind(request)
        dialect, path = found
        if path != request.path:
            request = msgspec.structs.replace(request, path=path)
        try:
            asked = dialect.read(request)
        except Exception as error:
            return _refused(dialect, request, None, error)
        turn = _Turn(dialect, request, asked)
        try:
            proven = self._proven(asked, request.address)
        except Exception as error:
            return _refused(dialect, request, asked, error)
        proven.addCallbacks(self._run, _not_proven, callbackArgs=(turn,), errbackArgs=(turn,))
        return turn

    # ------------------------------------------------------------------ who asks
    def _proven(self, asked: Asked, address: str) -> Deferred[Tenant]:
        credential = asked.credential
        if isinstance(credential, Password):
            found = self._authenticator.password(credential.name, credential.secret, address, asked.scope)
            return found.addErrback(self._unproven, credential.name)
        found = self._authenticator.token(credential.secret, address, asked.scope)
        if credential.name is not None:
            found.addCallback(_named, credential.name)
        return found.addErrback(self._unproven, "")

    def _unproven(self, failure: Failure, name: str) -> Failure:
        error = failure.value
        if isinstance(error, Refused) and error.refusal is Refusal.UNAUTHENTICATED:
            raise Unproven(bool(name) and self._authenticator.knows(name))
        return failure

    # ------------------------------------------------------------------ what for
    def _run(self, tenant: Tenant, turn: _Turn) -> None:
        """Carry it out; never raises."""
        turn.whose = tenant
        turn.tenant = tenant.id
        try:
            self._limit(turn.dialect.name, tenant.id)
            turn.command = command = turn.dialect.command(turn.asked, tenant, self._clock.now_ms())
            if type(command) is Send:
                self._send(command, tenant, turn)
                return
            done = Deferred.fromCoroutine(self._desk.run(command, tenant))
        except Exception as error:
            turn.failed(error)
            return
        done.addCallbacks(turn.done, _failed, errbackArgs=(turn,))

    def _send(self, command: Send, tenant: Tenant, turn: _Turn) -> None:
        turn.items = command.items
        turn.desk = self._desk
        turn.submission = Submission(
            tenant.id,
            command.items,
            intake="http",
            dry=command.dry,
            rehearsed=command.rehearsed,
            duplicate_s=command.duplicate_s,
            whole=command.whole,
            keep_refused=command.keep_refused,
        )
        if not command.items:
            turn.told(Outcome(0, []))
        elif command.dry:
            self._intake.aside(turn)
        else:
            self._intake.take(turn, tenant)

    def _limit(self, dialect: str, tenant: str) -> None:
        """Raises Refused(OVER_RATE) for one request too many in this second."""
        rate = self._rates.get(dialect)
        if rate is None:
            return
        now = self._clock.monotonic()
        bucket = self._buckets.get((dialect, tenant))
        if bucket is None:
            if len(self._buckets) >= _MOST_BUCKETS:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[dialect, tenant] = TokenBucket(rate, rate, now)
        if not bucket.take(1, now):
            raise Refused(Refusal.OVER_RATE, f"{rate:g} requests a second are allowed")


def _named(tenant: Tenant, name: str) -> Tenant:
    """The tenant of a token, if the name sent with it is one of its own. Raises Unproven."""
    if name == tenant.id or any(each.kind == "password" and each.name == name for each in tenant.credentials):
        return tenant
    raise Unproven(False)


def _not_proven(failure: Failure, turn: _Turn) -> None:
    assert failure.value is not None
    turn.failed(failure.value)


_failed = _not_proven


def _refused(dialect: Dialect, request: HttpRequest, asked: Asked | None, error: BaseException) -> HttpResponse:
    """The answer to what went wrong, whatever it is; a bug is logged with an incident and told as one."""
    label = f"{dialect.name} -" if asked is None else asked.label
    if isinstance(error, Answered):
        return _response(error.answer, label, request.method)
    if isinstance(error, StoreUnavailable):
        error = Refused(Refusal.STORE_UNAVAILABLE)
    elif not isinstance(error, Refused):
        incident = secrets.token_hex(8)
        _log.error("daemon.unhandled_error", reason=f"{label} incident {incident}", exc_info=error)
        error = Refused(Refusal.INTERNAL, f"incident {incident}")
    return _response(dialect.refused(request, asked, error), label, request.method)


def _response(answer: Answer, label: str, method: str) -> HttpResponse:
    headers = (("Content-Type", answer.content_type), *answer.headers, _NO_STORE)
    return HttpResponse(answer.status, headers, answer.body, f"{method if method in _METHODS else '-'} {label}")


_METHODS: Final = frozenset(("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"))
