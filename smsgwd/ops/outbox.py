"""`outbox list` and `outbox revive`: what tenants are owed, and another try for what was given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from smsgwd.model.pushes import OutboxRevive
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.timespec import format_epoch_ms

_MOST_AT_ONCE = 10_000


class Outbox:
    """Commands about the outbox. `look(target)` makes the pushing side look at what the store owes a target."""

    def __init__(self, store: Store, clock: Clock, look: Callable[[str], None]) -> None:
        self._store = store
        self._clock = clock
        self._look = look

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "outbox",
                "list",
                "What waits for which target, when the first of it is due, and what was given up",
                self._list,
            ),
            Command(
                "outbox",
                "revive",
                "Push again what was given up of one target",
                self._revive,
                (
                    Parameter(
                        "target", "As `outbox list` names it: @system_id, or 'tenant scheme://host'", required=True
                    ),
                ),
                changes=True,
            ),
        ]

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return Deferred.fromCoroutine(self._gather())

    async def _gather(self) -> list[dict[str, Any]]:
        try:
            esmes = await self._store.outbox_targets(esmes=True)
            urls = await self._store.outbox_targets(esmes=False)
            dead = await self._store.outbox_dead()
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be read: {error}") from None
        waiting = {owed.target: owed for owed in (*esmes, *urls)}
        return [
            {
                "target": target,
                "pending": owed.pending if (owed := waiting.get(target)) is not None else 0,
                "next_due": format_epoch_ms(owed.next_due) if owed is not None else None,
                "given_up": dead.get(target, 0),
            }
            for target in (*waiting, *(target for target in dead if target not in waiting))
        ]

    def _revive(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._revive_all(params["target"]))

    async def _revive_all(self, target: str) -> dict[str, Any]:
        revived, more = 0, True
        try:
            while more:
                (count,) = await self._store.commit([OutboxRevive(target, self._clock.now_ms(), _MOST_AT_ONCE)])
                more = count == _MOST_AT_ONCE
                revived += count if isinstance(count, int) else 0
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be written ({revived} were revived): {error}") from None
        finally:
            if revived:
                self._look(target)
        return {"target": target, "revived": revived}
