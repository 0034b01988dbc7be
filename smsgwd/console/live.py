"""What moves by itself: one reading a tick for all who look at the same, sent as Server-Sent Events where it changed.

A stream ends after some minutes, and within seconds of its session's end; the browser asks again by itself, and only
gets a new one while its session is good.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from smsgwd.console.given import Told
from smsgwd.console.visit import Visit
from smsgwd.model.refusals import Refused
from smsgwd.model.sessions import Session
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_stream import Stream
from smsgwd.ports.store import StoreUnavailable

_log = Logger()
#: Seconds after which a stream ends.
LIFE_S: Final = 300.0
#: Seconds from one look at whether somebody still may look on to the next.
CHECKED_S: Final = 10.0
#: Most that look at the same; who comes then gets the page without what moves.
MOST: Final = 200

_NOTHING: Final = b": nothing at the moment\n\n"

#: Reads and renders: event names with their text. A plot's event is `plots`, JSON (see static/plots.js).
Produce = Callable[[], Awaitable[Mapping[str, str]]]


class Live:
    """Streams of all pages that move."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._feeds: dict[Hashable, _Feed] = {}

    def follow(self, visit: Visit, key: Hashable, period_s: float, produce: Produce) -> HttpResponse:
        """Answer with a stream of what `produce` gives every `period_s` seconds, as long as it changes.

        Visits with the same key get the same: what depends on the query belongs into it; tenant, language, zone and
        what somebody may do are added here. What is of one session alone (its token) must not be in it.
        """
        whole = (visit.session.face, visit.session.tenant, visit.shown.language, visit.zone, visit.rights, key)
        feed = self._feeds.get(whole)
        if feed is not None and len(feed.streams) >= MOST:
            raise Told("too many look at this page at the moment", 503)
        answer, stream = visit.events(b"" if feed is None else _written(feed.last))
        if visit.request.method == "HEAD":
            stream.end()
            return answer
        if feed is None:
            feed = self._feeds[whole] = _Feed(self._reactor, period_s, produce, lambda: self._feeds.pop(whole, None))
        feed.produce = produce
        feed.join(stream, visit)
        return answer

    def leave(self, session: Session) -> None:
        """Somebody logs out: end the streams of this session."""
        for feed in list(self._feeds.values()):
            feed.leave(session)

    def stop(self) -> None:
        """End all streams."""
        for feed in list(self._feeds.values()):
            feed.stop()


class _Reader(NamedTuple):
    """One who looks."""

    ends: float  #: when, by the reactor's clock
    visit: Visit  #: what he began with

    @property
    def token(self) -> str:
        """Of the session: it is told apart by that."""
        return self.visit.session.csrf

    async def may_go_on(self) -> bool:
        """Whether he is logged in and may what he might when he began. Raises StoreUnavailable."""
        still = self.visit.still
        return still is None or await still(self.visit)


class _Feed:
    """Those who look at the same."""

    def __init__(self, reactor: Any, period_s: float, produce: Produce, empty: Callable[[], object]) -> None:
        self._reactor = reactor
        self._period_s = period_s
        self.produce = produce  #: of who came last: the day and the account of an earlier one may be over
        self._empty = empty
        self._call: IDelayedCall | None = None
        self._reading = False
        self._checked = reactor.seconds()
        self.streams: dict[Stream, _Reader] = {}
        self._behind: set[Stream] = set()  # they did not take all: they get everything once more
        self.last: dict[str, str] = {}

    def join(self, stream: Stream, visit: Visit) -> None:
        """One more who looks; told what is known at once."""
        self.streams[stream] = _Reader(self._reactor.seconds() + LIFE_S, visit)
        stream.on_gone(lambda: self._left(stream))
        if self._call is None and not self._reading:
            self._call = self._reactor.callLater(0, self._tick)  # before the answer has begun nothing can be sent

    def leave(self, session: Session) -> None:
        """End those of a session."""
        for stream, reader in list(self.streams.items()):
            if reader.token == session.csrf:
                stream.end()

    def stop(self) -> None:
        """End them all."""
        for stream in list(self.streams):
            stream.end()

    def _left(self, stream: Stream) -> None:
        self.streams.pop(stream, None)
        self._behind.discard(stream)
        if not self.streams:
            if self._call is not None:
                self._call.cancel()
                self._call = None
            self._empty()

    def _tick(self) -> None:
        self._call = None
        self._reading = True
        Deferred.fromCoroutine(self._read()).addErrback(self._failed).addBoth(lambda _: self._again())

    async def _read(self) -> None:
        if self._reactor.seconds() >= self._checked + CHECKED_S:
            self._checked = self._reactor.seconds()
            await self._sift()
        try:
            events = dict(await self.produce())
        except (Told, Refused, StoreUnavailable):
            self._send(_NOTHING)
            return
        changed = {name: text for name, text in events.items() if self.last.get(name) != text}
        self.last = events
        # A line in any case: whoever holds connections in between sees that this one lives, and we that it does.
        self._send(_written(changed) or b": the same\n\n")

    async def _sift(self) -> None:
        """End the streams of those who are logged out, or may less than when they began."""
        for stream, reader in list(self.streams.items()):
            try:
                if not await reader.may_go_on():
                    stream.end()
            except StoreUnavailable:
                continue  # he goes on, as with pages

    def _failed(self, failure: Failure) -> None:
        _log.failure("what moves on a page could not be read", failure)
        self._send(_NOTHING)

    def _send(self, data: bytes) -> None:
        now = self._reactor.seconds()
        for stream, reader in list(self.streams.items()):
            if now >= reader.ends:
                stream.end()
            elif stream.send(_written(self.last) if stream in self._behind else data):
                self._behind.discard(stream)
            else:
                self._behind.add(stream)

    def _again(self) -> None:
        self._reading = False
        if self.streams:
            self._call = self._reactor.callLater(self._period_s, self._tick)


def _written(events: Mapping[str, str]) -> bytes:
    """Events as they are sent (HTML Living Standard s9.2.6)."""
    lines: list[str] = []
    for name, text in events.items():
        lines.append(f"event: {name}")
        lines += [f"data: {line}" for line in text.splitlines() or [""]]
        lines.append("")
    return "".join(f"{line}\n" for line in lines).encode()
