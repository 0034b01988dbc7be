"""`optout list`, `add` and `remove`: who does not want a tenant's messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from smsgwd.model.changes import OptOut
from smsgwd.ops.params import phone_digits, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.timespec import format_epoch_ms

_MOST_SHOWN = 10_000
_TENANT = Parameter("tenant", "Whose list", required=True, values="tenant")
_NUMBER = Parameter("number", "The person's number, country code first", required=True)


class OptOuts:
    """Commands about opt-out lists. `known` tells whether there is a tenant of that id."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        known: Callable[[str], bool],
        region: Callable[[str], str | None] = lambda tenant: None,
    ) -> None:
        """`region` tells in which country a tenant writes its numbers."""
        self._region = region
        self._store = store
        self._clock = clock
        self._known = known

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "optout",
                "list",
                "Numbers that a tenant's messages are not sent to",
                self._list,
                (
                    _TENANT,
                    Parameter("limit", f"How many, {_MOST_SHOWN} at most; 1000 if not given"),
                    Parameter("after", "Those behind this number"),
                ),
                role="operate",
                examples=("optout list shop",),
            ),
            Command(
                "optout",
                "add",
                "Put a number on the list",
                self._add,
                (_TENANT, _NUMBER),
                changes=True,
                role="operate",
                examples=("optout add shop +306912345678",),
            ),
            Command(
                "optout",
                "remove",
                "Take a number off it",
                self._remove,
                (_TENANT, _NUMBER),
                changes=True,
                examples=("optout remove shop +306912345678",),
            ),
        ]

    def _tenant(self, params: Params) -> str:
        if not self._known(params["tenant"]):
            raise CommandError(f"there is no tenant {params['tenant']}")
        return params["tenant"]

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        limit = whole_number(params, "limit", 1000, _MOST_SHOWN)
        after = params.get("after", "").lstrip("+")
        return Deferred.fromCoroutine(self._listed(self._tenant(params), after, limit))

    async def _listed(self, tenant: str, after: str, limit: int) -> list[dict[str, Any]]:
        try:
            entries = await self._store.opt_outs(tenant, after, limit)
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be read: {error}") from None
        return [{"number": entry.msisdn, "since": format_epoch_ms(entry.at), "by": entry.source} for entry in entries]

    def _add(self, params: Params) -> Deferred[dict[str, Any]]:
        return self._change(params, out=True)

    def _remove(self, params: Params) -> Deferred[dict[str, Any]]:
        return self._change(params, out=False)

    def _change(self, params: Params, *, out: bool) -> Deferred[dict[str, Any]]:
        tenant = self._tenant(params)
        number = phone_digits(params, "number", self._region(tenant))
        change = OptOut(tenant, number, out, self._clock.now_ms(), "operator")
        return Deferred.fromCoroutine(self._changed(change))

    async def _changed(self, change: OptOut) -> dict[str, Any]:
        try:
            [changed] = await self._store.commit([change])
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be written: {error}") from None
        return {"tenant": change.tenant, "number": change.msisdn, "opted_out": change.out, "changed": bool(changed)}
