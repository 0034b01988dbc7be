"""How many connections one listener takes, of all and of one address, and how often a peer may make us log."""

from __future__ import annotations

from collections import Counter, OrderedDict

_ADDRESSES = 4096  # whose last log line is remembered; beyond that the oldest is forgotten


class Places:
    """The connections of one listener by address; an address is `net.http_address.network_of`."""

    def __init__(self, most: int, most_of_one: int, most_unbound_of_one: int) -> None:
        """At most `most` in all; `most_of_one` of an address (0 = a quarter), of which so many may not be bound yet."""
        self.taken = 0
        self._most = most
        self._most_of_one = most_of_one or max(1, most // 4)
        self._most_unbound = most_unbound_of_one
        self._of: Counter[str] = Counter()
        self._unbound: Counter[str] = Counter()

    def refusal(self, network: str) -> str:
        """Why one more of this address is not taken (a label of metrics), '' when it is."""
        if self.taken >= self._most:
            return "connections"
        if self._of[network] >= self._most_of_one:
            return "address"
        if self._unbound[network] >= self._most_unbound:
            return "unbound"
        return ""

    def enter(self, network: str) -> None:
        """A connection was made; it is not bound yet."""
        self.taken += 1
        self._of[network] += 1
        self._unbound[network] += 1

    def bound(self, network: str) -> None:
        """One of them is bound now."""
        _less(self._unbound, network)

    def leave(self, network: str, *, was_bound: bool) -> None:
        """One is gone."""
        self.taken -= 1
        _less(self._of, network)
        if not was_bound:
            _less(self._unbound, network)


def _less(counter: Counter[str], key: str) -> None:
    """One less; what is 0 is not kept, since there are many addresses."""
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]


class LinePace:
    """One log line a second a key; those left out are counted and told with the next one."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def skipped(self, key: str, now: float) -> int | None:
        """How many lines were left out since the last one that was written; None = leave out this one too."""
        at, left_out = self._last.get(key, (now - 1.0, 0))
        if now - at < 1.0:
            self._last[key] = (at, left_out + 1)
            return None
        self._last[key] = (now, 0)
        self._last.move_to_end(key)
        if len(self._last) > _ADDRESSES:
            self._last.popitem(last=False)
        return left_out
