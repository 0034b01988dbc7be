"""How queries ask the server: on the reactor, each a command with a Deferred."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, FirstError, gatherResults

from smsgwd.store.archive.threaded import Archive
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.program import Arg
from smsgwd.store.redis.tx import STAMP

#: A page of a long walk: rows asked for at once.
PAGE = 500


class Asking:
    """Commands that read. Fail with StoreUnavailable (see RedisStore) while the server cannot be asked."""

    def __init__(self, keys: Keys, call: Callable[..., Deferred[Any]]) -> None:
        self.keys = keys
        self.archive: Archive | None = None  #: what has ended may be there
        self.call = call

    async def several(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """The replies to commands that are sent at once, in their order."""
        try:
            return list(await gatherResults([self.call(*each) for each in commands], consumeErrors=True))
        except FirstError as error:
            raise error.subFailure.value from None  # type: ignore[misc]

    async def row(self, key: str) -> bytes | None:
        """A row without its stamp, or None."""
        value = await self.call("GET", key)
        return None if value is None else value[STAMP:]

    async def rows(self, keys: Sequence[str]) -> list[bytes | None]:
        """Rows without their stamps, in this order, None for each that is not there."""
        found: list[bytes | None] = []
        for at in range(0, len(keys), PAGE):
            values = await self.call("MGET", *keys[at : at + PAGE])
            found += [None if value is None else value[STAMP:] for value in values]
        return found

    async def members(self, index: str, low: bytes, high: bytes, limit: int, *, newest: bool = False) -> list[bytes]:
        """Members of an index without scores, from `low` to below `high` (b'' = to the end), in their order or the
        other way round, `limit` at most."""
        ends: tuple[Arg, Arg] = (b"[" + low, b"(" + high if high else b"+")
        if newest:
            found = await self.call("ZREVRANGEBYLEX", index, ends[1], ends[0], "LIMIT", 0, limit)
        else:
            found = await self.call("ZRANGEBYLEX", index, *ends, "LIMIT", 0, limit)
        return list(found)

    async def scored(
        self,
        index: str,
        low: Arg,
        high: Arg,
        limit: int,
        *,
        after: tuple[int, bytes] | None = None,
        newest: bool = False,
    ) -> list[tuple[bytes, int]]:
        """Members with their scores (whole numbers) by score and member, from `low` to `high` ('(' before a bound
        leaves it out, '-inf', '+inf'), `limit` at most; with `after` those behind this (score, member), whatever `low`
        is; `newest`: the other way round (without `after`)."""
        if after is not None:
            score, member = after
            page = await self.call("FCALL_RO", "smsgwd_behind", 1, index, score, member, high, limit)
        elif newest:
            page = await self.call("ZREVRANGEBYSCORE", index, high, low, "WITHSCORES", "LIMIT", 0, limit)
        else:
            page = await self.call("ZRANGEBYSCORE", index, low, high, "WITHSCORES", "LIMIT", 0, limit)
        return [(member, int(float(score))) for member, score in zip(page[::2], page[1::2], strict=True)]

    async def count(self, index: str, low: Arg = "-inf", high: Arg = "+inf") -> int:
        """How many members have scores between these."""
        return int(await self.call("ZCOUNT", index, low, high))
