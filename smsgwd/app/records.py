"""Records over the store: checked before they are kept, and in effect before a change is told as done."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred, DeferredLock, fail

from smsgwd.model.business import DropRecord, PutRecord
from smsgwd.model.changes import Change, Result
from smsgwd.model.records import KINDS, LARGEST_VALUE, LONGEST_KEY, Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable

#: Told of a change before it is made: kind, tenant, rows of (key, value; None = dropped). Raises Refused(INVALID) when
#: what is compiled from such records could not be. Not asked of a drop of many, which are only fewer then.
#: Where that takes long it gives a Deferred that fails so instead.
Before = Callable[[str, str, list[tuple[str, bytes | None]]], "Deferred[None] | None"]

#: Told of a change of records of a kind and tenant once it is durable; what it gives is waited for.
After = Callable[[str, str], "Deferred[None] | None"]

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class StoredRecords:
    """Implements `ports.records.Records`. One change at a time: what `before` saw still holds when it is committed."""

    def __init__(self, store: Store, clock: Clock, *, before: Before | None = None, after: After | None = None) -> None:
        self._store = store
        self._clock = clock
        self._before = before
        self._after = after
        self._lock = DeferredLock()

    # -- reading ---------------------------------------------------------------------------------------------------

    def get(self, kind: str, tenant: str, key: str) -> Deferred[Record | None]:
        """See `Records.get`."""
        return self._store.record(kind, tenant, key)

    def page(
        self, kind: str, tenant: str | None, after: str, limit: int, *, beginning: str = ""
    ) -> Deferred[list[Record]]:
        """See `Records.page`."""
        return self._store.records(kind, tenant, after, limit, beginning=beginning)

    def at(self, kind: str, tenant: str, keys: Sequence[str]) -> Deferred[list[Record]]:
        """See `Records.at`."""
        return self._store.records_at(kind, tenant, keys)

    # -- changing --------------------------------------------------------------------------------------------------

    def put(
        self, kind: str, tenant: str, key: str, value: bytes, *, new: bool = False, old: bool = False
    ) -> Deferred[bool]:
        """See `Records.put`."""
        try:
            _check(kind, [(key, value)])
        except Refused as refused:
            return fail(refused)
        return self._lock.run(lambda: Deferred.fromCoroutine(self._put(kind, tenant, key, value, new, old)))

    def put_many(
        self, kind: str, tenant: str, rows: list[tuple[str, bytes]], *, dropped: Sequence[str] = ()
    ) -> Deferred[None]:
        """See `Records.put_many`. Rows are committed together, so this is for some thousands at most."""
        try:
            _check(kind, rows)
        except Refused as refused:
            return fail(refused)
        return self._lock.run(lambda: Deferred.fromCoroutine(self._put_many(kind, tenant, rows, dropped)))

    def drop(self, kind: str, tenant: str, key: str, *, beginning: bool = False) -> Deferred[int]:
        """See `Records.drop`. What begins with `key` goes in one commit."""
        try:
            _check(kind, ())
        except Refused as refused:
            return fail(refused)
        return self._lock.run(lambda: Deferred.fromCoroutine(self._drop(kind, tenant, key, beginning)))

    async def _put(self, kind: str, tenant: str, key: str, value: bytes, new: bool, old: bool) -> bool:
        await self._ask(kind, tenant, [(key, value)])
        record = Record(kind, tenant, key, value, self._clock.now_ms())
        [done] = await self._commit(kind, tenant, [PutRecord(record, new, old)])
        if done:
            await self._tell(kind, tenant)
        return bool(done)

    async def _put_many(self, kind: str, tenant: str, rows: list[tuple[str, bytes]], dropped: Sequence[str]) -> None:
        if not rows and not dropped:
            return
        await self._ask(kind, tenant, [*rows, *((key, None) for key in dropped)])
        now = self._clock.now_ms()
        changes: list[Change] = [DropRecord(kind, tenant, key) for key in dropped]
        puts = (PutRecord(Record(kind, tenant, key, value, now)) for key, value in rows)
        await self._commit(kind, tenant, [*changes, *puts])
        await self._tell(kind, tenant)

    async def _drop(self, kind: str, tenant: str, key: str, beginning: bool) -> int:
        if not beginning:
            await self._ask(kind, tenant, [(key, None)])
        [count] = await self._commit(kind, tenant, [DropRecord(kind, tenant, key, beginning)])
        if not isinstance(count, int):
            raise TypeError(f"a store answered {type(count).__name__} to a DropRecord")
        if count:
            await self._tell(kind, tenant)
        return count

    async def _ask(self, kind: str, tenant: str, rows: list[tuple[str, bytes | None]]) -> None:
        asked = None if self._before is None else self._before(kind, tenant, rows)
        if asked is not None:
            await asked

    async def _commit(self, kind: str, tenant: str, changes: Sequence[Change]) -> list[Result]:
        try:
            return await self._store.commit(changes)
        except StoreUnavailable:
            self._uncertain(kind, tenant)
            raise

    def _uncertain(self, kind: str, tenant: str) -> None:
        """A shared store may have written what it could not confirm: it is read when that goes again."""
        told = None if self._after is None else self._after(kind, tenant)
        if told is not None:
            told.addErrback(lambda _: None)

    async def _tell(self, kind: str, tenant: str) -> None:
        told = None if self._after is None else self._after(kind, tenant)
        if told is not None:
            await told


def _check(kind: str, rows: Sequence[tuple[str, bytes]]) -> None:
    """Raise Refused(INVALID), naming what is wrong. In pages a NUL stands between tenant and key."""
    if kind not in KINDS:
        raise Refused(Refusal.INVALID, f"there are no records of kind {kind}")
    for key, value in rows:
        if not key:
            raise Refused(Refusal.INVALID, f"a {kind} needs a name")
        if len(key) > LONGEST_KEY:
            raise Refused(Refusal.INVALID, f"the name of a {kind} has at most {LONGEST_KEY} characters")
        if _CONTROLS.search(key):
            raise Refused(Refusal.INVALID, f"the name of a {kind} has characters that no name may have")
        if len(value) > LARGEST_VALUE:
            raise Refused(Refusal.INVALID, f"{kind} {key} is larger than {LARGEST_VALUE // (1024 * 1024)} MiB")
