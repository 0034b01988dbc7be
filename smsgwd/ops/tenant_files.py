"""`tenant export` and `tenant import`: tenants as a file in the shape of the tenants file, to keep, compare or move.

Secrets cannot be exported (they are hashes): a tenant that an import creates gets new ones, told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import yaml
from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import PASSWORD, SMPP, Directory
from smsgwd.config.given import checked_tenant, read_mapping
from smsgwd.config.policy import DAYS
from smsgwd.model.money import format_money
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Credential, EsmeSettings, Flood, Tenant
from smsgwd.ops.params import carried_out, flag
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.tenants import TenantDesk
from smsgwd.timespec import format_epoch_ms

_AS_THEY_ARE: Final = (
    "currency",
    "time_zone",
    "default_sender",
    "dlr_url",
    "enabled",
    "dlr_batch",
    "texts_d",
    "parent",
    "price_list",
    "language",
    "region",
    "strict_numbers",
    "duplicate_s",
    "link_days",
    "device_fallback",
    "throughput",
)
_LISTS: Final = ("senders", "allow", "destinations", "barred", "refunds")
_FIXED: Final = ("id", "currency", "credentials", "credit")
_PLAIN: Final = Tenant("plain")


class TenantFiles:
    """Commands about tenants as files."""

    def __init__(self, directory: Directory, desk: TenantDesk) -> None:
        self._directory = directory
        self._desk = desk

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "tenant",
                "export",
                "Tenants in the shape of the tenants file, without secrets and money",
                self._export,
                (Parameter("id", "Only this one, and those below it", values="tenant"),),
                role="operate",
                examples=("tenant export > tenants.yaml", "tenant export shop"),
            ),
            Command(
                "tenant",
                "import",
                "Create the tenants of a file that are not there, and give the others its settings",
                self._import,
                (
                    Parameter(
                        "yaml", "What `tenant export` gave, or a tenants file; yaml=@FILE reads one", required=True
                    ),
                    Parameter("dry", "yes = only tell what would be done", values="yes"),
                ),
                changes=True,
                long=True,
                hides=("yaml",),
                examples=("tenant import yaml=@tenants.yaml --dry", "tenant import yaml=@tenants.yaml"),
            ),
        ]

    # ------------------------------------------------------------------ export
    def _export(self, params: Params) -> str:
        tenants = self._below(params["id"]) if "id" in params else list(_by_level(self._directory))
        text: str = yaml.safe_dump(
            {"tenants": [options_of(tenant) for tenant in tenants]}, sort_keys=False, allow_unicode=True
        )
        return text

    def _below(self, tenant_id: str) -> list[Tenant]:
        top = self._directory.tenant(tenant_id)
        if top is None:
            raise CommandError(f"there is no tenant {tenant_id}")
        found = [top]
        for tenant in found:
            found += sorted(self._directory.children(tenant.id), key=lambda each: each.id)
        return found

    # ------------------------------------------------------------------ import
    def _import(self, params: Params) -> Deferred[dict[str, Any]]:
        try:
            data = read_mapping(params["yaml"])
        except ValueError as error:
            raise CommandError(f"yaml: {error}") from None
        rows = data.get("tenants")
        if data.keys() != {"tenants"} or not isinstance(rows, list | tuple):
            raise CommandError("yaml: a list called `tenants` is expected, and nothing else")
        given = [self._checked(place, row) for place, row in enumerate(rows)]
        return carried_out(self._imported(given, flag(params, "dry")))

    def _checked(self, place: int, row: Any) -> Mapping[str, Any]:
        """The options of one tenant, which would be taken; all are looked at before the first one is changed."""
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise CommandError(f"tenants[{place}]: must be the options of a tenant, with its id")
        known = self._directory.tenant(row["id"])
        options = dict(row)
        if known is not None:
            if "currency" in options and options["currency"] != known.currency:
                raise CommandError(f"tenant {known.id}: it keeps its currency, {known.currency}")
            options = {name: value for name, value in options.items() if name not in _FIXED}
        try:
            checked_tenant({**options, "id": row["id"], "credentials": ()})
        except ValueError as error:
            raise CommandError(f"tenant {row['id']}: {error}") from None
        return {**options, "id": row["id"]}

    async def _imported(self, given: Iterable[Mapping[str, Any]], dry: bool) -> dict[str, Any]:
        created: list[str] = []
        changed: list[str] = []
        same: list[str] = []
        secrets: list[dict[str, Any]] = []
        for options in given:
            tenant_id = options["id"]
            known = self._directory.tenant(tenant_id)
            settings = {name: value for name, value in options.items() if name != "id"}
            try:
                if known is None:
                    created.append(tenant_id)
                    if not dry:
                        _, made = await self._desk.create(options)
                        secrets += [_told(tenant_id, each.credential, each.secret) for each in made]
                elif dry or not settings:
                    (changed if settings else same).append(tenant_id)
                else:
                    now = await self._desk.change(tenant_id, settings)
                    (same if now == known else changed).append(tenant_id)
            except Refused as refused:
                done = f"; done before: {', '.join(created[:-1] + changed)}" if created[:-1] or changed else ""
                raise CommandError(f"tenant {tenant_id}: {refused.detail}{done}") from None
        return {"dry": dry, "created": created, "changed": changed, "unchanged": same, "secrets": secrets}


def _by_level(directory: Directory) -> Iterable[Tenant]:
    """All tenants, each behind its parent."""
    waiting = sorted(directory.tenants(), key=lambda each: each.id)
    placed: set[str | None] = {None}
    while waiting:
        for tenant in (ready := [each for each in waiting if each.parent in placed]):
            placed.add(tenant.id)
            yield tenant
        waiting = [each for each in waiting if each not in ready]


def options_of(tenant: Tenant) -> dict[str, Any]:
    """A tenant as options of the tenants file, those that are not as everybody has them; without secrets and money."""
    options: dict[str, Any] = {"id": tenant.id}
    for name in _AS_THEY_ARE:
        if (value := getattr(tenant, name)) != getattr(_PLAIN, name) or name == "currency":
            options[name] = value
    for name in _LISTS:
        if (value := getattr(tenant, name)) != getattr(_PLAIN, name):
            options[name] = list(value)
    if tenant.credit is not None:
        options["credit"] = "0.0000"  # it is prepaid; what it has now is in its ledger
    prices = dict(tenant.prices)
    if base := prices.pop("", 0):
        options["price"] = format_money(base)
    if prices:
        options["prices"] = {prefix: format_money(rate) for prefix, rate in prices.items()}
    if tenant.credit_limit is not None:
        options["credit_limit"] = format_money(tenant.credit_limit)
    if tenant.lookup_price:
        options["lookup_price"] = format_money(tenant.lookup_price)
    if tenant.smpp_errors:
        options["smpp_errors"] = dict(tenant.smpp_errors)
    if tenant.test_numbers:
        options["test_numbers"] = dict(tenant.test_numbers)
    if tenant.webhook_url is not None:
        options["webhook"] = {"url": tenant.webhook_url}
    if tenant.callback_url is not None or tenant.callback_style != _PLAIN.callback_style:
        options["callbacks"] = {"style": tenant.callback_style, "url": tenant.callback_url}
    options |= _policies(tenant)
    if tenant.credentials:
        options["credentials"] = [_credential(each) for each in tenant.credentials if not each.serial]
    return options


def _policies(tenant: Tenant) -> dict[str, Any]:
    """What its messages may be."""
    found: dict[str, Any] = {}
    if tenant.content is not None:
        found["content"] = msgspec.to_builtins(tenant.content)
    if (quiet := tenant.quiet) is not None:
        found["quiet"] = {
            "hours": f"{_time(quiet.begin)}-{_time(quiet.end)}",
            "days": [DAYS[day - 1] for day in quiet.days],
            "action": quiet.action,
            "time_zone": quiet.zone or None,
        }
    if tenant.flood is not None:
        found["flood"] = {name: getattr(tenant.flood, name) for name in Flood.__struct_fields__}
    if (dialects := tenant.dialects) is not None:
        found["dialects"] = {
            "ardary": {"failures": dialects.ardary_failures, "parameters": dict(dialects.ardary_parameters)},
            "smsclub": {"base64": dialects.smsclub_base64},
        }
    return found


def _credential(credential: Credential) -> dict[str, Any]:
    """How it logs in, without the secret."""
    found: dict[str, Any] = {"kind": credential.kind}
    if credential.kind == PASSWORD:
        found["username"] = credential.name
    elif credential.kind == SMPP:
        found |= {"system_id": credential.name, "max_binds": credential.max_binds}
        esme, plain = credential.esme, EsmeSettings()
        for name in ("window", "throughput", "alphabet", "receipts_by", "outbind"):
            if getattr(esme, name) != getattr(plain, name):
                found[name] = getattr(esme, name)
    if credential.expires_at is not None:
        found["expires_at"] = format_epoch_ms(credential.expires_at)
    for name in ("scopes", "allow"):
        if value := getattr(credential, name):
            found[name] = list(value)
    if credential.label:
        found["label"] = credential.label
    return found


def _told(tenant: str, credential: Credential, secret: str) -> dict[str, Any]:
    name = credential.label if credential.kind not in (PASSWORD, SMPP) else credential.name
    return {"tenant": tenant, "kind": credential.kind, "name": name, "secret": secret}


def _time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
