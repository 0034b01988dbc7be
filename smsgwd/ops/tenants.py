"""`tenant list`, `show`, `create`, `set`, `enable`, `disable`, `webhook-secret`: who may use the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import Directory
from smsgwd.config.given import LISTS, SCALARS, read_mapping, typed
from smsgwd.config.shape import fields_of
from smsgwd.config.tenants import Tenant as DeclaredTenant
from smsgwd.model.money import format_money
from smsgwd.model.tenant import Tenant
from smsgwd.ops.credentials import shown as shown_credential
from smsgwd.ops.params import carried_out
from smsgwd.ops.registry import CALLER, Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.ports.tenants import TenantDesk
from smsgwd.telemetry.redact import mask_url

_ID = Parameter("id", "The tenant's id", required=True, values="tenant")
_JSON = Parameter("json", "Options in the shape of the tenants file (docs/configuration.md), as JSON or YAML")
_KEPT: Final = ("currency", "credit")  # what a tenant is created with
_MONEY: Final = ("credit", "credit_limit", "lookup_price")
_HIDDEN: Final = ("webhook_secret", "credentials", "prices")


_IN_LEDGER: Final = {
    "credit": "a tenant is created with it; then money is booked with `ledger topup` and `ledger correct`",
    "currency": "a tenant keeps the one it was created with",
}


def _in_json() -> dict[str, str]:
    """What is said of options that are more than a word or a list of words."""
    names = [name for name in fields_of(DeclaredTenant) if name not in ("id", *SCALARS, *LISTS)]
    return {name: f"it is more than a word: json='{{\"{name}\": ...}}' (docs/configuration.md)" for name in names}


def _options(without: tuple[str, ...] = ()) -> tuple[Parameter, ...]:
    fields = fields_of(DeclaredTenant)
    words = [name for name in SCALARS if name not in ("id", *without)]
    return (
        *(Parameter(name, fields[name][0].description or "") for name in words),
        *(Parameter(name, f"{fields[name][0].description or ''} Several with commas between.") for name in LISTS),
    )


class Tenants:
    """What a tenant is told. `secrets` gives a tenant's signing secrets, the current one first, none if unknown."""

    def __init__(self, secrets: Callable[[str], tuple[str, ...]]) -> None:
        self._secrets = secrets

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "tenant",
                "webhook-secret",
                "The secret that signs a tenant's pushes (Standard Webhooks), to hand to the tenant",
                self._webhook_secret,
                (_ID,),
                changes=True,  # who had it shown stands in the audit
                role="admin",
                examples=("tenant webhook-secret shop",),
            )
        ]

    def _webhook_secret(self, params: Params) -> dict[str, str]:
        secrets = self._secrets(params["id"])
        if not secrets:
            raise CommandError(f"there is no tenant {params['id']}")
        return {"tenant": params["id"], "webhook_secret": secrets[0]}


