"""The order between a sender and a recipient: of one priority, one message at a time is out.

A message that is refused for now goes back to its place; were the next one of its pair in the window already, it would
overtake it. So what comes behind one that is out is held here, and let go one by one.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Collection
from heapq import heapify, heappop, heappush

from smsgwd.southbound.outgoing import Outgoing, Pair


class Pairs:
    """Lanes of (priority, sender, recipient). A lane stands as long as one message of it is out, which is its owner."""

    def __init__(self, limit: int) -> None:
        """`limit` messages are held at most; see `full`."""
        self._limit = limit
        self._lanes: dict[Pair, list[Outgoing] | None] = {}  # those behind the owner, in order; None = nobody
        self._held: dict[int, Outgoing] = {}  # by message id: those in the lanes and in `_free`
        self._free: list[tuple[tuple[int, int], Outgoing]] = []  # owners that are to be sent: a heap by key
        self._asked: Pair = (0, "", "")  # of the message that `busy` was asked about last

    def resize(self, limit: int) -> None:
        """Another limit of those that are held."""
        self._limit = limit

    def __len__(self) -> int:
        """Messages that are held, those that may go now included."""
        return len(self._held)

    @property
    def full(self) -> bool:
        """No more are to be held: see `hurry`."""
        return len(self._held) >= self._limit

    def busy(self, out: Outgoing) -> bool:
        """True when one of its pair is out. `own` or `hold` of the same message may follow."""
        message = out.message
        pair = self._asked = (message.priority, message.source, message.msisdn)
        return pair in self._lanes

    def own(self, out: Outgoing) -> None:
        """It goes out, after `busy` said that nobody is."""
        pair = out.pair = self._asked
        self._lanes[pair] = None

    def hold(self, out: Outgoing) -> None:
        """It waits behind the owner of its lane, in the order of the queue, after `busy` said that there is one."""
        pair = out.pair = self._asked
        behind = self._lanes[pair]
        if behind is None:
            self._lanes[pair] = [out]
        elif behind[-1].key < out.key:
            behind.append(out)
        else:
            insort(behind, out, key=_key)
        self._held[out.message.id] = out

    def hurry(self, out: Outgoing) -> None:
        """The first one of the lane in which `out` is held may go, though one before it is out.

        So no more are held than before, and nobody else waits for this pair; its order holds unless one is refused.
        """
        pair = out.pair
        behind = self._lanes[pair] if pair is not None else None
        if pair is None or not behind:
            return
        following = behind.pop(0)
        self._lanes[pair] = behind or None
        heappush(self._free, (following.key, following))

    def first(self) -> Outgoing | None:
        """Of those that may go, the one whose turn is first."""
        return self._free[0][1] if self._free else None

    def take(self) -> Outgoing:
        """Take out what `first` gave: it owns its lane already."""
        out = heappop(self._free)[1]
        del self._held[out.message.id]
        return out

    def leave(self, out: Outgoing) -> bool:
        """The owner of a lane is done with; True when the next one may go now."""
        pair, out.pair = out.pair, None
        if pair is None:
            return False
        behind = self._lanes.pop(pair, None)
        if not behind:
            return False
        following = behind.pop(0)
        self._lanes[pair] = behind or None
        heappush(self._free, (following.key, following))
        return True

    def dissolve(self, out: Outgoing) -> list[Outgoing]:
        """The owner goes back into the queue: so must those behind it, which are returned, or they would overtake."""
        pair, out.pair = out.pair, None
        behind = self._lanes.pop(pair, None) if pair is not None else None
        if not behind:
            return []
        for each in behind:
            each.pair = None
            del self._held[each.message.id]
        return behind

    def ids(self) -> list[int]:
        """Of all that are held."""
        return list(self._held)

    def find(self, message_id: int) -> Outgoing | None:
        """The message of this id, if it is held."""
        return self._held.get(message_id)

    def remove(self, message_id: int) -> Outgoing | None:
        """Take a message out that is held; None when it is not."""
        out = self._held.pop(message_id, None)
        if out is None or out.pair is None:
            return out
        behind = self._lanes[out.pair]
        if behind is not None and out in behind:
            behind.remove(out)
            self._lanes[out.pair] = behind or None
            out.pair = None
        else:  # it owns the lane, and waits to be sent
            self._free.remove((out.key, out))
            heapify(self._free)
            self.leave(out)
        return out

    def remove_all(self, wanted: Collection[int], gone: Callable[[Outgoing], None]) -> None:
        """Take out those of these ids that are held; `gone` is called with each."""
        for message_id in [each for each in self._held if each in wanted]:
            out = self.remove(message_id)
            if out is not None:
                gone(out)


def _key(out: Outgoing) -> tuple[int, int]:
    return out.key
