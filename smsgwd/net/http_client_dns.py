"""Addresses of host names: one lookup a host at a time, off the reactor's thread, and a short memory.

A name server that does not answer holds a thread for as long as the system's resolver waits, so a host never has two
lookups on their way, and a host that was resolved lately is served from memory while a new lookup is made.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

Lookup = Callable[[str], "Deferred[list[str]]"]

_FRESH_S = 60.0
_STALE_S = 1800.0
_MOST_HOSTS = 4096
_MOST_THREADS = 16


class LookupFailed(Exception):
    """The host has no address, or the system's resolver could not tell."""


def _system(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LookupFailed(error.strerror if isinstance(error, OSError) and error.strerror else str(error)) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class SystemLookup:
    """The system's resolver (getaddrinfo) on threads of its own; fails with LookupFailed.

    Not on the reactor's threads: tenants' names whose servers hang would hold up whatever else runs there. The threads
    are daemons, since a lookup under way cannot be ended and must not delay the end of the process.
    """

    def __init__(self, reactor: Any, most_threads: int = _MOST_THREADS) -> None:
        self._reactor = reactor
        self._most_threads = most_threads
        self._queue: SimpleQueue[tuple[str, Deferred[list[str]]] | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    def __call__(self, host: str) -> Deferred[list[str]]:
        """The addresses of `host`."""
        answer: Deferred[list[str]] = Deferred()
        self._busy += 1
        if self._threads < min(self._busy, self._most_threads):
            self._threads += 1
            Thread(target=self._work, name="lookup", daemon=True).start()
        self._queue.put((host, answer))
        return answer

    def close(self) -> None:
        """Let the threads end when they are done; a later lookup starts new ones."""
        for _ in range(self._threads):
            self._queue.put(None)
        self._threads = 0

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            host, answer = job
            try:
                result: list[str] | LookupFailed = _system(host)
            except LookupFailed as error:
                result = error
            self._reactor.callFromThread(self._told, answer, result)

    def _told(self, answer: Deferred[list[str]], result: list[str] | LookupFailed) -> None:
        self._busy -= 1
        if isinstance(result, LookupFailed):
            answer.errback(result)
        else:
            answer.callback(result)


class Resolver:
    """Remembers addresses for a minute, and for half an hour as a fallback while a new lookup runs or fails."""

    def __init__(self, reactor: IReactorTime, lookup: Lookup) -> None:
        self._reactor = reactor
        self._lookup = lookup
        self._known: OrderedDict[str, tuple[float, list[str]]] = OrderedDict()
        self._waiting: dict[str, list[Deferred[list[str]]]] = {}

    def addresses(self, host: str) -> Deferred[list[str]]:
        """The addresses of a host name, in the resolver's order, at least one. Fails with LookupFailed."""
        known = self._known.get(host)
        if known is not None:
            age = self._reactor.seconds() - known[0]
            if age < _STALE_S:
                if age >= _FRESH_S and host not in self._waiting:
                    self._begin(host)
                return succeed(known[1])
            del self._known[host]
        answer: Deferred[list[str]] = Deferred()
        if host in self._waiting:
            self._waiting[host].append(answer)
        else:
            self._begin(host, answer)
        return answer

    def _begin(self, host: str, *answers: Deferred[list[str]]) -> None:
        self._waiting[host] = list(answers)
        self._lookup(host).addCallbacks(partial(self._found, host), partial(self._failed, host))

    def _found(self, host: str, addresses: list[str]) -> None:
        if not addresses:
            self._failed(host, Failure(LookupFailed("no address")))  # type: ignore[no-untyped-call]
            return
        self._known[host] = (self._reactor.seconds(), addresses)
        self._known.move_to_end(host)
        if len(self._known) > _MOST_HOSTS:
            self._known.popitem(last=False)
        for answer in self._waiting.pop(host):
            answer.callback(addresses)

    def _failed(self, host: str, failure: Failure) -> None:
        for answer in self._waiting.pop(host):
            answer.errback(failure)
