"""The one way the store talks to a server: calls out, replies back, connected again by itself when that breaks.

There are two connections, each first in, first out: one for commits, one for reads, so that the long answer of a read
does not stand before a commit's; and a third where something is listened for. They live and end together: a server that
does not answer on one answers on none.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, FirstError, fail, gatherResults
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.store.redis.address import Login, Tls
from smsgwd.store.redis.connection import Arg, Connection, Place, dial
from smsgwd.store.redis.errors import Unreachable
from smsgwd.store.redis.library import Library, ensure
from smsgwd.store.redis.listening import Heard, Listening

_COMMITS, _READS = 0, 1  # places of the connections
_FIRST_S: Final = 0.05  # before the first attempt to connect again; doubled after each that fails
_LONGEST_S: Final = 1.0
_NOT_YET: Final = "not connected yet"
_CLOSED: Final = "closed"


def pause(failed: int, jitter: float) -> float:
    """Seconds before the next attempt when so many in a row have failed. `jitter`: from 0 to 1."""
    return min(_LONGEST_S, _FIRST_S * 2.0 ** min(failed, 10)) * (0.5 + jitter / 2)


class Link:
    """Calls to the master that `where` names: it is asked before each attempt to connect.

    `library`: loaded into each server before it is called. `timeout_s`: how long a reply may take; then the
    connections are dropped, and connected again. `jitter`: a number from 0 to 1, for the pauses between attempts.
    `on_change`: called with True when calls can be made, with False when they cannot any more.
    """

    def __init__(
        self,
        reactor: Any,
        where: Callable[[], Awaitable[Place]],
        *,
        login: Login = Login(),  # noqa: B008 -- immutable
        db: int = 0,
        tls: Tls | None = None,
        library: Library | None = None,
        timeout_s: float = 5.0,
        jitter: Callable[[], float] = random.random,
        on_change: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._reactor = reactor
        self._where = where
        self._login = login
        self._db = db
        self._tls = tls
        self._library = library
        self._timeout_s = timeout_s
        self._jitter = jitter
        self._on_change = on_change
        self._heard: dict[bytes, Heard] = {}
        self._connections: list[Connection] = []
        self._failed = 0  # attempts in a row
        self._timer: IDelayedCall | None = None
        self._trying: Deferred[None] | None = None
        self._closed = False
        self.why = _NOT_YET  #: why it is down, while it is

    @property
    def up(self) -> bool:
        """Whether calls can be made."""
        return bool(self._connections)

    def connect(self) -> Deferred[None]:
        """The first connection. Fails with Unreachable or Refused; the link is closed then, and may be connected again
        by calling this once more. After a success it stays connected by itself, until `close`."""
        self._closed = False
        self._trying = Deferred.fromCoroutine(self._attempt())
        return self._trying.addErrback(self._never_was)

    def call(self, *args: Arg, read: bool = False) -> Deferred[Any]:
        """One command; fires with its reply: bytes, int, None or a list. Fails with Unreachable (at once while the link
        is down) or Refused. Commands are done in the order of their calls, reads and others each for themselves.
        Functions (FCALL) are named as in the library's text."""
        if not self._connections:
            return fail(Unreachable(self.why))
        command = args if self._library is None else self._library.call(args)
        return self._connections[_READS if read else _COMMITS].send(*command)

    def function(
        self, name: str, keys: Sequence[bytes | str], args: Sequence[Arg], *, read: bool = False
    ) -> Deferred[Any]:
        """A function of the library, as `call`."""
        return self.call("FCALL", name, len(keys), *keys, *args, read=read)

    def confirmed(
        self, name: str, keys: Sequence[bytes | str], args: Sequence[Arg], *waits: Sequence[Arg]
    ) -> Deferred[list[Any]]:
        """A function, and right behind it on the same connection WAIT or WAITAOF with its arguments, once or several
        times: the function's reply, and the last one's.

        On another connection the server would count what that one has written: nothing. When only these fail, that is
        Unreachable with `unknown`: the function was done.
        """
        first = self.function(name, keys, args)
        waited = gatherResults([self.call(*wait) for wait in waits], consumeErrors=True)

        def unknown(failure: Failure) -> Failure:
            assert isinstance(failure.value, FirstError)
            raise Unreachable(f"{waits[0][0]!s}: {failure.value.subFailure.value}", unknown=True)

        def done(reply: Any) -> Deferred[list[Any]]:
            return waited.addCallbacks(lambda confirmations: [reply, confirmations[-1]], unknown)

        def not_done(failure: Failure) -> Failure:
            waited.addErrback(lambda _: None)
            return failure

        return first.addCallbacks(done, not_done)

    def each(self, *args: Arg) -> Deferred[list[Any]]:
        """A command without a key to every master there is: the one. Its replies."""
        return self.call(*args, read=True).addCallback(lambda reply: [reply])

    def listen(self, pattern: str, heard: Heard) -> None:
        """Hear what is published in the channels of a pattern; before `connect`. What is published while the link is
        down is not heard: when it is up again, look at what it would have told of."""
        self._heard[pattern.encode()] = heard

    def drop(self, why: str) -> None:
        """Connect anew: the server is no longer the one to talk to. Nothing while the link is down."""
        for each in self._connections[:1]:
            each.end(why)

    def close(self) -> Deferred[None]:
        """Calls that have no reply yet fail; there are no attempts any more. `on_change` is not called."""
        self._closed, self.why = True, _CLOSED
        connections, self._connections = self._connections, []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._trying is not None:
            self._trying.cancel()
        gone = [each.gone for each in connections]
        for each in connections:
            each.end(_CLOSED)
        return gatherResults(gone).addCallback(lambda _: None)

    # -- connecting -------------------------------------------------------------------------------------------------

    async def _attempt(self) -> None:
        made: list[Connection] = []
        try:
            place = await self._where()
            for _ in (_COMMITS, _READS):
                made.append(await self._dial(place, Connection))
                if self._db:
                    await made[-1].send("SELECT", self._db)
            role = (await made[0].send("ROLE"))[0]
            if role != b"master":
                raise Unreachable(f"{place}: not a master but a {role.decode()}")
            if self._library is not None:
                await ensure(made[0], self._library)
            if self._heard:
                made.append(await self._dial(place, partial(Listening, self._heard)))
                for pattern in self._heard:
                    await made[-1].send("PSUBSCRIBE", pattern)
            for each in made:
                if each.ended:
                    raise Unreachable(each.ended)
        except BaseException as error:
            for each in made:
                each.end(str(error))
            raise
        self._trying = None
        self._failed = 0
        self._connections = made
        self.why = ""
        self._on_change(True)

    async def _dial(self, place: Place, make: Callable[..., Connection]) -> Connection:
        return await dial(
            self._reactor, place, self._timeout_s, lost=self._lost, login=self._login, tls=self._tls, make=make
        )

    def _never_was(self, failure: Failure) -> Failure:
        self._trying = None
        if self._closed:  # while it was tried; what that broke says nothing
            raise Unreachable(_CLOSED)
        self._closed, self.why = True, str(failure.value) or type(failure.value).__name__
        return failure

    def _lost(self, connection: Connection, why: str) -> None:
        """One ended, by itself or by us: the other goes with it."""
        if connection not in self._connections:
            return
        connections, self._connections = self._connections, []
        self.why = why
        self._again()
        self._on_change(False)
        for each in connections:
            each.end(why)

    def _again(self) -> None:
        self._timer = self._reactor.callLater(pause(self._failed, self._jitter()), self._retry)

    def _retry(self) -> None:
        self._timer = None
        self._trying = Deferred.fromCoroutine(self._attempt())
        self._trying.addErrback(self._failed_again)

    def _failed_again(self, failure: Failure) -> None:
        self._trying = None
        if self._closed:
            return
        self._failed += 1
        self.why = str(failure.value) or type(failure.value).__name__
        self._again()
