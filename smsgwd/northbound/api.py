"""The native HTTP API: authentication, the table of routes, and refusals as problem documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import JSON_TYPE, HttpRequest, HttpResponse, Later
from smsgwd.northbound import problems
from smsgwd.northbound.auth import permit
from smsgwd.northbound.book import book_family
from smsgwd.northbound.book_names import Names
from smsgwd.northbound.credentials import BasicPair, credentials
from smsgwd.northbound.docs_page import docs_response
from smsgwd.northbound.intake import Intake
from smsgwd.northbound.openapi import openapi_response
from smsgwd.northbound.preview import Previews
from smsgwd.northbound.problems import labelled
from smsgwd.northbound.queries import Queries
from smsgwd.northbound.route import Route
from smsgwd.northbound.router import Router, query_of
from smsgwd.northbound.routes import MESSAGE_ROUTES
from smsgwd.northbound.sending import ApiLimits, Sending, wall_clock
from smsgwd.ports.store import StoreUnavailable

if TYPE_CHECKING:
    from smsgwd.ports.records import Records
    from smsgwd.ports.store import Store
    from smsgwd.ports.submit import Authenticator, Messages, Proven

_Answer = HttpResponse | Later | Deferred[HttpResponse]
Query = dict[str, list[str]]
Slots = tuple[str, ...]
#: A handler: the tenant that asks, the request, what stands in the slots of its path, its query.
Operation = Callable[[Tenant, HttpRequest, Slots, Query], HttpResponse | Deferred[HttpResponse]]
#: A table of routes with the handlers of its operations.
Family = tuple[Sequence[Route], Mapping[str, Operation]]
#: A handler that is told with which credential it is asked, too.
OwnOperation = Callable[["Proven", HttpRequest, Slots, Query], HttpResponse | Deferred[HttpResponse]]


class OwnFamily(NamedTuple):
    """A table of routes whose handlers must know which credential asks: what they may do depends on it."""

    routes: Sequence[Route]
    handlers: Mapping[str, OwnOperation]


_Submission = Callable[[Tenant, HttpRequest, str], HttpResponse | Later]


class NativeApi:
    """A `net.http_message.Handler`. Submissions run to their end whether their client waits or not."""

    def __init__(
        self,
        intake: Intake,
        messages: Messages,
        store: Store,
        authenticator: Authenticator,
        limits: ApiLimits | None = None,
        *,
        families: Sequence[Family | OwnFamily] = (),
        records: Records | None = None,
        now: Callable[[], int] = wall_clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`families`: endpoints besides messages, the balance and, where there are `records`, the address book.
        `now` tells the time, milliseconds since 1970, `monotonic` seconds for what has a rate. `close` closes
        the intake, too."""
        self._authenticator = authenticator
        names: Names | None = None
        if records is not None:
            names = Names(records)
            families = (book_family(records, store, names, now), *families)
        routes = [*MESSAGE_ROUTES, *(route for table, _ in families for route in table)]
        self._router = Router(routes)
        self._intake = intake
        sending = Sending(intake, limits or ApiLimits(), records=records, now=now)
        #: Have it keep to other limits from now on.
        self.follow: Callable[[ApiLimits], None] = sending.follow
        queries = Queries(messages, store, names)
        previews = Previews(intake, store, lambda: sending.limits, records, now, monotonic)
        self._submissions: dict[str, _Submission] = {"send": sending.send, "send_batch": sending.send_batch}
        self._operations: dict[str, Operation] = {
            "list": lambda tenant, _request, _slots, query: queries.list(tenant, query),
            "get": lambda tenant, _request, slots, _query: queries.get(tenant, int(slots[0])),
            "cancel": lambda tenant, _request, slots, _query: queries.cancel(tenant, int(slots[0])),
            "balance": lambda tenant, _request, _slots, _query: queries.balance(tenant),
        }
        self._own: dict[str, OwnOperation] = {
            "preview": lambda who, request, _slots, _query: previews.preview(who, request),
        }
        for family in families:
            if isinstance(family, OwnFamily):
                self._own.update({route.operation: family.handlers[route.operation] for route in family.routes})
            else:
                table, handlers = family
                self._operations.update({route.operation: handlers[route.operation] for route in table})
        self._labels = {route.operation: route.label for route in routes}
        self._public = {"openapi": openapi_response(), "docs": docs_response()}

    def close(self) -> None:
        """The gateway shuts down: what waits to be submitted is refused, and so is what still comes."""
        self._intake.close()

    def open(self) -> None:
        """Take submissions again."""
        self._intake.open()

    def knows(self, path: str) -> bool:
        """True for the paths this API answers, whatever the method: for whoever combines several APIs."""
        return self._router.knows(path)

    def __call__(self, request: HttpRequest) -> _Answer:
        """Answer a request; never raises for what a client did."""
        try:
            route, slots = self._router.find(request.method, request.path)
        except Refused as error:
            return problems.refused(error)
        label = self._labels[route.operation]
        try:
            query = query_of(route, request) if request.query or request.query_fault else {}
            if not route.authenticated:
                return self._public[route.operation]
            # Nearly every request: it is known who asks, and nothing has to be waited for.
            if route.operation in self._own:
                return self._asked_by(self._who(request, route.scope), route, request, slots, query)
            header = request.headers.get("authorization")
            tenant = None if header is None else self._authenticator.known(header, request.address, route.scope)
            if tenant is not None:
                return self._run(tenant, route, request, slots, query, label)
            proven = self._proven(request, route.scope)
        except (Refused, StoreUnavailable) as error:
            return labelled(problems.failed(error, label), label)
        answer: Deferred[HttpResponse] = proven.addCallback(self._run_proven, route, request, slots, query, label)
        return answer.addErrback(_expected, label)

    def ask(self, who: Proven, request: HttpRequest) -> Deferred[HttpResponse]:
        """Answer a request of somebody who proved who it is elsewhere (a page that was logged in to), as far as the
        credential goes; its Authorization header is not looked at. Never fails for what they did."""
        try:
            route, slots = self._router.find(request.method, request.path)
        except Refused as error:
            return succeed(problems.refused(error))
        label = self._labels[route.operation]
        try:
            query = query_of(route, request)
            permit(who.credential, request.address, route.scope)
        except Refused as error:
            return succeed(labelled(problems.failed(error, label), label))
        if not route.authenticated:
            return succeed(self._public[route.operation])
        if route.operation in self._own:
            return self._asked_by(succeed(who), route, request, slots, query)
        answer: Deferred[HttpResponse] = succeed(who.tenant).addCallback(
            self._run_proven, route, request, slots, query, label
        )
        return answer.addErrback(_expected, label)

    def _who(self, request: HttpRequest, scope: str) -> Deferred[Proven]:
        found = credentials(request.headers)
        name = found.name if isinstance(found, BasicPair) else None
        return self._authenticator.proven(name, found.secret, request.address, scope)

    def _asked_by(
        self, who: Deferred[Proven], route: Route, request: HttpRequest, slots: Slots, query: Query
    ) -> Deferred[HttpResponse]:
        """The answer of an operation that is told which credential asks."""
        label = self._labels[route.operation]
        answer: Deferred[HttpResponse] = who.addCallback(self._run_own, route, request, slots, query)
        return answer.addCallbacks(labelled, _expected, callbackArgs=(label,), errbackArgs=(label,))

    def _run_own(
        self, who: Proven, route: Route, request: HttpRequest, slots: Slots, query: Query
    ) -> HttpResponse | Deferred[HttpResponse]:
        if route.body is not None:
            _check_media_type(request.headers, route.takes)
        return self._own[route.operation](who, request, slots, query)

    def _proven(self, request: HttpRequest, scope: str) -> Deferred[Tenant]:
        found = credentials(request.headers)
        if isinstance(found, BasicPair):
            return self._authenticator.password(found.name, found.secret, request.address, scope)
        return self._authenticator.token(found.secret, request.address, scope)

    def _run(
        self, tenant: Tenant, route: Route, request: HttpRequest, slots: Slots, query: Query, label: str
    ) -> _Answer:
        """The operation's answer, labelled. Raises Refused for what is wrong with the request."""
        if route.body is not None or route.takes:
            _check_media_type(request.headers, route.takes)
        submission = self._submissions.get(route.operation)
        if submission is not None:
            answer = submission(tenant, request, label)
            return answer if isinstance(answer, Later) else labelled(answer, label)
        found = self._operations[route.operation](tenant, request, slots, query)
        if isinstance(found, Deferred):
            return found.addCallbacks(labelled, _expected, callbackArgs=(label,), errbackArgs=(label,))
        return labelled(found, label)

    def _run_proven(
        self, tenant: Tenant, route: Route, request: HttpRequest, slots: Slots, query: Query, label: str
    ) -> HttpResponse | Deferred[HttpResponse]:
        """The same within a Deferred's chain."""
        answer = self._run(tenant, route, request, slots, query, label)
        if not isinstance(answer, Later):
            return answer
        done: Deferred[HttpResponse] = Deferred()
        answer.on_answer(_fire, done)
        return done


def _fire(response: HttpResponse, done: Deferred[HttpResponse]) -> None:
    done.callback(response)


def _check_media_type(headers: Mapping[str, str], takes: tuple[str, ...]) -> None:
    """JSON in UTF-8, or one of `takes`, not compressed; nothing said counts as JSON."""
    if not _in_utf8(headers.get("content-type", JSON_TYPE), takes or (JSON_TYPE,)):
        expected = " or ".join(takes or (JSON_TYPE,))
        raise Refused(Refusal.UNSUPPORTED_MEDIA_TYPE, f"Content-Type is not {expected} in UTF-8")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(Refusal.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is not taken: send it plain")


@lru_cache(maxsize=64)  # a client's is the same from request to request
def _in_utf8(content_type: str, takes: tuple[str, ...]) -> bool:
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return kind.strip().lower() in takes and charset in ("", "charset=utf-8", "charset=utf8")


def _expected(failure: Failure, label: str) -> HttpResponse:
    """What the store and the rules refuse, as a problem; anything else is for the engine to log and answer 500."""
    response = problems.expected(failure.value)
    if response is None:
        failure.raiseException()
    return labelled(response, label)
