"""Messages that are taken from the ready queue to make groups of: alike ones go together, in the queue's order.

Few are looked ahead at, so that what comes later and is more urgent is not long behind them.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Hashable, Sequence
from heapq import heappop, heappush
from typing import Final

from smsgwd.providers.message import Outbound
from smsgwd.southbound.outgoing import Outgoing

Key = tuple[int, int]
_AHEAD: Final = 4  # groups' worth of messages that are taken to find alike ones
_MOST: Final = 1000
_MOST_TEXT: Final = 2_000_000  # characters of a group: 8 MB at most, of the 16 that a frame takes (`frames.MOST`)


class Groups:
    """Messages that have left the ready queue and wait for a group that is sent. `together` are fields of Outbound."""

    def __init__(self, together: Sequence[str], size: int) -> None:
        self._groups: dict[Hashable, list[tuple[Outgoing, Outbound]]] = {}
        self._heads: list[tuple[Key, int, Hashable]] = []  # a heap of groups by their first message; some are outdated
        self._number = 0  # of those, so that groups themselves are never compared
        self._count = 0
        self.adopt(together, size)

    def __len__(self) -> int:
        return self._count

    def adopt(self, together: Sequence[str], size: int) -> None:
        """Other groups, for what is added from now on."""
        self._together = tuple(together)
        self.size = size
        self._most = 1 if size == 1 else min(_MOST, _AHEAD * size)

    def wants(self, out: Outgoing) -> bool:
        """Whether a message is to be added: there are few, or it comes before all that are here."""
        if self._count < self._most:
            return True
        first = self._first()
        return self._count < 2 * self._most and (first is None or out.key < first[0][0].key)

    def add(self, out: Outgoing, message: Outbound) -> None:
        """It has left the queue."""
        key = tuple(getattr(message, name) for name in self._together)
        known = self._groups.setdefault(key, [])
        if known and out.key < known[-1][0].key:  # it was put back, or is more urgent
            insort(known, (out, message), key=_place)
        else:
            known.append((out, message))
        if known[0][0] is out:
            self._push(key, known)
        self._count += 1

    def first(self) -> Sequence[tuple[Outgoing, Outbound]]:
        """The group whose turn it is, `size` at most, and so much text that it can be handed over; it stays here until
        `take`."""
        first = self._first()
        if first is None:
            return ()
        group, left = first[: self.size], _MOST_TEXT
        for place, (_, message) in enumerate(group):
            left -= len(message.text)
            if left < 0 and place:
                return group[:place]
        return group

    def take(self, group: Sequence[tuple[Outgoing, Outbound]]) -> None:
        """These, which `first` gave, go out."""
        key = self._heads[0][2]
        known = self._groups[key]
        del known[: len(group)]
        self._count -= len(group)
        if known:
            self._push(key, known)
        else:
            del self._groups[key]

    def remove(self, wanted: Callable[[Outgoing], bool]) -> list[Outgoing]:
        """Take out those that are wanted."""
        found: list[Outgoing] = []
        for key, known in list(self._groups.items()):
            gone = [out for out, _ in known if wanted(out)]
            if gone:
                found += gone
                rest = [each for each in known if not wanted(each[0])]
                if rest:
                    self._groups[key] = rest
                    self._push(key, rest)
                else:
                    del self._groups[key]
        self._count -= len(found)
        return found

    def _first(self) -> list[tuple[Outgoing, Outbound]] | None:
        heads, groups = self._heads, self._groups
        while heads:
            place, _, key = heads[0]
            known = groups.get(key)
            if known is not None and known[0][0].key == place:
                return known
            heappop(heads)
        return None

    def _push(self, key: Hashable, known: list[tuple[Outgoing, Outbound]]) -> None:
        self._number += 1
        heappush(self._heads, (known[0][0].key, self._number, key))


def _place(each: tuple[Outgoing, Outbound]) -> tuple[int, int]:
    return each[0].key
