"""A link to a cluster: each call goes to the master that has the slot of its keys, wherever that is meanwhile.

txredisapi knows nothing of clusters. Here is a `Link` for each master, a map of slots, and what replies say when the
map is old: MOVED (the slot is elsewhere: the map is asked for again), ASK (this key already is: once, with ASKING),
TRYAGAIN and CLUSTERDOWN (soon, perhaps). None of those was done, so such calls are made again; their order among others
is lost then.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredLock, FirstError, fail, gatherResults, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from smsgwd.store.redis.address import Address
from smsgwd.store.redis.connection import Arg, Place, dial
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.library import Library
from smsgwd.store.redis.link import Link, pause
from smsgwd.store.redis.listening import Heard
from smsgwd.store.redis.slots import SLOTS, CrossSlot, keys_of, masters, redirection, slot_of

_MOST_REDIRECTIONS: Final = 8
_ASKED_S: Final = 1.0  # how long one node may take to say who has which slot
_REDIRECTIONS: Final = ("MOVED ", "ASK ")
_LATER: Final = ("TRYAGAIN", "CLUSTERDOWN")
_CLOSED: Final = "closed"


class ClusterLink:
    """Calls to a cluster; methods, failures and options are those of `Link`.

    `home`: a key. The link is up while the master of that key's slot can be called; without it, while all slots have
    a master and all of those can be.
    """

    def __init__(
        self,
        reactor: Any,
        address: Address,
        *,
        home: str = "",
        library: Library | None = None,
        timeout_s: float = 5.0,
        jitter: Callable[[], float] = random.random,
        on_change: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._reactor = reactor
        self._address = address
        self._home = slot_of([home]) if home else None
        self._library = library
        self._timeout_s = timeout_s
        self._jitter = jitter
        self._on_change = on_change
        self._heard: list[tuple[str, Heard]] = []
        self._owners: list[Place | None] = [None] * SLOTS
        self._links: dict[Place, Link] = {}
        self._lock = DeferredLock()  # one at a time changes which links there are
        self._failed = 0
        self._timer: IDelayedCall | None = None
        self._under_way: set[Deferred[Any]] = set()  # redirected calls and searches, for `close`
        self._closed = False
        self.up = False  #: whether calls can be made
        self.why = "not connected yet"  #: why it is down, while it is

    def connect(self) -> Deferred[None]:
        """See Link."""
        self._closed = False
        return self._tracked(self._search()).addErrback(self._never_was)

    def call(self, *args: Arg, read: bool = False) -> Deferred[Any]:
        """See Link. A command is sent to the master of its keys; Refused when they are in several slots, or when it has
        no key (see `each`)."""
        return self._routed(keys_of(args), lambda link: link.call(*args, read=read), read)

    def function(
        self, name: str, keys: Sequence[bytes | str], args: Sequence[Arg], *, read: bool = False
    ) -> Deferred[Any]:
        """See Link."""
        return self._routed(keys, lambda link: link.function(name, keys, args, read=read), read)

    def confirmed(
        self, name: str, keys: Sequence[bytes | str], args: Sequence[Arg], *waits: Sequence[Arg]
    ) -> Deferred[list[Any]]:
        """See Link."""
        return self._routed(keys, lambda link: link.confirmed(name, keys, args, *waits), False)

    def each(self, *args: Arg) -> Deferred[list[Any]]:
        """A command without a key to every master. Their replies."""
        places = dict.fromkeys(place for place in self._owners if place is not None)
        links = [self._links.get(place) for place in places]
        if not links or None in links:
            return fail(Unreachable(self.why or "a master is not connected"))
        replies = gatherResults([each.call(*args, read=True) for each in links if each], consumeErrors=True)
        return replies.addErrback(_first)

    def listen(self, pattern: str, heard: Heard) -> None:
        """See Link. Every server hears all that is published in the cluster; one of them tells."""
        self._heard.append((pattern, heard))

    def drop(self, why: str) -> None:
        """Connect anew to all masters. Nothing while the link is down."""
        for each in list(self._links.values()):
            each.drop(why)

    def close(self) -> Deferred[None]:
        """See Link."""
        self._closed, self.why, self.up = True, _CLOSED, False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for each in list(self._under_way):
            each.cancel()
        links, self._links = self._links, {}
        return gatherResults([each.close() for each in links.values()]).addCallback(lambda _: None)

    # -- one call -------------------------------------------------------------------------------------------------

    def _routed(self, keys: Sequence[Arg], send: Callable[[Link], Deferred[Any]], read: bool) -> Deferred[Any]:
        try:
            slot = slot_of(keys)
        except CrossSlot as error:
            return fail(Refused(str(error)))
        if slot is None:
            return fail(Refused("without a key it cannot be told which server of the cluster is meant"))
        place = self._owners[slot]
        link = None if place is None else self._links.get(place)
        if link is None:
            return fail(Unreachable(self.why or "no server has this slot"))
        return send(link).addErrback(self._not_there, slot, send, read)

    def _not_there(
        self, failure: Failure, slot: int, send: Callable[[Link], Deferred[Any]], read: bool
    ) -> Failure | Deferred[Any]:
        error = failure.value
        if isinstance(error, Exception) and str(error).startswith((*_REDIRECTIONS, *_LATER)) and not self._closed:
            return self._tracked(self._elsewhere(error, slot, send, read)).addErrback(self._cut_short)
        return failure

    async def _elsewhere(self, error: Exception, slot: int, send: Callable[[Link], Deferred[Any]], read: bool) -> Any:
        """The reply of a call that `error` sends somewhere else, or wants later."""
        redirected = tries = 0
        end = self._reactor.seconds() + self._timeout_s
        while True:
            text, owner = str(error), self._owners[slot]
            asked = owner[0] if isinstance(owner, tuple) else ""
            asking = text.startswith("ASK ")
            if text.startswith(_REDIRECTIONS):
                redirected += 1
                if redirected > _MOST_REDIRECTIONS:
                    raise Unreachable(f"sent from server to server: {text}")
                owner = redirection(text, asked)
                if not asking:
                    self._owners[slot] = owner
                    self._search_soon(0.0)
                link = await self._joined(owner)
            else:
                if self._reactor.seconds() >= end:
                    raise Unreachable(text)
                self._search_soon(0.0)
                await deferLater(self._reactor, pause(tries, self._jitter()))
                tries += 1
                owner = self._owners[slot]
                link = None if owner is None else self._links.get(owner)
            if link is None:
                raise Unreachable(self.why or f"no server has the slot: {text}")
            if asking:
                link.call("ASKING", read=read).addErrback(lambda _: None)
            try:
                return await send(link)
            except (Unreachable, Refused) as again:
                if not str(again).startswith((*_REDIRECTIONS, *_LATER)):
                    raise
                error = again

    def _cut_short(self, failure: Failure) -> Failure:
        if self._closed and not failure.check(Unreachable, Refused):  # type: ignore[no-untyped-call]
            raise Unreachable(_CLOSED, unknown=True)
        return failure

    # -- which servers there are ----------------------------------------------------------------------------------

    async def _search(self) -> None:
        """Ask for the map of slots, and connect to all masters in it. Raises Unreachable and Refused when that does not
        suffice for the link to be up."""
        await self._lock.acquire()
        try:
            owners: list[Place | None] = [None] * SLOTS
            for first, last, place in await self._map():
                owners[first : last + 1] = [place] * (last + 1 - first)
            self._owners = owners
            wanted = dict.fromkeys(place for place in owners if place is not None)
            for place, link in list(self._links.items()):
                # One that is up may still have replies to give; it is closed at the next search after its end.
                if place not in wanted and not link.up:
                    del self._links[place]
                    link.close()
            errors = [each for each in await gatherResults([self._join(place) for place in wanted]) if each]
        finally:
            self._lock.release()
        self._look(str(errors[0]) if errors else "")
        if not self.up:
            raise errors[0] if errors else Unreachable(self.why)
        if all(place in self._links and self._links[place].up for place in wanted) and None not in owners:
            self._failed = 0
        else:
            self._failed += 1
            self._search_soon(pause(self._failed, self._jitter()))

    async def _map(self) -> list[tuple[int, int, Place]]:
        """Who has which slots, as the first server says that answers."""
        places = list(dict.fromkeys([*(place for place, link in self._links.items() if link.up), *self._address.hosts]))
        first = self._failed % len(places)  # one that is wrong is not asked for ever
        said = []
        for place in (*places[first:], *places[:first]):
            try:
                connection = await dial(
                    self._reactor,
                    place,
                    min(_ASKED_S, self._timeout_s),
                    login=self._address.login,
                    tls=self._address.tls,
                )
                try:
                    reply = await connection.send("CLUSTER", "SLOTS")
                finally:
                    connection.end("asked")
            except Unreachable as error:
                said.append(str(error))
            else:
                return list(masters(reply, str(place[0])))
        raise Unreachable(f"no server of the cluster answers: {'; '.join(said)}")

    def _join(self, place: Place) -> Deferred[BaseException | None]:
        """A link to a master, made if there is none, and waited for then; fires with what went wrong, if anything."""
        if place in self._links:
            return succeed(None)

        async def where() -> Place:
            return place

        link = self._links[place] = Link(
            self._reactor,
            where,
            login=self._address.login,
            tls=self._address.tls,
            library=self._library,
            timeout_s=self._timeout_s,
            jitter=self._jitter,
            on_change=partial(self._changed, place),
        )
        for pattern, heard in self._heard:
            link.listen(pattern, partial(self._told, place, heard))
        return link.connect().addErrback(self._not_joined, place)

    def _told(self, place: Place, heard: Heard, channel: bytes, message: bytes) -> None:
        if place == self._owners[self._home or 0]:
            heard(channel, message)

    def _not_joined(self, failure: Failure, place: Place) -> BaseException | None:
        self._links.pop(place, None)
        return failure.value

    async def _joined(self, place: Place) -> Link | None:
        """The link to a server that a reply named."""
        link = self._links.get(place)
        if link is None or not link.up:
            await self._lock.acquire()
            try:
                error = await self._join(place)
            finally:
                self._lock.release()
            if error is not None:
                raise error
        return self._links.get(place)

    def _changed(self, place: Place, up: bool) -> None:
        """A link came up or broke."""
        if self._closed:
            return
        if not up:
            self._search_soon(pause(self._failed, self._jitter()))
        self._look(self._links[place].why if place in self._links else "")

    def _look(self, why: str) -> None:
        """Whether calls can be made, as it is now. `why` they cannot, if they cannot."""
        if self._closed:
            return
        needed = self._owners if self._home is None else [self._owners[self._home]]
        links = [None if place is None else self._links.get(place) for place in dict.fromkeys(needed)]
        up = all(link is not None and link.up for link in links)
        if up:
            self.why = ""
        else:
            broken = [link.why for link in links if link is not None and not link.up]
            self.why = broken[0] if broken else why or "not every slot has a server"
        if up is not self.up:
            self.up = up
            self._on_change(up)

    def _search_soon(self, seconds: float) -> None:
        if self._timer is None and not self._closed:
            self._timer = self._reactor.callLater(seconds, self._search_again)

    def _search_again(self) -> None:
        self._timer = None
        self._tracked(self._search()).addErrback(self._not_found)

    def _not_found(self, failure: Failure) -> None:
        if self._closed:
            return
        self._failed += 1
        if not self.up:
            self.why = str(failure.value)
        self._search_soon(pause(self._failed, self._jitter()))

    def _never_was(self, failure: Failure) -> Any:
        closed, why = self._closed, str(failure.value)
        gone = self.close()
        self.why = _CLOSED if closed else why

        def told(_: object) -> Failure:
            if closed:
                raise Unreachable(_CLOSED)
            return failure

        return gone.addCallback(told)

    def _tracked(self, work: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred.fromCoroutine(work)
        if not done.called:
            self._under_way.add(done)
            done.addBoth(self._untracked, done)
        return done

    def _untracked(self, result: Any, done: Deferred[Any]) -> Any:
        self._under_way.discard(done)
        return result


def _first(failure: Failure) -> Failure:
    """What went wrong first, of several."""
    wrong: Failure = failure.value.subFailure if isinstance(failure.value, FirstError) else failure
    return wrong
