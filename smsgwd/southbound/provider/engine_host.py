"""The `Host` that a plugin is given: what it asks for goes to the call it is asked in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from math import isfinite
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred

from smsgwd.providers.http import Reply, Request
from smsgwd.southbound.provider.masking import Masking
from smsgwd.southbound.provider.said import RESERVED

_MOST_LINES: Final = 50
_WINDOW_S: Final = 10.0
_MOST_FIELDS: Final = 20
_LONGEST_FIELD: Final = 500
_OURS: Final = RESERVED | {"what"}

Say = Callable[[str, dict[str, Any]], None]
"""Takes the name of an event and the fields of its line."""


class Quota:
    """Lets so many lines through in a window of time: others' code must not fill our log."""

    def __init__(self, seconds: Callable[[], float], most: int = _MOST_LINES, window_s: float = _WINDOW_S) -> None:
        self._seconds = seconds
        self._most = most
        self._window_s = window_s
        self._lines = 0
        self._ends = 0.0

    def take(self) -> bool:
        """Whether one more may be written."""
        now = self._seconds()
        if now >= self._ends:
            self._lines, self._ends = 0, now + self._window_s
        self._lines += 1
        return self._lines <= self._most


class Waits(Awaitable[Any]):
    """An answer that may be there or not yet, awaited by a plugin's coroutine as often as it likes.

    No Deferred of Twisted's own is handed out: one that fails and is never awaited would be a complaint in the log.
    """

    def __init__(self) -> None:
        self._there = False
        self._outcome: Any = None
        self._sleeping: list[Deferred[None]] = []

    def wake(self, outcome: Any) -> None:
        """It is there; an exception is raised where it is awaited."""
        self._there, self._outcome = True, outcome
        sleeping, self._sleeping = self._sleeping, []
        for each in sleeping:
            each.callback(None)

    def __await__(self) -> Generator[Any, None, Any]:
        if not self._there:
            sleeps: Deferred[None] = Deferred()
            self._sleeping.append(sleeps)
            yield sleeps
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


class Owner(Protocol):
    """The call that a coroutine is of."""

    def request(self, request: Request, waits: Waits) -> None:
        """Send it."""
        ...

    def sleep(self, seconds: float, waits: Waits) -> None:
        """Wait."""
        ...


class EngineHost:
    """See providers.Host. Made for one provider; `owner()` is the call that runs just now."""

    def __init__(
        self,
        reactor: Any,
        connector: str,
        callback_url: str,
        now_ms: Callable[[], int],
        masking: Masking,
        say: Say,
        owner: Callable[[], Owner | None],
    ) -> None:
        self.connector = connector
        self.callback_url = callback_url
        self.now_ms = now_ms
        self._masking = masking
        self._say = say
        self._owner = owner
        self._quota = Quota(reactor.seconds)

    def request(self, request: Request) -> Awaitable[Reply]:
        """See Host. It is under way from here on, awaited or not. Raises TypeError for what is no request."""
        waits = Waits()
        self._current().request(request, waits)
        return waits

    def sleep(self, seconds: float) -> Awaitable[None]:
        """See Host."""
        if not isinstance(seconds, int | float) or not isfinite(seconds) or seconds < 0:
            raise ValueError("host.sleep takes seconds, 0 or more")
        waits = Waits()
        self._current().sleep(seconds, waits)
        return waits

    def log(self, event: str, **fields: str | int | float) -> None:
        """See Host. At most 50 lines in ten seconds; the others are left out."""
        if not self._quota.take():
            return
        kept: dict[str, Any] = {"what": self._plain(event)}
        for name, value in list(fields.items())[:_MOST_FIELDS]:
            kept[f"{name}_" if name in _OURS else name] = self._plain(value)
        self._say("provider.said", kept)

    def _plain(self, value: Any) -> str | int | float | bool:
        if isinstance(value, bool | float) or (isinstance(value, int) and -(1 << 63) <= value < 1 << 63):
            return value
        text = value if isinstance(value, str) else repr(value)
        return self._masking.text(text.encode("utf-8", "replace").decode())[:_LONGEST_FIELD]

    def _current(self) -> Owner:
        owner = self._owner()
        if owner is None:
            raise RuntimeError("only the methods of a provider that are called may send requests or wait")
        return owner
