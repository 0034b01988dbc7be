"""A move between two stores, made of their sections: connected, and looked at for gateways that work there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smsgwd.app.move_file import Move as Told
from smsgwd.app.move_file import section_of
from smsgwd.config.model.store import EmbeddedStore
from smsgwd.config.model.store import RedisStore as RedisSection
from smsgwd.store.copying.moving import Move, NotMoved

if TYPE_CHECKING:
    from smsgwd.store.redis.store import RedisStore

_FSYNC_MS: Final = 60_000


@asynccontextmanager
async def connected(section: RedisSection, reactor: Any) -> AsyncIterator[RedisStore]:
    """A store that is connected and not open: it writes nothing by itself. Raises what connecting raises (ValueError,
    store.redis.errors)."""
    from smsgwd.app.storing import redis_store

    store = redis_store(section, "", reactor, {"keep_finals": True})
    await store.server.connect()
    try:
        yield store
    finally:
        await store.server.close()


async def live_nodes(store: RedisStore) -> list[str]:
    """Names of the gateways that work on a store, sorted."""
    from smsgwd.store.copying.redis_out import RedisSource

    return await RedisSource(store.asking).nodes()


class Made:
    """The move that `store.move` tells of."""

    def __init__(self, move: Move, store: RedisStore, *, into_redis: bool, node: str) -> None:
        self.move = move
        self._store = store
        self._into_redis = into_redis
        self._node = node

    async def refuse_server(self) -> None:
        """Raise NotMoved where no gateway would start on the Redis store that is filled."""
        reasons = await self._store.reasons() if self._into_redis else []
        if reasons:
            raise NotMoved("; ".join(f"the server cannot be used: {each}" for each in reasons))

    async def refuse_others(self, *, last: bool = False) -> None:
        """Raise NotMoved where another gateway than the one that moves works on the Redis store, or, at the `last`
        step, that one still does."""
        live = await live_nodes(self._store)
        if not self._into_redis and not last:
            live = [name for name in live if name != self._node]
        if live:
            raise NotMoved(f"gateways work on the Redis store: stop {', '.join(live)} first")

    async def abandon(self) -> None:
        """Nothing of the target is left, where it is a piece: what was there before is not touched."""
        if self._into_redis:
            from smsgwd.store.copying.redis_out import RedisSource

            if not await RedisSource(self._store.asking).unfinished():
                return
            await self.refuse_others()
        await self.move.abandon()


@asynccontextmanager
async def made(told: Told, directory: Path, reactor: Any) -> AsyncIterator[Made]:
    """The move between the stores of a data directory. Raises NotMoved, and what the stores raise."""
    source, target = section_of(told.source), section_of(told.target)
    if isinstance(source, EmbeddedStore) and isinstance(target, RedisSection):
        from smsgwd.store.copying.to_redis import EmbeddedToRedis

        async with connected(target, reactor) as store:
            fsync_ms = _FSYNC_MS if target.durability == "strict" else 0
            yield Made(EmbeddedToRedis(directory, store, fsync_ms=fsync_ms), store, into_redis=True, node=told.node)
        return
    if isinstance(source, RedisSection) and isinstance(target, EmbeddedStore):
        from smsgwd.store.copying.to_embedded import RedisToEmbedded

        async with connected(source, reactor) as store:
            yield Made(RedisToEmbedded(store, directory), store, into_redis=False, node=told.node)
        return
    raise NotMoved("a store is moved into one of the other kind")


def reason(error: BaseException) -> str | None:
    """What went wrong between two stores, in a line of text for operators; None for what is a bug."""
    import sqlite3

    from smsgwd.store.writer import CannotOpen

    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    known = isinstance(error, NotMoved | CannotOpen | ValueError | OSError | sqlite3.Error)
    # The Redis store's own are imported only where it is meant.
    if known or type(error).__module__.startswith("smsgwd.store.redis."):
        return " ".join(str(error).split()) or type(error).__name__
    return None
