"""Guessing is stopped by (address, name) and by address, never by name alone.

So nobody can lock a tenant out by failing under its name elsewhere: its other addresses do not notice. Each key has a
bucket that fills by one a failure and leaks evenly, `limit` a window. An attempt is charged before it is made and
given back when it was good, so that a burst of attempts at once is counted too.
"""

import hashlib
import ipaddress
from collections import OrderedDict
from functools import lru_cache


class _Buckets:
    """Leaky buckets by key; bounded, the least recently charged goes first. `now` is monotonic seconds."""

    def __init__(self, limit: int, window_s: float, size: int) -> None:
        self._limit = limit
        self._leak = limit / window_s
        self._size = size
        self._levels: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def follow(self, limit: int, window_s: float) -> None:
        """Another limit from now on; what is in the buckets stays in them."""
        self._limit, self._leak = limit, limit / window_s

    def level(self, key: bytes, now: float) -> float:
        entry = self._levels.get(key)
        return 0.0 if entry is None else max(0.0, entry[0] - (now - entry[1]) * self._leak)

    def wait(self, key: bytes, now: float) -> float:
        """Seconds until there is room for one more; 0 when there is."""
        over = self.level(key, now) + 1 - self._limit
        return over / self._leak if over > 1e-9 else 0.0

    def charge(self, key: bytes, now: float, amount: float) -> None:
        level = self.level(key, now) + amount
        if level <= 0:
            self._levels.pop(key, None)
            return
        # A bucket never holds more than its limit: who fails on while blocked is not blocked for ever longer.
        self._levels[key] = (min(level, float(self._limit)), now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._size:
            self._levels.popitem(last=False)

    def __len__(self) -> int:
        return len(self._levels)


class FailureLimiter:
    """Failed attempts of an address, and of a name at an address, within a window of seconds."""

    def __init__(self, by_name: int = 10, by_address: int = 100, window_s: float = 60.0, size: int = 20_000) -> None:
        self._names = _Buckets(by_name, window_s, size)
        self._addresses = _Buckets(by_address, window_s, size)

    def follow(self, by_name: int, by_address: int, window_s: float) -> None:
        """Other limits from now on; failures so far count."""
        self._names.follow(by_name, window_s)
        self._addresses.follow(by_address, window_s)

    def wait(self, address: str, name: str, now: float) -> float:
        """Seconds this address has to wait before it may try this name; 0 = it may now."""
        if not self._addresses:
            return 0.0
        network = _network(address)
        return max(self._addresses.wait(network, now), self._names.wait(_pair(network, name), now))

    def charge(self, address: str, name: str, now: float) -> None:
        """Count an attempt: one that failed, or one about to be made."""
        network = _network(address)
        self._addresses.charge(network, now, 1.0)
        self._names.charge(_pair(network, name), now, 1.0)

    def give_back(self, address: str, name: str, now: float) -> None:
        """The attempt charged before was a good one."""
        network = _network(address)
        self._addresses.charge(network, now, -1.0)
        self._names.charge(_pair(network, name), now, -1.0)

    def __len__(self) -> int:
        return len(self._names) + len(self._addresses)


@lru_cache(maxsize=4096)  # asked at each request once anybody has failed
def _network(address: str) -> bytes:
    """What counts as one address: an IPv4 address, or an IPv6 /64, which is what one customer is given."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address.encode("utf-8", "surrogatepass")[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.ipv4_mapped.packed if ip.ipv4_mapped is not None else ip.packed[:8]
    return ip.packed


def _pair(network: bytes, name: str) -> bytes:
    # A digest, because the name is the attacker's and may be long.
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=network[:64], digest_size=16).digest()
