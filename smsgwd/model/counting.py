"""What a tenant's messages of a span of time come to, counted by groups: what statistics are made of.

How long deliveries took is counted in classes, whose bounds lie a quarter to a half apart: enough for a plot, and it
adds up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

import msgspec

#: What messages may be grouped by: nothing, their sender, the first digits of the recipient.
NOTHING: Final = ""
SENDER: Final = "sender"
RANGE: Final = "range"
#: Digits that a country is found by.
RANGE_DIGITS: Final = 8

#: Upper bounds of the classes, in ms. What took longer than the last is in one more.
BOUNDS_MS: Final = (
    500, 750, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 12_000, 15_000, 20_000, 25_000,
    30_000, 40_000, 50_000, 60_000, 90_000, 120_000, 180_000, 240_000, 300_000, 450_000, 600_000, 900_000, 1_800_000,
    3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000, 172_800_000, 345_600_000,
)  # fmt: skip
#: Classes of what was not delivered: no carrier took it whole; one did.
UNSENT: Final = -2
SENT: Final = -1


class SpanRow(msgspec.Struct, frozen=True, gc=False):
    """How many messages of one group there are."""

    key: str  #: the sender, or the first digits; '' where they are grouped by nothing
    state: int  #: `model.message.State`
    time: int  #: UNSENT or SENT; of delivered ones the class of how long that took, from 0
    messages: int
    parts: int
    price: int  #: micro-units, of all of them together


class SpanPage(msgspec.Struct, frozen=True, gc=False):
    """Some of a span's messages, counted. `after`: go on behind this id; None = that were all."""

    rows: tuple[SpanRow, ...]
    after: int | None


def class_of(took_ms: int) -> int:
    """The class of how long a delivery took."""
    return bisect_left(BOUNDS_MS, took_ms)


def seconds_at(classes: Iterable[tuple[int, int]], share: float) -> float | None:
    """Within how many seconds a share (0.5 the median) of deliveries was made, by (class, messages); None without any.

    Within a class they are taken to be spread evenly. Of the last class nothing is known but where it begins.
    """
    counts: dict[int, int] = {}
    for number, messages in classes:
        counts[number] = counts.get(number, 0) + messages
    rank = share * sum(counts.values())
    if not counts:
        return None
    before = 0
    low = high = BOUNDS_MS[-1]
    for number in sorted(counts):
        low = BOUNDS_MS[number - 1] if number else 0
        high = BOUNDS_MS[number] if number < len(BOUNDS_MS) else low
        if before + counts[number] >= rank:
            return (low + (high - low) * (rank - before) / counts[number]) / 1000
        before += counts[number]
    return high / 1000
