"""Whose messages are written down step by step for a while: of a number, or of a tenant.

Bounded in number and time; which messages they are is remembered up to a bound too, the longest known forgotten first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST: Final = 20  #: watches at once
MOST_MS: Final = 24 * 3_600_000  #: of one
_MOST_IDS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Watch:
    """One of them. `number` is digits; '' = of the tenant."""

    id: int
    number: str
    tenant: str
    until: int  #: milliseconds, of the clock that `now` is of

    def wants(self, tenant: str, number: str) -> bool:
        """Whether a message is one of its."""
        return (not self.tenant or tenant == self.tenant) and (not self.number or number == self.number)


class TooManyError(Exception):
    """There are as many watches as there may be."""


class Watches:
    """Those of a process. Nothing here looks at a clock: `now` is milliseconds of one that never goes back."""

    def __init__(self) -> None:
        self._watches: dict[int, Watch] = {}
        self._numbered = 0
        self._messages: dict[int, int] = {}  # id of a message -> of its watch
        self._pushes: dict[int, tuple[int, int]] = {}  # id of a row of the outbox -> message, watch

    def __bool__(self) -> bool:
        return bool(self._watches)

    def all(self) -> list[Watch]:
        """All of them, oldest first."""
        return list(self._watches.values())

    def add(self, number: str, tenant: str, until: int) -> Watch:
        """Begin one; one about the same takes its place. TooManyError."""
        for each in self.all():
            if (each.number, each.tenant) == (number, tenant):
                self._watches[each.id] = again = Watch(each.id, number, tenant, until)
                return again
        if len(self._watches) >= MOST:
            raise TooManyError(f"{MOST} numbers and tenants are watched already")
        self._numbered += 1
        made = self._watches[self._numbered] = Watch(self._numbered, number, tenant, until)
        return made

    def remove(self, watch: int) -> bool:
        """End one; what it knew of messages is forgotten. False when there is none."""
        if self._watches.pop(watch, None) is None:
            return False
        self._messages = {message: by for message, by in self._messages.items() if by != watch}
        self._pushes = {push: known for push, known in self._pushes.items() if known[1] != watch}
        return True

    def expire(self, now: int) -> list[Watch]:
        """End those whose time is over."""
        over = [each for each in self.all() if each.until <= now]
        for each in over:
            self.remove(each.id)
        return over

    def next_end(self) -> int | None:
        """When the next one is over."""
        return min((each.until for each in self._watches.values()), default=None)

    # ------------------------------------------------------------------ messages
    def begin(self, message: int, tenant: str, number: str) -> int | None:
        """A message is there: the watch it belongs to, by which it is known from now on."""
        for each in self._watches.values():
            if each.wants(tenant, number):
                self._messages[message] = each.id
                _bound(self._messages)
                return each.id
        return None

    def of(self, message: int) -> int | None:
        """The watch a known message belongs to."""
        return self._messages.get(message)

    def owed(self, push: int, message: int, watch: int) -> None:
        """A push about a known message is to be made."""
        self._pushes[push] = (message, watch)
        _bound(self._pushes)

    def push(self, push: int, *, over: bool) -> tuple[int, int] | None:
        """The message and the watch of a push; forgotten when it is over."""
        return self._pushes.pop(push, None) if over else self._pushes.get(push)


def _bound(known: dict[int, int] | dict[int, tuple[int, int]]) -> None:
    if len(known) > _MOST_IDS:
        del known[next(iter(known))]
