"""How a check looks at what there is beside the traffic: again and again, until only what is always wrong is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Final

from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.control import Control

_LOOKS: Final = 5
_REST_S: Final = 0.02
_MOST: Final = 100  # problems that are told
_MOST_OF_ONE: Final = 10  # of one look

#: What is wrong with each of these numbers, in words; numbers of which nothing is wrong are not in it.
Look = Callable[[Sequence[int]], Awaitable[dict[int, set[str]]]]


class Findings:
    """What a check found so far."""

    def __init__(self, ask: Asking, control: Control) -> None:
        self.ask = ask
        self.control = control
        self._problems: dict[str, None] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong: 100 at most."""
        return tuple(self._problems)[:_MOST]

    def tell(self, problems: Iterable[str]) -> None:
        """These are wrong."""
        self._problems.update(dict.fromkeys(sorted(problems)[:_MOST_OF_ONE]))

    async def look(self, look: Look, numbers: Sequence[int]) -> None:
        """Look at these. Rows and indexes are not read at one moment: what differs is looked at some more times, and
        what is wrong with it each time is told. Raises StoreUnavailable when the check is to end."""
        self.control.look()
        found = await look(numbers) if numbers else {}
        for _ in range(_LOOKS - 1):
            if not found:
                return
            await self.control.rest(_REST_S)
            again = await look(sorted(found))
            found = {number: left for number, told in found.items() if (left := told & again.get(number, set()))}
        self.tell({problem for told in found.values() for problem in told})

    async def pages(self, index: str) -> AsyncIterator[list[tuple[bytes, int]]]:
        """All members of an index with their scores."""
        after: tuple[int, bytes] | None = None
        while True:
            self.control.look()
            page = await self.ask.scored(index, "-inf", "+inf", PAGE, after=after)
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1][1], page[-1][0]

    async def scores(self, index: str, members: Sequence[bytes]) -> list[float | None]:
        """The score of each of these in an index; None = it is not there."""
        if not members:
            return []
        found = await self.ask.call("ZMSCORE", index, *members)
        return [None if score is None else float(score) for score in found]
