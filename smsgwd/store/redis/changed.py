"""What other nodes have changed of that which every node remembers: tenants, and records that something is made of.

Each such change has a name (a topic), and the commit that makes it numbers and publishes it. Whoever misses a number
looks for all that came behind the last one known; everybody looks now and then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.listening import escaped
from smsgwd.store.redis.nodes import unhandled
from smsgwd.telemetry import get_logger

_EVERY_S: Final = 10.0
_AGAIN_S: Final = 1.0
_log = get_logger("store")

#: Does what has to be done about changes: topics, each with True for this node's own; None = anything, by anybody.
Follow = Callable[[dict[str, bool] | None], Awaitable[object]]


class Changed:
    """Made before its link connects. `follow` is set before `start`; it is asked one thing at a time, and what it fails
    for it is asked again."""

    def __init__(self, link: Any, keys: Keys, node: str, reactor: Any) -> None:
        self.follow: Follow | None = None
        self._link = link
        self._keys = keys
        self._node = node.encode()
        self._reactor = reactor
        self._known = 0  # the number up to which everything was heard
        self._heard: dict[str, bool] = {}  # and not followed yet
        self._missed = False  # it may be anything
        self._turns = DeferredLock()
        self._timer: IDelayedCall | None = None
        self._begun = self._stopped = False
        link.listen(escaped(keys.changes), self._told)

    async def begin(self) -> None:
        """What changes from now on is followed after `start`: call it before anything is read that may change."""
        self._known = int(await self._link.call("GET", self._keys.changed_number, read=True) or 0)
        self._begun = True

    def start(self) -> None:
        """Follow from now on, what changed since `begin` first."""
        self._soon(0.0)

    def stop(self) -> None:
        """Follow no more."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def link_changed(self, up: bool) -> None:
        """As `on_change` of the link."""
        if up and self._begun and self.follow is not None:
            self._soon(0.0)

    def look(self) -> Deferred[None]:
        """Fires when everything is followed that was changed before. Fails with StoreUnavailable."""
        return self._turns.run(lambda: Deferred.fromCoroutine(self._look()))

    # -- hearing -----------------------------------------------------------------------------------------------------

    def _told(self, _: bytes, message: bytes) -> None:
        if not self._begun:
            return
        text, node, topic = message.split(b"\0", 2)
        number = int(text)
        if number == self._known + 1:
            self._known = number
            self._hear(topic.decode(), node == self._node)
            self._soon(0.0)
        elif number > self._known:
            self._soon(0.0)  # one was missed

    def _hear(self, topic: str, own: bool) -> None:
        self._heard[topic] = own and self._heard.get(topic, True)

    def _soon(self, wait: float) -> None:
        if self._stopped or self.follow is None:
            return
        if self._timer is not None and self._timer.active():
            if self._timer.getTime() <= self._reactor.seconds() + wait:
                return
            self._timer.cancel()
        self._timer = self._reactor.callLater(wait, self._due)

    def _due(self) -> None:
        self.look().addCallbacks(lambda _: self._soon(_EVERY_S), self._failed).addErrback(unhandled)

    def _failed(self, failure: Failure) -> None:
        self._soon(_AGAIN_S)
        if not isinstance(failure.value, StoreUnavailable):
            _log.error("daemon.unhandled_error", exc_info=failure.value)

    # -- looking -----------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        keys, known = self._keys, self._known
        call, topics = self._link.call, []
        try:
            number = int(await call("GET", keys.changed_number, read=True) or 0)
            if number > known:
                topics = await call("ZRANGEBYSCORE", keys.changed, f"({known}", "+inf", read=True)
        except (Unreachable, Refused) as error:
            raise StoreUnavailable(f"nothing can be read: {error}") from None
        if number < known:
            self._missed = True  # the server lost its last writes
            self._known = number
        else:
            for topic in topics:
                if topic.decode() not in self._heard:
                    self._hear(topic.decode(), False)
            self._known = max(self._known, number)
        if self.follow is None:
            return
        heard, missed = self._heard, self._missed
        self._heard, self._missed = {}, False
        try:
            if missed:
                await self.follow(None)
            elif heard:
                await self.follow(heard)
        except BaseException:
            self._missed = self._missed or missed
            for topic, own in heard.items():
                self._hear(topic, own)
            raise


def topics_of(heard: Collection[str], kind: str) -> list[str]:
    """What stands behind '<kind>:' in those that begin so."""
    return [topic[len(kind) + 1 :] for topic in heard if topic.startswith(f"{kind}:")]
