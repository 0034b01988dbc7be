"""From one place to another, and whether all of it arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from smsgwd.store.copying.records import Copy, MessageCopy, Numbers, Sums, kind_of, pack

#: Hears how many messages are through, of how many (0 = not known).
Told = Callable[[int, int], object]


class Source(Protocol):
    """What records are read from, as often as it is asked."""

    async def count(self) -> int:
        """How many messages there are; 0 = not known."""

    def read(self) -> AsyncIterator[list[Copy]]:
        """All records, some at a time."""


class Target(Protocol):
    """What records are written to. Nothing of it is used before `finish`."""

    async def put(self, records: list[Copy]) -> None:
        """Add records."""

    async def finish(self) -> None:
        """All records were added."""

    async def abandon(self) -> None:
        """It went wrong: nothing of it shall be left."""


async def copy(source: Source, target: Target, told: Told = lambda done, total: None) -> Sums:
    """Write all records into the target; what they add up to. Raises what the two raise."""
    sums = Sums()
    total, done = await source.count(), 0
    async for page in source.read():
        await target.put(page)
        done += _add(sums, page)
        told(done, total)
    await target.finish()
    return sums


async def added_up(source: Source, told: Told = lambda done, total: None) -> Sums:
    """What all records of it add up to: compare that with the sums of what it is a copy of."""
    sums = Sums()
    total, done = await source.count(), 0
    async for page in source.read():
        done += _add(sums, page)
        told(done, total)
    return sums


def _add(sums: Sums, page: list[Copy]) -> int:
    """Add the records of a page; how many of them are messages."""
    messages = 0
    for record in page:
        if not isinstance(record, Numbers):
            sums.add(kind_of(record), pack(record))
            messages += isinstance(record, MessageCopy)
    return messages
