"""The native HTTP API: authentication, the table of routes, and refusals as problem documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, problem
from smsgwd.northbound.credentials import CHALLENGES, BasicPair, credentials
from smsgwd.northbound.docs_page import docs_response
from smsgwd.northbound.openapi import openapi_response
from smsgwd.northbound.pace import Pace
from smsgwd.northbound.queries import Queries
from smsgwd.northbound.router import MethodNotAllowed, Router, query_of
from smsgwd.northbound.routes import ROUTES, Route
from smsgwd.northbound.sending import ApiLimits, Sending
from smsgwd.ports.store import StoreUnavailable

if TYPE_CHECKING:
    from smsgwd.ports.store import Store
    from smsgwd.ports.submit import Authenticator, Messages, Submitter

_Answer = HttpResponse | Deferred[HttpResponse]
_Operation = Callable[[Tenant, HttpRequest, int, dict[str, list[str]]], _Answer]
_NO_STORE = ("Cache-Control", "no-store")


class NativeApi:
    """A `net.http_message.Handler`. Submissions run to their end whether their client waits or not."""

    def __init__(
        self,
        submitter: Submitter,
        messages: Messages,
        store: Store,
        authenticator: Authenticator,
        limits: ApiLimits | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._router = Router(ROUTES)
        sending = Sending(submitter, limits or ApiLimits(), pace)
        queries = Queries(messages, store)
        self._operations: dict[str, _Operation] = {
            "send": lambda tenant, request, _id, _query: sending.send(tenant, request),
            "send_batch": lambda tenant, request, _id, _query: sending.send_batch(tenant, request),
            "list": lambda tenant, _request, _id, query: queries.list(tenant, query),
            "get": lambda tenant, _request, any_id, _query: queries.get(tenant, any_id),
            "cancel": lambda tenant, _request, any_id, _query: queries.cancel(tenant, any_id),
            "balance": lambda tenant, _request, _id, _query: queries.balance(tenant),
        }
        self._public = {"openapi": openapi_response(), "docs": docs_response()}

    def knows(self, path: str) -> bool:
        """True for the paths this API answers, whatever the method: for whoever combines several APIs."""
        return self._router.knows(path)

    def __call__(self, request: HttpRequest) -> _Answer:
        """Answer a request; never raises for what a client did."""
        try:
            route, any_id = self._router.find(request.method, request.path)
        except Refused as refused:
            return _refusal(refused)
        try:
            query = query_of(route, request)
            if not route.authenticated:
                return self._public[route.operation]
            tenant = self._tenant(request)
        except Refused as refused:
            return _labelled(_refusal(refused), route)
        answer: Deferred[HttpResponse] = tenant.addCallback(self._run, route, request, any_id, query)
        answer.addErrback(_refused)
        return answer.addCallback(_labelled, route)

    def _tenant(self, request: HttpRequest) -> Deferred[Tenant]:
        found = credentials(request.headers)
        if isinstance(found, BasicPair):
            return self._authenticator.password(found.name, found.secret, request.address)
        return self._authenticator.token(found.secret, request.address)

    def _run(
        self, tenant: Tenant, route: Route, request: HttpRequest, any_id: int, query: dict[str, list[str]]
    ) -> _Answer:
        if route.body is not None:
            _check_media_type(request)
        return self._operations[route.operation](tenant, request, any_id, query)


def _check_media_type(request: HttpRequest) -> None:
    """JSON in UTF-8, not compressed; nothing said counts as that."""
    kind, _, parameters = request.headers.get("content-type", "application/json").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise Refused(Refusal.UNSUPPORTED_MEDIA_TYPE, "Content-Type is not application/json in UTF-8")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(Refusal.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is not taken: send plain JSON")


def _refused(failure: Failure) -> HttpResponse | Failure:
    """What the store and the rules refuse, as a problem; anything else is for the engine to log and answer 500."""
    if isinstance(failure.value, Refused):
        return _refusal(failure.value)
    if isinstance(failure.value, StoreUnavailable):
        return problem(Refusal.STORE_UNAVAILABLE)
    return failure


def _refusal(refused: Refused) -> HttpResponse:
    if refused.refusal is Refusal.UNAUTHENTICATED:
        return problem(refused.refusal, refused.detail, CHALLENGES)
    if isinstance(refused, MethodNotAllowed):
        return problem(refused.refusal, refused.detail, (("Allow", refused.allow),))
    return problem(refused.refusal, refused.detail)


def _labelled(response: HttpResponse, route: Route) -> HttpResponse:
    response.route = route.label
    response.headers = (*response.headers, _NO_STORE)
    return response
