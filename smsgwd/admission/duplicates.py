"""The same text to the same number from the same tenant, a moment ago: for tenants who want none twice.

The sender does not matter: whoever the message is from, its reader gets it twice.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_DIGEST: Final = 16  # bytes: two texts in a life of the gateway do not have the same
_DROPPED_AT_ONCE: Final = 4  # old ones that a new one makes go; more than one, so that they get fewer


class RecentTexts:
    """When which text was last accepted for which number; the `most` latest, in memory.

    Pure: times are passed in, milliseconds since 1970 UTC. Texts are not kept, only digests of them.
    """

    __slots__ = ("_longest", "_most", "_times")

    def __init__(self, most: int = 200_000) -> None:
        self._most = most
        self._times: dict[bytes, int] = {}  # in the order of acceptance
        self._longest = 0

    def __len__(self) -> int:
        return len(self._times)

    def seen(self, tenant: str, msisdn: str, body: bytes, window_s: int, now_ms: int) -> bool:
        """True when the same was accepted less than `window_s` ago; else it is remembered as accepted now.

        What is refused as a duplicate does not begin the window anew.
        """
        key = text_digest(tenant, msisdn, body)
        window = window_s * 1000
        at = self._times.get(key)
        if at is not None:
            if now_ms - at < window:
                return True
            del self._times[key]
        if window > self._longest:
            self._longest = window
        self._drop(now_ms)
        self._times[key] = now_ms
        return False

    def forget(self, tenant: str, msisdn: str, body: bytes) -> None:
        """This one was not taken after all: the same may come again."""
        self._times.pop(text_digest(tenant, msisdn, body), None)

    def learn(self, tenant: str, msisdn: str, body: bytes, at_ms: int) -> None:
        """This one was accepted then, before the gateway was started; the latest counts."""
        key = text_digest(tenant, msisdn, body)
        before = self._times.pop(key, at_ms)
        if len(self._times) >= self._most:
            del self._times[next(iter(self._times))]
        self._times[key] = max(before, at_ms)

    def _drop(self, now_ms: int) -> None:
        """Make room: the oldest goes where all places are taken, and a few that no window reaches any more."""
        times = self._times
        for _ in range(_DROPPED_AT_ONCE):
            oldest = next(iter(times), None)
            if oldest is None or (len(times) < self._most and now_ms - times[oldest] < self._longest):
                return
            del times[oldest]


def text_digest(tenant: str, msisdn: str, body: bytes) -> bytes:
    """A digest of the three; a NUL is in no tenant's id and no number."""
    return blake2b(f"{tenant}\0{msisdn}\0".encode() + body, digest_size=_DIGEST).digest()
