"""The link as the writer's thread uses it: it waits for replies, which come on the reactor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred, FirstError, gatherResults, maybeDeferred
from twisted.internet.threads import blockingCallFromThread
from twisted.python.failure import Failure

from smsgwd.store.redis.program import Arg


class Calls(Protocol):
    """What is asked of a link, be it to one server or to a cluster."""

    def call(self, *args: Arg, read: bool = False) -> Deferred[Any]:
        """One command."""
        ...

    def function(
        self, name: str, keys: Sequence[bytes | str], args: Sequence[Arg], *, read: bool = False
    ) -> Deferred[Any]:
        """A function of the library."""
        ...

    def confirmed(
        self, name: str, keys: Sequence[bytes | str], args: Sequence[Arg], *waits: Sequence[Arg]
    ) -> Deferred[list[Any]]:
        """A function, and WAIT or WAITAOF behind it: its reply, and the last one's."""
        ...


class Blocking:
    """Sends commands from another thread than the reactor's. All raise errors.Unreachable and errors.Refused."""

    def __init__(self, reactor: Any, link: Calls) -> None:
        self._reactor = reactor
        self._link = link

    def ask(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """Several commands at once; their replies in order."""
        replies: list[Any] = self._wait(self._many, commands)
        return replies

    def function(self, name: str, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        """A function of the library."""
        return self._wait(self._link.function, name, keys, args)

    def confirmed(self, name: str, keys: Sequence[str], args: Sequence[Arg], *waits: Sequence[Arg]) -> list[Any]:
        """A function with the confirmation that what it wrote is safe: its reply, and the last one's."""
        replies: list[Any] = self._wait(self._link.confirmed, name, keys, args, *waits)
        return replies

    def start(
        self,
        answered: Callable[[Any], object],
        name: str,
        keys: Sequence[str],
        args: Sequence[Arg],
        waits: Sequence[Sequence[Arg]],
    ) -> None:
        """A function, with its confirmation if there are `waits`; nobody stands still: `answered` gets the reply (as
        of `confirmed`), or the exception, on the reactor."""

        def begin() -> None:
            if waits:
                done = maybeDeferred(self._link.confirmed, name, keys, args, *waits)
            else:
                done = maybeDeferred(self._link.function, name, keys, args)
            done.addErrback(lambda failure: failure.value)
            done.addCallback(answered)

        self._reactor.callFromThread(begin)

    def tell(self, call: Callable[[float], object], value: float) -> None:
        """Call it on the reactor, some time."""
        self._reactor.callFromThread(call, value)

    def _wait(self, call: Any, *args: Any) -> Any:
        return blockingCallFromThread(self._reactor, call, *args)

    def _many(self, commands: Sequence[Sequence[Arg]]) -> Deferred[list[Any]]:
        done = gatherResults([self._link.call(*each) for each in commands], consumeErrors=True)
        return done.addErrback(_first)


def _first(failure: Failure) -> Failure:
    """The failure of the first command that failed."""
    assert isinstance(failure.value, FirstError)
    return failure.value.subFailure
