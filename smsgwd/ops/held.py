"""`held list`, `release`, `reject`: messages that flood protection stopped, for an operator to decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.model.business import Unhold
from smsgwd.model.changes import Swept
from smsgwd.model.money import format_money
from smsgwd.model.outbox import OutboxItem
from smsgwd.ops.params import carried_out, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.telemetry import get_logger
from smsgwd.timespec import format_epoch_ms

_MOST_SHOWN: Final = 10_000
_STEP: Final = 1000  # messages of one change
_WHOSE = Parameter("tenant", "Only this one's; all if not given", values="tenant")
_PREFIX = Parameter("prefix", "To numbers that begin so (digits); `all` for every number", required=True)
_log = get_logger("ops")


class Held:
    """Commands about held messages. `known` tells whether there is a tenant of that id; `wake` is told of the time at
    which messages are due; `owed` of the receipts of rejected ones."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        known: Callable[[str], bool],
        wake: Callable[[int], object],
        owed: Callable[[Sequence[OutboxItem]], object],
    ) -> None:
        self._store = store
        self._clock = clock
        self._known = known
        self._wake = wake
        self._owed = owed

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "held",
                "list",
                "Messages that wait for a decision; never their texts",
                self._list,
                (
                    _WHOSE,
                    Parameter("limit", f"How many, {_MOST_SHOWN} at most; 100 if not given"),
                    Parameter("after", "Those behind this id"),
                ),
                role="operate",
                examples=("held list tenant=shop",),
            ),
            Command(
                "held",
                "release",
                "Send them now",
                self._release,
                (_PREFIX, _WHOSE),
                changes=True,
                long=True,
                role="operate",
                look=self._look,
                examples=("held release 3069 tenant=shop", "held release all"),
            ),
            Command(
                "held",
                "reject",
                "End them, and give their money back",
                self._reject,
                (_PREFIX, _WHOSE),
                changes=True,
                long=True,
                look=self._look,
                examples=("held reject 3069 tenant=shop",),
            ),
        ]

    def _look(self, params: Params) -> Deferred[dict[str, int]]:
        """What the audit compares."""
        return carried_out(self._counted())

    async def _counted(self) -> dict[str, int]:
        counts = await self._store.counts()
        return {"held": counts.held, "scheduled": counts.scheduled}

    def _tenant(self, params: Params) -> str | None:
        tenant = params.get("tenant")
        if tenant is not None and not self._known(tenant):
            raise CommandError(f"there is no tenant {tenant}")
        return tenant

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        limit = whole_number(params, "limit", 100, _MOST_SHOWN)
        return carried_out(self._listed(self._tenant(params), whole_number(params, "after", 0), limit))

    async def _listed(self, tenant: str | None, after: int, limit: int) -> list[dict[str, Any]]:
        views = await self._store.held(tenant, after, limit)
        return [
            {
                "id": str(view.message.id),
                "tenant": view.message.tenant,
                "from": view.message.source,
                "to": view.message.msisdn,
                "parts": view.message.parts,
                "price": format_money(view.message.price),
                "submitted": format_epoch_ms(view.message.submitted_at),
                "valid_until": format_epoch_ms(view.message.deadline),
            }
            for view in views
        ]

    def _release(self, params: Params) -> Deferred[dict[str, Any]]:
        return self._decide(params, reject=False)

    def _reject(self, params: Params) -> Deferred[dict[str, Any]]:
        return self._decide(params, reject=True)

    def _decide(self, params: Params, *, reject: bool) -> Deferred[dict[str, Any]]:
        prefix = "" if params["prefix"] == "all" else params["prefix"].removeprefix("+")
        if params["prefix"] != "all" and not (prefix.isascii() and prefix.isdigit()):
            raise CommandError("prefix: digits such as 3069, or all")
        return carried_out(self._decided(self._tenant(params) or "", prefix, reject))

    async def _decided(self, tenant: str, prefix: str, reject: bool) -> dict[str, Any]:
        count, more = 0, True
        while more:
            now = self._clock.now_ms()
            [swept] = await self._store.commit([Unhold(tenant, prefix, now, reject, _STEP)])
            assert isinstance(swept, Swept)
            count, more = count + len(swept.messages), swept.more
            if swept.outbox:
                self._owed(swept.outbox)
            if swept.messages and not reject:
                self._wake(now)
        what = "rejected" if reject else "released"
        _log.info("held.decided", tenant=tenant, prefix=prefix, count=count, decision=what, by="admin socket")
        return {"tenant": tenant or "all", "prefix": prefix or "all", what: count}
