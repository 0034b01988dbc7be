"""Tries the URLs that tenants want to be told at: whether they may be called, and what they answer to a test event."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, TimeoutError

from smsgwd.net.http_client import LeanHttpClient
from smsgwd.net.http_client_dns import LookupFailed
from smsgwd.net.targets import BadTargetError, parse_target, refusal_of
from smsgwd.notify.signing import BadSecretError, header_lines, keys_of
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import HttpAnswer, HttpFailure, Tried
from smsgwd.timespec import format_epoch_ms

TYPE: Final = "test"
_LOOKUP_S: Final = 5.0
_ANSWER_S: Final = 10.0
_encode = msgspec.json.Encoder().encode


class PushTrial:
    """See `ports.push.PushTrial`. `http` is the client that pushes go by, so its rule about targets is theirs."""

    def __init__(
        self, reactor: Any, clock: Clock, http: LeanHttpClient, secrets: Callable[[str], tuple[str, ...]]
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._http = http
        self._secrets = secrets

    def fault(self, url: str) -> Deferred[str | None]:
        """See the port."""
        return Deferred.fromCoroutine(self._fault(url))

    def push(self, tenant: str, url: str) -> Deferred[Tried]:
        """See the port."""
        return Deferred.fromCoroutine(self._push(tenant, url))

    async def _fault(self, url: str) -> str | None:
        try:
            target = parse_target(url)
        except BadTargetError as error:
            return str(error)
        if self._http.allow_private:
            return None
        addresses = [target.host] if target.literal else []
        if not target.literal:
            looked_up = self._http.resolver.addresses(target.host)
            with contextlib.suppress(LookupFailed, TimeoutError):
                addresses = await looked_up.addTimeout(_LOOKUP_S, self._reactor)
        refusals = [refusal_of(address) for address in addresses]
        if refusals and all(refusals):
            return f"its address may not be called ({refusals[0]}): only public ones are"
        return None

    async def _push(self, tenant: str, url: str) -> Tried:
        begun, now = self._clock.monotonic(), self._clock.now_ms()
        data = {"message": "A test event: this URL is called with what you are told, signed like this."}
        event = {"type": TYPE, "id": str(now), "tenant": tenant, "at": format_epoch_ms(now), "data": data}
        body = _encode(event)
        answered: Deferred[HttpAnswer | HttpFailure] = Deferred()
        try:
            fields = header_lines(f"{TYPE}_{now}", now // 1000, body, keys_of(self._secrets(tenant)))
        except BadSecretError as error:
            return Tried(None, 0, str(error))
        self._http.post_to(url, fields, body, _ANSWER_S, _fire, answered)
        result = await answered
        ms = max(0, round(1000 * (self._clock.monotonic() - begun)))
        if isinstance(result, HttpFailure):
            return Tried(None, ms, str(result))
        done = 200 <= result.status < 300
        return Tried(result.status, ms, "" if done else "only 2xx counts as done", result.body)


def _fire(result: HttpAnswer | HttpFailure, answered: Deferred[HttpAnswer | HttpFailure]) -> None:
    answered.callback(result)
