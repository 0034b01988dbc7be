"""The ops listener's pages: /live, /ready and /metrics."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response, problem
from smsgwd.telemetry import CONTENT_TYPE


class Health(msgspec.Struct, frozen=True):
    """Why the gateway is ready or not; ready = store open and writable, and listeners accepting."""

    ready: bool
    phase: str  #: starting, running, draining, stopped
    store: bool
    listeners: dict[str, list[str]] = {}  #: the addresses that are listened on, by listener

    def why(self) -> list[str]:
        """What keeps it from being ready, in words; empty when it is."""
        reasons = [] if self.phase == "running" else [f"it is {self.phase}"]
        if not self.store:
            reasons.append("the store cannot write" if self.phase == "running" else "the store is not open")
        if not self.ready and not reasons:
            reasons.append("it takes no messages")
        return [] if self.ready else reasons


class Pages:
    """Answers requests to the ops listener."""

    def __init__(self, health: Callable[[], Health], metrics: Callable[[], Deferred[bytes]]) -> None:
        self._health = health
        self._metrics = metrics

    def handle(self, request: HttpRequest) -> HttpResponse | Deferred[HttpResponse]:
        """The page asked for; 404 and 405 as problem documents."""
        if request.path not in ("/live", "/ready", "/metrics"):
            return problem(Refusal.NOT_FOUND, "there are /live, /ready and /metrics here")
        if request.method not in ("GET", "HEAD"):
            return problem(Refusal.METHOD_NOT_ALLOWED, headers=(("Allow", "GET, HEAD"),))
        if request.path == "/metrics":
            return self._metrics().addCallback(
                lambda page: HttpResponse(200, (("Content-Type", CONTENT_TYPE),), page, route="/metrics")
            )
        health = self._health()
        if request.path == "/live":  # answering at all is what is asked
            return json_response(200, msgspec.json.encode({"live": True, "phase": health.phase}))
        told = {**msgspec.to_builtins(health), "why": health.why()}
        return json_response(200 if health.ready else 503, msgspec.json.encode(told))
