"""Pumping: much more than usual to one range of numbers, as when somebody drives traffic to numbers they earn from.

A tenant's messages are counted for each range (the first digits of the number). A range is held while there were more
than `most` in the window, and more than `factor` times what has been usual in a window over about a day. What is over
the limit does not count as usual, so a run of pumping teaches little; when it ends, the range is free again after a
window.
"""

from __future__ import annotations

from math import exp
from typing import Final, NamedTuple

from smsgwd.model.tenant import Flood

_MEMORY_MS: Final = 86_400_000  # what was usual fades to a third in a day


class Verdict(NamedTuple):
    """Whether to hold a message, and whether that is news: the first of its range in a window (an alarm)."""

    hold: bool
    newly: bool


_PASS: Final = Verdict(False, False)
_HOLD: Final = Verdict(True, False)
_ALARM: Final = Verdict(True, True)


class _Range:
    """Counts of one range: of this window and the one before, and what is usual in one."""

    __slots__ = ("alarmed", "before", "begun", "count", "usual")

    def __init__(self, now_ms: int) -> None:
        self.begun = now_ms  # of this window
        self.count = 0
        self.before = 0
        self.usual = 0.0
        self.alarmed = -1  # when the last alarm was given; -1 = never

    def roll(self, now_ms: int, window: int, flood: Flood) -> None:
        """Windows have passed: what they had becomes part of what is usual."""
        passed = (now_ms - self.begun) // window
        kept = exp(-window / _MEMORY_MS)
        learnt = min(self.count, max(flood.most, flood.factor * self.usual))
        self.usual = self.usual * kept + learnt * (1.0 - kept)
        if passed > 1:
            self.usual *= exp(-(passed - 1) * window / _MEMORY_MS)
            self.before = 0
        else:
            self.before = self.count
        self.count = 0
        self.begun += passed * window


class FloodGuard:
    """The ranges of all tenants, at most `most_ranges`: those asked about longest ago are forgotten first.

    Pure and O(1): times are passed in, milliseconds since 1970 UTC.
    """

    __slots__ = ("_most", "_ranges")

    def __init__(self, most_ranges: int = 50_000) -> None:
        self._most = most_ranges
        self._ranges: dict[tuple[str, str], _Range] = {}  # the one asked about last is last

    def __len__(self) -> int:
        return len(self._ranges)

    def check(self, tenant: str, flood: Flood, msisdn: str, now_ms: int) -> Verdict:
        """Count a message and say whether to hold it.

        Args:
            tenant: its id.
            flood: that tenant's limits.
            msisdn: the recipient, digits with the country code first.
            now_ms: milliseconds since 1970 UTC; a clock set back does no harm.
        """
        key = (tenant, msisdn[: flood.prefix])
        ranges = self._ranges
        known = ranges.pop(key, None)
        if known is None:
            if len(ranges) >= self._most:
                del ranges[next(iter(ranges))]
            known = _Range(now_ms)
        ranges[key] = known
        window = flood.window_s * 1000
        since = now_ms - known.begun
        if since < -window:  # the clock was ahead: count from here
            known.begun, known.count, known.before, since = now_ms, 0, 0, 0
        elif since >= window:
            known.roll(now_ms, window, flood)
            since = now_ms - known.begun
        known.count += 1
        count = known.count
        if known.before and since > 0:  # the part of the window before that is less than a window ago
            count += known.before * (window - since) // window
        elif known.before:
            count += known.before
        if count <= flood.most or count <= flood.factor * known.usual:
            return _PASS
        if known.alarmed >= 0 and 0 <= now_ms - known.alarmed < window:
            return _HOLD
        known.alarmed = now_ms
        return _ALARM
