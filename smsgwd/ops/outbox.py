"""`outbox list`, `show` and `revive`: what tenants are owed, and another try for what was given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.model.pushes import OutboxRevive
from smsgwd.ops.params import carried_out, whole_number, word
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ops.tracing import push_rows
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.timespec import format_epoch_ms

_MOST_AT_ONCE: Final = 10_000
_MOST_SHOWN: Final = 1000
_STATUSES: Final = ("pending", "given_up", "done")
_TARGET = Parameter(
    "target", "As `outbox list` names it: @system_id, or 'tenant scheme://host'", required=True, values="target"
)


class Outbox:
    """Commands about the outbox. `look(target)` makes the pushing side look at what the store owes a target."""

    def __init__(self, store: Store, clock: Clock, look: Callable[[str], None]) -> None:
        self._store = store
        self._clock = clock
        self._look_at = look

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "outbox",
                "list",
                "What waits for which target, when the first of it is due, and what was given up",
                self._list,
                examples=("outbox list",),
            ),
            Command(
                "outbox",
                "show",
                "What waits for one target, or was given up, with the last error",
                self._show,
                (
                    _TARGET,
                    Parameter("status", "pending (if not given), given_up or done", values="pending|given_up|done"),
                    Parameter("limit", f"How many, {_MOST_SHOWN} at most; 50 if not given"),
                    Parameter("after", "Those behind this id"),
                ),
                examples=("outbox show 'shop https://shop.example'", "outbox show @shop given_up"),
            ),
            Command(
                "outbox",
                "revive",
                "Push again what was given up of one target",
                self._revive,
                (_TARGET,),
                changes=True,
                role="operate",
                look=self._look,
                examples=("outbox revive @shop",),
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

    def _show(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        status = word(params, "status", _STATUSES, "pending")
        limit = whole_number(params, "limit", 50, _MOST_SHOWN)
        return carried_out(self._shown(params["target"], status, whole_number(params, "after", 0), limit))

    async def _shown(self, target: str, status: str, after: int, limit: int) -> list[dict[str, Any]]:
        return push_rows(await self._store.pushes(target, status, after, limit))

    async def _look(self, params: Params) -> dict[str, Any]:
        """What the audit compares."""
        rows = [row for row in await self._gather() if row["target"] == params["target"]]
        return rows[0] if rows else {"target": params["target"], "pending": 0, "given_up": 0}

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
                self._look_at(target)
        return {"target": target, "revived": revived}
