"""The handlers of where a tenant is told: shown, set, tried with a test event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import msgspec
from msgspec import UNSET
from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import Directory
from smsgwd.model.outbox import target_of
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response
from smsgwd.northbound.allowance import Allowance
from smsgwd.northbound.callback_routes import Callbacks, CallbacksRequest, TrialAnswer, TrialRequest, WebhookSecret
from smsgwd.northbound.requests import decoded

if TYPE_CHECKING:
    from smsgwd.northbound.api import OwnOperation
    from smsgwd.ports.clock import Clock
    from smsgwd.ports.push import PushTrial
    from smsgwd.ports.submit import Proven
    from smsgwd.ports.tenants import OwnChanges, TenantDesk

_A_MINUTE: Final = 10  # changes: each may look a name up
_TESTS_A_MINUTE: Final = 5
_SHOWN: Final = 500  # characters of an answer
_URLS: Final = ("dlr_url", "webhook_url", "callback_url")
_change = msgspec.json.Decoder(CallbacksRequest)
_test = msgspec.json.Decoder(TrialRequest)
_encode = msgspec.json.Encoder().encode


class CallbackSettings:
    """The handlers. What was changed is told to `changes`, with who did it."""

    def __init__(
        self, directory: Directory, desk: TenantDesk, trial: PushTrial, changes: OwnChanges, clock: Clock
    ) -> None:
        self._directory = directory
        self._desk = desk
        self._trial = trial
        self._changes = changes
        self._allowed = Allowance(clock, _A_MINUTE)
        self._tests = Allowance(clock, _TESTS_A_MINUTE)

    def handlers(self) -> Mapping[str, OwnOperation]:
        """By operation of `CALLBACK_ROUTES`."""
        return {
            "get_callbacks": lambda who, _request, _slots, _query: self.get(who),
            "put_callbacks": lambda who, request, _slots, _query: _later(self.put(who, request)),
            "new_webhook_secret": lambda who, request, _slots, _query: _later(self.new_secret(who, request)),
            "test_callback": lambda who, request, _slots, _query: _later(self.test(who, request)),
        }

    def get(self, who: Proven) -> HttpResponse:
        """Where."""
        return json_response(200, _encode(_shown(self._tenant(who))))

    async def put(self, who: Proven, request: HttpRequest) -> HttpResponse:
        """Elsewhere."""
        wanted = decoded(_change, request.body)
        given = {name: value for name in wanted.__struct_fields__ if (value := getattr(wanted, name)) is not UNSET}
        if "dlr_batch" in given:
            given["dlr_batch"] = int(given["dlr_batch"])
        if not given:
            raise Refused(Refusal.INVALID, "nothing is to be changed: name a URL")
        self._allowed.take(who.tenant.id)
        for name in _URLS:
            url = given.get(name)
            fault = None if url is None else await self._trial.fault(url)
            if fault is not None:
                raise Refused(Refusal.INVALID, f"{name}: {fault}")
        try:
            tenant = await self._desk.change(who.tenant.id, _options(given, self._tenant(who)), by=_by(who))
        except Refused as refused:
            raise _worded(refused) from None
        told = {name: _origin(who.tenant.id, value) if name in _URLS else str(value) for name, value in given.items()}
        await self._changes.told(who, request.address, "tenant set", told)
        return json_response(200, _encode(_shown(tenant)))

    async def new_secret(self, who: Proven, request: HttpRequest) -> HttpResponse:
        """Another signing secret."""
        self._allowed.take(who.tenant.id)
        secret = await self._desk.new_webhook_secret(who.tenant.id, by=_by(who))
        await self._changes.told(who, request.address, "tenant set", {"webhook_secret": "a new one"})
        return json_response(200, _encode(WebhookSecret(secret)))

    async def test(self, who: Proven, request: HttpRequest) -> HttpResponse:
        """Try a URL."""
        to = decoded(_test, request.body).to
        tenant = self._tenant(who)
        url = tenant.dlr_url if to == "dlr" else tenant.webhook_url
        if url is None:
            raise Refused(Refusal.INVALID, f"to: the account has no {to}_url")
        self._tests.take(tenant.id)
        tried = await self._trial.push(tenant.id, url)
        body = tried.body.decode("utf-8", "replace")[:_SHOWN]
        return json_response(200, _encode(TrialAnswer(url, tried.status, tried.ms, tried.detail, body)))

    def _tenant(self, who: Proven) -> Tenant:
        """As it is now."""
        return self._directory.tenant(who.tenant.id) or who.tenant


def _shown(tenant: Tenant) -> Callbacks:
    return Callbacks(
        dlr_url=tenant.dlr_url,
        dlr_batch=tenant.dlr_batch,
        webhook_url=tenant.webhook_url,
        callback_url=tenant.callback_url,
        callback_style=cast("Literal['native', 'ardary']", tenant.callback_style),
    )


def _options(given: Mapping[str, Any], tenant: Tenant) -> dict[str, Any]:
    """In the shape of the tenants file."""
    options: dict[str, Any] = {}
    if "dlr_url" in given:
        options["dlr_url"] = given["dlr_url"]
    if "dlr_batch" in given:
        options["dlr_batch"] = given["dlr_batch"]
    if "webhook_url" in given:
        options["webhook"] = {"url": given["webhook_url"]}
    if "callback_url" in given or "callback_style" in given:
        options["callbacks"] = {
            "style": given.get("callback_style", tenant.callback_style),
            "url": given.get("callback_url", tenant.callback_url),
        }
    return options


def _origin(tenant: str, url: str | None) -> str:
    """A URL as the audit has it: there may be a key in what follows its host."""
    return "none" if url is None else target_of(tenant, url).partition(" ")[2]


def _by(who: Proven) -> str:
    return f"tenant {who.tenant.id}, {who.credential.kind}"


def _worded(refused: Refused) -> Refused:
    """A refusal of the desk with the names of this API."""
    detail = refused.detail.replace("webhook.url:", "webhook_url:").replace("callbacks.url:", "callback_url:")
    return Refused(refused.refusal, detail)


def _later(answer: Any) -> Deferred[HttpResponse]:
    return Deferred.fromCoroutine(answer)