class TenantSettings:
    """Commands about tenants and their settings."""

    def __init__(self, directory: Directory, desk: TenantDesk, store: Store, clock: Clock) -> None:
        self._directory = directory
        self._desk = desk
        self._store = store
        self._clock = clock

    def commands(self) -> list[Command]:
        """The commands of this family."""
        new = (Parameter("id", "Its id, unless that stands in `json`"), _JSON, *_options())
        settings = (_ID, _JSON, *_options(_KEPT))
        return [
            Command("tenant", "list", "All tenants with their balances", self._list, examples=("tenant list",)),
            Command(
                "tenant",
                "show",
                "One tenant's settings and credentials",
                self._show,
                (_ID,),
                examples=("tenant show shop",),
            ),
            Command(
                "tenant",
                "create",
                "Create a tenant; secrets that it makes are shown once",
                self._create,
                new,
                True,
                instead=_in_json(),
                examples=("tenant create shop credit=100.00 price=0.04 senders=*", "tenant create json=@shop.yaml"),
            ),
            Command(
                "tenant",
                "set",
                "Change settings of a tenant; the others stay",
                self._set,
                settings,
                True,
                instead=_IN_LEDGER | _in_json(),
                look=self._show,
                examples=(
                    "tenant set shop throughput=50",
                    "tenant set shop price=0.035 dlr_url=https://shop.example/dlr",
                ),
            ),
            Command(
                "tenant",
                "enable",
                "Let a tenant in again",
                self._enable,
                (_ID,),
                changes=True,
                look=self._show,
                examples=("tenant enable shop",),
            ),
            Command(
                "tenant",
                "disable",
                "Let a tenant, and those below it, in no more",
                self._disable,
                (_ID,),
                changes=True,
                look=self._show,
                examples=("tenant disable shop",),
            ),
        ]

    def _tenant(self, params: Params) -> Tenant:
        tenant = self._directory.tenant(params["id"])
        if tenant is None:
            raise CommandError(f"there is no tenant {params['id']}")
        return tenant

    # ------------------------------------------------------------------ looking
    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._listed())

    async def _listed(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for tenant in sorted(self._directory.tenants(), key=lambda each: each.id):
            funds = await self._store.funds(tenant.id)
            rows.append(
                {
                    "id": tenant.id,
                    "parent": tenant.parent,
                    "enabled": self._directory.enabled(tenant.id),
                    "currency": tenant.currency,
                    "balance": "-" if funds is None else format_money(funds.balance),
                    "reserved": "-" if funds is None else format_money(funds.reserved),
                    "lowest": "none" if funds is None or funds.floor is None else format_money(funds.floor),
                    "credentials": len(tenant.credentials),
                }
            )
        return rows

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        """Who may only look sees URLs without user and query: there tenants put their keys."""
        done = carried_out(self._shown(self._tenant(params)))
        return done if CALLER.get().may("operate") else done.addCallback(_without_keys)

    async def _shown(self, tenant: Tenant) -> dict[str, Any]:
        """All of its settings as the tenants file says them, and its money now."""
        funds = await self._store.funds(tenant.id)
        settings = {name: value for name, value in msgspec.to_builtins(tenant).items() if name not in _HIDDEN}
        for name in _MONEY:
            if settings[name] is not None:
                settings[name] = format_money(settings[name])
        if tenant.quiet is not None:
            begin, end = settings["quiet"].pop("begin"), settings["quiet"].pop("end")
            settings["quiet"] = {"hours": f"{_clock_time(begin)}-{_clock_time(end)}", **settings["quiet"]}
        if (dialects := tenant.dialects) is not None:
            settings["dialects"] = {
                "ardary": {"failures": dialects.ardary_failures, "parameters": dialects.ardary_parameters},
                "smsclub": {"base64": dialects.smsclub_base64},
            }
        now = self._clock.now_ms()
        return {
            **settings,
            "balance": None if funds is None else format_money(funds.balance),
            "reserved": None if funds is None else format_money(funds.reserved),
            "lowest_balance": "none" if funds is None or funds.floor is None else format_money(funds.floor),
            "in_use": self._directory.enabled(tenant.id),
            "children": sorted(child.id for child in self._directory.children(tenant.id)),
            "prices": {prefix or "else": format_money(price) for prefix, price in tenant.prices},
            "credentials": [shown_credential(each, now) for each in tenant.credentials],
        }

    # ------------------------------------------------------------------ changing
    def _create(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._created(_given(params)))

    async def _created(self, options: dict[str, Any]) -> dict[str, Any]:
        tenant, secrets = await self._desk.create(options)
        now = self._clock.now_ms()
        told = [{**shown_credential(each.credential, now), "secret": each.secret} for each in secrets]
        answer = {"tenant": tenant.id, "created": True, "secrets": told}
        return {**answer, "mind": "; ".join(minded)} if (minded := _minded(tenant)) else answer

    def _set(self, params: Params) -> Deferred[dict[str, Any]]:
        options = _given(params)
        options.pop("id", None)
        return carried_out(self._changed(params["id"], options))

    def _enable(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._changed(params["id"], {"enabled": True}))

    def _disable(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._changed(params["id"], {"enabled": False}))

    async def _changed(self, tenant_id: str, options: dict[str, Any]) -> dict[str, Any]:
        return await self._shown(await self._desk.change(tenant_id, options))


def _without_keys(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: mask_url(value) if name.endswith("_url") and value else value for name, value in settings.items()}


def _minded(tenant: Tenant) -> list[str]:
    """What an operator may not have meant of a tenant's money."""
    minded = []
    if tenant.credit is None and tenant.credit_limit is None:
        minded.append("postpaid without a limit: `credit` makes it prepaid, `credit_limit` says how much it may owe")
    if tenant.price_list is None and not any(price for _, price in tenant.prices):
        minded.append("its messages cost nothing: neither `price`, `prices` nor `price_list` is given")
    return minded


def _clock_time(minute: int) -> str:
    """A minute of the day as it is written in the tenants file."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _given(params: Params) -> dict[str, Any]:
    """Options of `json` and of single parameters together. CommandError for what is none."""
    singles = {name: value for name, value in params.items() if name != "json"}
    if "json" not in params:
        return typed(singles)
    try:
        options = read_mapping(params["json"])
    except ValueError as error:
        raise CommandError(f"json: {error}") from None
    twice = sorted(options.keys() & singles.keys() - {"id"})
    if twice:
        raise CommandError(f"{', '.join(twice)}: given in json and beside it")
    return {**options, **typed(singles)}
