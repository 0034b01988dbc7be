"""`credit show`, `add`, `set`: how much a tenant can spend. Where its money went is told by `ledger`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from smsgwd.model.money import format_money
from smsgwd.model.tenant import Tenant
from smsgwd.ops.ledger import Ledger
from smsgwd.ops.params import amount, carried_out
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.store import Store
from smsgwd.ports.tenants import TenantDesk

_TENANT = Parameter("tenant", "Whose", required=True, values="tenant")


class Credit:
    """Commands about what tenants can spend; payments are booked by `ledger`."""

    def __init__(self, store: Store, desk: TenantDesk, ledger: Ledger, tenants: Callable[[str], Tenant | None]) -> None:
        self._store = store
        self._desk = desk
        self._ledger = ledger
        self._tenants = tenants

    def commands(self) -> list[Command]:
        """The commands of this family."""
        more = (Parameter("reference", "The payment's: booked once"), Parameter("note", "What for"))
        return [
            Command(
                "credit",
                "show",
                "What a tenant has, what is reserved for its messages on the way, how far it may go",
                self._show,
                (_TENANT,),
                examples=("credit show shop",),
            ),
            Command(
                "credit",
                "add",
                "Book a payment (as `ledger topup`)",
                self._ledger.topup,
                (_TENANT, Parameter("amount", "Such as 100.00", required=True), *more),
                changes=True,
                look=self._show,
                examples=("credit add shop 100.00 reference=INV-17",),
            ),
            Command(
                "credit",
                "set",
                "How far below nothing a tenant may go",
                self._set,
                (_TENANT, Parameter("limit", "Such as 50.00; `none` for the usual", required=True)),
                changes=True,
                look=self._show,
                examples=("credit set shop limit=50.00",),
            ),
        ]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        tenant = self._tenants(params["tenant"])
        if tenant is None:
            raise CommandError(f"there is no tenant {params['tenant']}")
        return carried_out(self._shown(tenant))

    async def _shown(self, tenant: Tenant) -> dict[str, Any]:
        funds = await self._store.funds(tenant.id)
        if funds is None:
            raise CommandError(f"there is no tenant {tenant.id}")
        return {
            "tenant": tenant.id,
            "currency": tenant.currency,
            "balance": format_money(funds.balance),
            "reserved": format_money(funds.reserved),
            "may_spend": "without limit" if funds.floor is None else format_money(funds.balance - funds.floor),
            "limit": None if tenant.credit_limit is None else format_money(tenant.credit_limit),
        }

    def _set(self, params: Params) -> Deferred[dict[str, Any]]:
        limit = None if params["limit"] == "none" else format_money(amount(params, "limit"))
        return carried_out(self._changed(params["tenant"], limit))

    async def _changed(self, tenant: str, limit: str | None) -> dict[str, Any]:
        return await self._shown(await self._desk.change(tenant, {"credit_limit": limit}))
