"""Which network a number is in, as lookups found it: bounded, in memory, asked for every message that needs it."""

from __future__ import annotations

from typing import Final

from smsgwd.model.lookups import Lookup

_HOUR_MS: Final = 3_600_000
_BITS: Final = 21  #: of a network as a number: 1, then its five or six digits


class Networks:
    """Two integers a number: 1 M numbers are about 150 MB, and nothing where nobody looks numbers up."""

    def __init__(self, most: int, kept_ms: int) -> None:
        """At most `most` numbers, each for `kept_ms` after its lookup; beyond that the longest known goes."""
        self._most = most
        self._kept_h = kept_ms // _HOUR_MS
        self._known: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, lookup: Lookup) -> None:
        """Remember what a lookup found; one that told no network, or is older than what is known, changes nothing."""
        facts, done_at = lookup.facts, lookup.done_at
        network = facts.mcc + facts.mnc
        if (
            done_at is None
            or len(network) not in (5, 6)
            or not lookup.msisdn
            or not network.isdigit()
            or not self._most
        ):
            return
        known, number = self._known, int(lookup.msisdn)
        value = done_at // _HOUR_MS << _BITS | int(f"1{network}")
        if known.get(number, 0) >> _BITS > value >> _BITS:
            return
        known.pop(number, None)  # so that it is the newest again
        if len(known) >= self._most:
            del known[next(iter(known))]
        known[number] = value

    def find(self, msisdn: str, now_ms: int) -> str | None:
        """mcc+mnc of a number; None when it is not known, or too old."""
        known = self._known
        if not known:
            return None
        value = known.get(int(msisdn))
        if value is None:
            return None
        if value >> _BITS < now_ms // _HOUR_MS - self._kept_h:
            del known[int(msisdn)]
            return None
        return str(value & (1 << _BITS) - 1)[1:]
