"""Which rows of the Redis store are other than they were read: by their stamps, while the store is being written to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from smsgwd.store.copying.redis_names import kind_of_row, listed
from smsgwd.store.copying.stamps import Read, Stamps
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.listening import escaped

_LOOKED_AT: Final = 1000  # keys by one step of a scan


class RedisChanges:
    """One walk over all keys is a round. A row that comes or goes meanwhile is told in this round, or in the next one.

    Each key that is there all the time is told by a scan, so one that was read and is not told is gone; or it was
    deleted and made anew meanwhile: then it counts as gone, and as new in the next round.
    """

    def __init__(self, ask: Asking, stamps: Stamps) -> None:
        self._ask = ask
        self._stamps = stamps
        #: Names of indexes (`redis_names.LISTS`) that were told in this round, by their beginnings.
        self.lists: dict[str, set[str]] = {}
        self.messages = 0  #: how many of the rows that are new or other are messages

    async def look(self) -> None:
        """Find out what is new or other. Raises errors.Unreachable, errors.Refused and sqlite3.Error."""
        self._stamps.begin()
        self.lists, self.messages = {}, 0
        key, base = self._ask.keys.messages, self._ask.keys.base
        pattern = f"{escaped(base)}*"
        cursor: Any = 0
        while True:
            cursor, found = await self._ask.call("FCALL", "smsgwd_scan", 1, key, cursor, pattern, _LOOKED_AT)
            await self._compare({each.decode()[len(base) :] for each in found})
            if cursor in (b"0", 0):
                return

    async def _compare(self, names: set[str]) -> None:
        rows = [name for name in names if kind_of_row(name)]
        for name in names.difference(rows):
            if (place := listed(name)) is not None:
                self.lists.setdefault(place[0], set()).add(place[1])
        known = self._stamps.see(rows)
        now = await self._now(list(known))
        other = [name for name in rows if name not in known or now[name] != known[name]]
        if other:
            self._stamps.note(other)
            self.messages += sum(kind_of_row(name) == "message" for name in other)

    async def _now(self, names: list[str]) -> dict[str, bytes]:
        """The stamps of these rows, b'' of one that is gone."""
        if not names:
            return {}
        base = self._ask.keys.base
        found = await self._ask.call("FCALL_RO", "smsgwd_stamps", len(names), *(f"{base}{name}" for name in names))
        return dict(zip(names, found, strict=True))

    def other(self) -> Iterator[tuple[list[str], dict[str, Read]]]:
        """Rows that are new or other, some at a time, and how those of them were read that had been."""
        for names in self._stamps.noted():
            yield names, self._stamps.known(names)

    def gone(self) -> Iterator[dict[str, Read]]:
        """Rows that were read before and are gone, some at a time; they may be forgotten meanwhile."""
        for names in self._stamps.unseen():
            yield self._stamps.known(names)
