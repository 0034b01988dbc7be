"""Providers' callbacks over HTTP: whose they are, whether they may, and their answer once what they say is durable.

A wrong token, a connector that there is not and one that takes no callbacks are one and the same 404. What cannot be
kept now is answered 503, so that the provider comes again: a plugin that does not answer, a store that cannot commit,
too much at once, a gateway that stops.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Literal, Protocol
from urllib.parse import parse_qsl

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.app.callback_urls import ROOT, CallbackUrls, Called, parse
from smsgwd.net.http_address import Network, is_trusted, networks
from smsgwd.net.http_message import Handler, HttpRequest, HttpResponse, Later
from smsgwd.ports.clock import Clock
from smsgwd.providers.callbacks import Callback, CallbackRequest
from smsgwd.providers.reports import Event
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.telemetry import get_logger

Outcome = Literal["taken", "refused", "not_ours", "not_kept", "failed"]
Receive = Callable[[CallbackRequest], "Deferred[Done]"]
Take = Callable[[ProviderSettings, Sequence[Event]], "Deferred[bool]"]

LABEL: Final = "/callback/{connector}"
RUNNING: Final = 32  #: callbacks of a connector that its plugin reads at a time
IN_HAND: Final = 256  #: of a connector without an answer; further ones are answered 503
ALL_IN_HAND: Final = 512  #: of all: an HTTP worker holds up its other clients beyond 1,024 (net.edge_frames)
LARGEST: Final = 1024 * 1024  #: bytes of a body
_BYTES: Final = 8 * LARGEST  # of the bodies of a connector's callbacks in hand
_PATIENCE_S: Final = 5.0  # that one waits for its turn
_ANSWER: Final = 64 * 1024  # bytes of an answer's body
_SAY_EVERY_S: Final = 60.0
_TYPE: Final = re.compile(r"[!-~][ -~]{0,199}", re.ASCII)
_PLAIN: Final = "text/plain; charset=utf-8"
_SAFE: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_log = get_logger("callbacks")


class Receivers(Protocol):
    """The provider connectors, as far as callbacks go."""

    def receiver(self, connector: str) -> tuple[ProviderSettings, Receive] | None:
        """Settings of a connector, and who has its plugin read a callback: that answers in some seconds, whatever the
        plugin does, and never fails. None for one that there is not."""


class _Hand:
    """The callbacks of one connector that have no answer yet."""

    __slots__ = ("bytes", "count", "running", "waiting")

    def __init__(self) -> None:
        self.count = 0
        self.running = 0  # those that the plugin reads
        self.bytes = 0
        self.waiting: deque[tuple[float, Deferred[bool]]] = deque()


class CallbackDesk:
    """Takes callbacks. `in_hand` = how many have no answer yet."""

    def __init__(
        self,
        *,
        urls: CallbackUrls,
        receivers: Receivers,
        take: Take,
        clock: Clock,
        roots: tuple[str, ...] = (ROOT,),
        count: Callable[[str, Outcome], object] = lambda *_: None,
    ) -> None:
        """`take` makes durable what a callback said (`southbound.provider.reports`). `roots`: what paths of callbacks
        may begin with; `count` hears of the outcome of each, by connector."""
        self.in_hand = 0
        self._urls = urls
        self._receivers = receivers
        self._keep = take
        self._clock = clock
        self._roots = roots
        self._count = count
        self._closed = False
        self._hands: dict[str, _Hand] = {}
        self._said: dict[tuple[str, str], float] = {}

    def follow(self, roots: tuple[str, ...]) -> None:
        """Other beginnings of paths, too, from now on: providers still have addresses that were given out before."""
        self._roots = tuple(sorted({*self._roots, *roots}, key=len, reverse=True))

    def close(self) -> None:
        """The gateway stops: what comes now is for whoever answers next."""
        self._closed = True

    def over(self, behind: Handler) -> Handler:
        """A handler that takes callbacks, and gives everything else to the one behind."""

        def handle(request: HttpRequest) -> HttpResponse | Later | Deferred[HttpResponse]:
            if request.path.startswith(self._roots):
                return self.handle(request)
            return behind(request)

        return handle

    def handle(self, request: HttpRequest) -> HttpResponse | Deferred[HttpResponse]:
        """Answer a callback; 404 for anything else."""
        called = parse(request.path, self._roots)
        if called is None or not self._urls.is_good(called):
            self._refused("", "no such address" if called is None else "wrong token")
            return _nothing()
        found = self._receivers.receiver(called.connector)
        if found is None or not found[0].callbacks:
            self._refused(called.connector, "the connector takes none" if found else "no such connector")
            return _nothing()
        settings, receive = found
        if request.method not in ("GET", "POST"):
            return _plain(405, "Callbacks are GET or POST.", ("Allow", "GET, POST"))
        if not _may(request.address, settings.allow_from):
            self._ended(settings.id, "not_ours", "not from `allow_from`")
            return _plain(403, "Callbacks are not taken from this address.")
        if len(request.body) > LARGEST:
            self._ended(settings.id, "refused", "too large")
            return _plain(413, f"A callback has {LARGEST} bytes at most.")
        try:
            query = _query(request)
        except ValueError:
            self._ended(settings.id, "refused", "its query cannot be read")
            return _plain(400, "The query cannot be read.")
        return self._admit(request, query, called, settings, receive)

    # -- one after another -----------------------------------------------------------------------------------------

    def _admit(
        self,
        request: HttpRequest,
        query: tuple[tuple[str, str], ...],
        called: Called,
        settings: ProviderSettings,
        receive: Receive,
    ) -> HttpResponse | Deferred[HttpResponse]:
        if self._closed:
            return self._later(settings, "the gateway stops", 5)
        hand = self._hands.get(settings.id) or _Hand()
        size = len(request.body)
        if hand.count >= IN_HAND or self.in_hand >= ALL_IN_HAND or (hand.bytes and hand.bytes + size > _BYTES):
            return self._later(settings, "too many at a time", 1)
        what = CallbackRequest(request.method, query, dict(request.headers), request.body, called.message_id)
        self._hands[settings.id] = hand
        hand.bytes += size
        hand.count += 1
        self.in_hand += 1
        answer = Deferred.fromCoroutine(self._take(what, settings, receive, hand))
        return answer.addBoth(self._given, settings, hand, size)

    async def _take(
        self, request: CallbackRequest, settings: ProviderSettings, receive: Receive, hand: _Hand
    ) -> HttpResponse:
        if hand.running >= RUNNING:
            turn: Deferred[bool] = Deferred()
            hand.waiting.append((self._clock.monotonic(), turn))
            if not await turn:
                return self._later(settings, "too many at a time", 1)
        else:
            hand.running += 1
        try:
            done = await receive(request)
        finally:
            self._next(hand)
        callback = done.callback
        if done.refused:
            said = callback or Callback(status=400)
            self._ended(settings.id, "refused", "its plugin refuses it")
            return _answer(said, said.status if 400 <= said.status <= 599 else 400)
        if callback is None:
            self._ended(settings.id, "failed" if done.fault else "not_kept", "its plugin did not read it")
            return _unavailable(5)
        if not await self._keep(settings, callback.events):
            return self._later(settings, "it cannot be kept now", 5)
        self._count(settings.id, "taken")
        return _answer(callback, callback.status if 200 <= callback.status <= 599 else 200)

    def _next(self, hand: _Hand) -> None:
        """A place is free: for the first that still waits in vain for no longer than it may."""
        oldest = self._clock.monotonic() - _PATIENCE_S
        while hand.waiting:
            since, turn = hand.waiting.popleft()
            if since >= oldest:
                turn.callback(True)  # the place is handed on
                return
            turn.callback(False)
        hand.running -= 1

    def _given(
        self, answer: HttpResponse | Failure, settings: ProviderSettings, hand: _Hand, size: int
    ) -> HttpResponse:
        self.in_hand -= 1
        hand.bytes -= size
        hand.count -= 1
        if not hand.count:
            del self._hands[settings.id]
        if isinstance(answer, Failure):  # a bug of ours; its words might hold what was called
            _log.error("connector.error", connector=settings.id, reason=f"callback: {type(answer.value).__name__}")
            self._count(settings.id, "not_kept")
            return _unavailable(5)
        return answer

    # -- what is told ----------------------------------------------------------------------------------------------

    def _later(self, settings: ProviderSettings, why: str, seconds: int) -> HttpResponse:
        self._ended(settings.id, "not_kept", why)
        return _unavailable(seconds)

    def _ended(self, connector: str, outcome: Outcome, why: str) -> None:
        self._count(connector, outcome)
        self._refused(connector, why)

    def _refused(self, connector: str, why: str) -> None:
        """A line a minute for each connector and reason: anybody may knock, as often as he likes."""
        now, key = self._clock.monotonic(), (connector, why)
        if now - self._said.get(key, -_SAY_EVERY_S) >= _SAY_EVERY_S:
            self._said[key] = now
            _log.warning("provider.callback_refused", connector=connector, reason=why)


def _nothing() -> HttpResponse:
    return _plain(404, "There is nothing at this address.")


def _unavailable(seconds: int) -> HttpResponse:
    return _plain(503, "This cannot be taken at the moment. Please try again.", ("Retry-After", str(seconds)))


def _plain(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status, (("Content-Type", _PLAIN), *headers, *_SAFE), f"{text}\n".encode(), LABEL)


def _answer(callback: Callback, status: int) -> HttpResponse:
    """A plugin's answer; what cannot stand in a header does not get there."""
    kind = callback.content_type if _TYPE.fullmatch(callback.content_type) else _PLAIN
    return HttpResponse(status, (("Content-Type", kind), *_SAFE), callback.body[:_ANSWER], LABEL)


def _query(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """The fields of a query; one that is no UTF-8 is read as far as it goes. Raises ValueError for too many fields."""
    if not request.query_fault:
        return tuple(request.query)
    return tuple(parse_qsl(request.raw_query, keep_blank_values=True, errors="replace", max_num_fields=200))


def _may(address: str, allowed: tuple[object, ...]) -> bool:
    return not allowed or is_trusted(address, _networks(tuple(map(str, allowed))))


@lru_cache(maxsize=1024)
def _networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    return networks(written)
