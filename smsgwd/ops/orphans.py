"""`dlr orphans`, `rematch` and `drop`: receipts that no message was found for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from smsgwd.model.message import Message
from smsgwd.model.upkeep import DropOrphans, Rematch, Rematched
from smsgwd.ops.params import whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Orphan, Store, StoreUnavailable
from smsgwd.timespec import Rfc3339Error, format_epoch_ms, parse_rfc3339, to_epoch_ms

_MOST_SHOWN = 1000
# so many in one transaction, which others wait for: some 10 ms
_AT_ONCE = 250
_DROP_AT_ONCE = 2000


class Sending(Protocol):
    """What of the sending side is needed here."""

    def offer(self, messages: Sequence[Message]) -> None:
        """These are durable and QUEUED: send them when it is their turn."""
        ...


class Orphans:
    """Commands about orphaned receipts. What a rematch owes goes to `outbox`, messages to send again to `sending`."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox, sending: Sending) -> None:
        self._store = store
        self._clock = clock
        self._outbox = outbox
        self._sending = sending

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "dlr",
                "orphans",
                "Receipts that no message was found for, oldest first",
                self._list,
                (
                    Parameter("limit", f"How many, {_MOST_SHOWN} at most; 100 if not given"),
                    Parameter("after", "Those behind this id of the list"),
                ),
                examples=("dlr orphans",),
            ),
            Command(
                "dlr",
                "rematch",
                "Look for their messages again: after the form of ids of a connector was corrected",
                self._rematch,
                (Parameter("smsc_id", "Only receipts with this id"),),
                changes=True,
                long=True,
                role="operate",
                look=self._look,
                examples=("dlr rematch",),
            ),
            Command(
                "dlr",
                "drop",
                "Forget orphaned receipts",
                self._drop,
                (Parameter("before", "Those received before this time (RFC 3339), or 'all'", required=True),),
                changes=True,
                long=True,
                role="operate",
                look=self._look,
                examples=("dlr drop 2026-11-20T00:00:00Z",),
            ),
        ]

    async def _look(self, params: Params) -> dict[str, int]:
        """What the audit compares."""
        try:
            counts = await self._store.counts()
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be read: {error}") from None
        return {"parked": counts.parked, "orphans": counts.orphans}

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        limit = whole_number(params, "limit", 100, _MOST_SHOWN)
        return Deferred.fromCoroutine(self._listed(whole_number(params, "after", 0), limit))

    async def _listed(self, after: int, limit: int) -> list[dict[str, Any]]:
        try:
            return [_row(orphan) for orphan in await self._store.orphans(after, limit)]
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be read: {error}") from None

    def _rematch(self, params: Params) -> Deferred[dict[str, int]]:
        return Deferred.fromCoroutine(self._rematched(params.get("smsc_id", "")))

    async def _rematched(self, smsc_id: str) -> dict[str, int]:
        tried = applied = after = 0
        more = True
        try:
            while more:
                [result] = await self._store.commit([Rematch(after, self._clock.now_ms(), _AT_ONCE, smsc_id)])
                if not isinstance(result, Rematched):
                    raise TypeError(f"a store answered {type(result).__name__} to a Rematch")
                tried += result.tried
                applied += result.applied
                after, more = result.last, result.more
                if result.outbox:
                    self._outbox.offer(result.outbox)
                if result.resent:
                    self._sending.offer(result.resent)
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be written ({applied} were applied): {error}") from None
        return {"tried": tried, "applied": applied}

    def _drop(self, params: Params) -> Deferred[dict[str, int]]:
        return Deferred.fromCoroutine(self._dropped(self._before(params["before"])))

    def _before(self, written: str) -> int:
        if written == "all":
            return self._clock.now_ms() + 1
        try:
            return to_epoch_ms(parse_rfc3339(written))
        except Rfc3339Error as error:
            raise CommandError(f"before must be 'all' or a time such as 2026-05-28T20:26:40Z: {error}") from None

    async def _dropped(self, before: int) -> dict[str, int]:
        dropped, more = 0, True
        try:
            while more:
                [count] = await self._store.commit([DropOrphans(before, _DROP_AT_ONCE)])
                assert isinstance(count, int)
                dropped += count
                more = count >= _DROP_AT_ONCE
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be written ({dropped} were dropped): {error}") from None
        return {"dropped": dropped}


def _row(orphan: Orphan) -> dict[str, Any]:
    """What tells one from the other, but whose phone it was."""
    receipt = orphan.receipt
    return {
        "id": orphan.id,
        "received_at": format_epoch_ms(receipt.received_at),
        "connector": receipt.connector,
        "group": receipt.group,
        "smsc_id": receipt.smsc_id,
        "status": receipt.status,
        "error": receipt.error,
    }
