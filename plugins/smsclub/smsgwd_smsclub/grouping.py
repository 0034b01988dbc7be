"""Which messages go in one request: all of one has the same lifetime, and no number twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from smsgwd.providers import Outbound

MOST: Final = 100  #: numbers of one request, or ids
_PIECES: Final = 10


def minutes_left(deadline_ms: int, now_ms: int, longest: int) -> int | None:
    """How long a message is valid, in minutes for SMS Club; None = until it says so.

    Rounded down to two digits, so that messages of one bulk go together: never later than the deadline, and at most a
    tenth earlier. What ends within the minute has one.
    """
    if not deadline_ms:
        return None
    minutes = min((deadline_ms - now_ms) // 60_000, longest)
    if minutes < 1:
        return 1
    step: int = 10 ** max(0, len(str(minutes)) - 2)
    return minutes // step * step


def requests(
    group: Sequence[Outbound], now_ms: int, longest: int | None
) -> Iterator[tuple[int | None, list[Outbound]]]:
    """The group in requests: lifetime in minutes (None = not told) and messages. `longest` None = it is never told.

    An answer tells messages apart by number, so none is there twice.
    """
    alike: dict[int | None, list[Outbound]] = {}
    for message in group:
        minutes = None if longest is None else minutes_left(message.deadline_ms, now_ms, longest)
        alike.setdefault(minutes, []).append(message)
    for minutes, left in alike.items():
        while left:
            some: dict[str, Outbound] = {}
            later: list[Outbound] = []
            for message in left:
                if len(some) < MOST and message.to not in some:
                    some[message.to] = message
                else:
                    later.append(message)
            yield minutes, list(some.values())
            left = later


def divided(some: Sequence[Outbound]) -> Iterator[list[Outbound]]:
    """The messages of a request that failed as a whole, in ten: the one at fault is found in a few requests, and where
    all are it takes a tenth more than one each."""
    size = max(1, -(-len(some) // _PIECES))
    for at in range(0, len(some), size):
        yield list(some[at : at + size])
