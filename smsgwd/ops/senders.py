"""`sender list`, `show`, `approve`, `refuse`, and `senderrule list`, `put`, `drop`: who may stand as the sender."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.admission.countries import is_territory
from smsgwd.model.records import SENDER, SENDER_RULE, Record, Sender, SenderRule
from smsgwd.ops.params import carried_out, flag, whole_number, word
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.telemetry import get_logger
from smsgwd.timespec import format_epoch_ms

_MOST_SHOWN: Final = 10_000
_PAGE: Final = 500
_STATES: Final = ("requested", "approved", "refused")
_ACTIONS: Final = ("allowed", "substitute", "refuse")
_TENANT = Parameter("tenant", "Whose", required=True, values="tenant")
_NAME = Parameter("name", "The sender id", required=True)
_KEY = Parameter("where", "A country such as GB, or a prefix of digits", required=True)
_decode = msgspec.json.Decoder(Sender).decode
_rule = msgspec.json.Decoder(SenderRule).decode
_log = get_logger("ops")


class Senders:
    """Commands about sender ids. `known` tells whether there is a tenant of that id."""

    def __init__(self, records: Records, clock: Clock, known: Callable[[str], bool]) -> None:
        self._records = records
        self._clock = clock
        self._known = known

    def commands(self) -> list[Command]:
        """The commands of these families."""
        return [
            Command(
                "sender",
                "list",
                "Sender ids that tenants asked for",
                self._list,
                (
                    Parameter("tenant", "Only this one's", values="tenant"),
                    Parameter("status", "requested, approved or refused; all if not given", values="|".join(_STATES)),
                    Parameter("limit", f"How many, {_MOST_SHOWN} at most; 1000 if not given"),
                ),
                examples=("sender list status=requested",),
            ),
            Command(
                "sender",
                "show",
                "One, with the details of its registration",
                self._show,
                (_TENANT, _NAME),
                examples=("sender show shop Shop",),
            ),
            Command(
                "sender",
                "approve",
                "Let a tenant send under it from now on",
                self._approve,
                (_TENANT, _NAME),
                changes=True,
                look=self._show,
                examples=("sender approve shop Shop",),
            ),
            Command(
                "sender",
                "refuse",
                "Let a tenant not send under it",
                self._refuse,
                (_TENANT, _NAME, Parameter("reason", "Why: the tenant reads it")),
                changes=True,
                look=self._show,
                examples=('sender refuse shop Police reason="not yours"',),
            ),
            Command(
                "senderrule",
                "list",
                "What senders may be in which country",
                self._rules,
                examples=("senderrule list",),
            ),
            Command(
                "senderrule",
                "put",
                "Say what senders may be in a country or under a prefix",
                self._put,
                (
                    _KEY,
                    Parameter("alphanumeric", "allowed, substitute or refuse; allowed if not given"),
                    Parameter("numeric", "allowed, substitute or refuse; allowed if not given"),
                    Parameter("substitute", "The sender in the place of one that may not be"),
                    Parameter("registered_only", "yes = only senders approved by name", values="yes"),
                ),
                changes=True,
                look=self._rule_of,
                examples=("senderrule put US alphanumeric=substitute substitute=18005550199",),
            ),
            Command(
                "senderrule",
                "drop",
                "Forget a rule",
                self._drop,
                (_KEY,),
                changes=True,
                look=self._rule_of,
                examples=("senderrule drop US",),
            ),
        ]

    # ------------------------------------------------------------------ sender ids
    def _tenant(self, params: Params) -> str:
        if not self._known(params["tenant"]):
            raise CommandError(f"there is no tenant {params['tenant']}")
        return params["tenant"]

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        tenant = self._tenant(params) if "tenant" in params else None
        status = word(params, "status", _STATES) if "status" in params else ""
        return carried_out(self._listed(tenant, status, whole_number(params, "limit", 1000, _MOST_SHOWN)))

    async def _listed(self, tenant: str | None, status: str, limit: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = ""
        while len(rows) < limit and (page := await self._records.page(SENDER, tenant, after, _PAGE)):
            for record in page:
                sender = _decode(record.value)
                if not status or sender.status == status:
                    rows.append(_shown(record, sender))
            after = page[-1].key if tenant is not None else f"{page[-1].tenant}\0{page[-1].key}"
        return rows[:limit]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._one(self._tenant(params), params["name"]))

    async def _one(self, tenant: str, name: str) -> dict[str, Any]:
        record = await self._records.get(SENDER, tenant, name)
        if record is None:
            raise CommandError(f"tenant {tenant} did not ask for the sender {name}")
        sender = _decode(record.value)
        return {**_shown(record, sender), "details": sender.details}

    def _approve(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._decided(self._tenant(params), params["name"], "approved", ""))

    def _refuse(self, params: Params) -> Deferred[dict[str, Any]]:
        reason = params.get("reason", "")
        return carried_out(self._decided(self._tenant(params), params["name"], "refused", reason))

    async def _decided(self, tenant: str, name: str, status: str, reason: str) -> dict[str, Any]:
        record = await self._records.get(SENDER, tenant, name)
        if record is None:
            raise CommandError(f"tenant {tenant} did not ask for the sender {name}")
        now = self._clock.now_ms()
        sender = msgspec.structs.replace(_decode(record.value), status=status, reason=reason, decided_at=now)
        if not await self._records.put(SENDER, tenant, name, msgspec.json.encode(sender), old=True):
            raise CommandError(f"tenant {tenant} took its request for {name} back")
        _log.info("record.changed", kind=SENDER, tenant=tenant, key=name, change=status, by="admin socket")
        return _shown(record, sender)

    # ------------------------------------------------------------------ rules of countries
    def _rules(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._all_rules())

    async def _all_rules(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = ""
        while page := await self._records.page(SENDER_RULE, "", after, _PAGE):
            rows += [_rule_shown(record.key, _rule(record.value)) for record in page]
            after = page[-1].key
        return rows

    def _rule_of(self, params: Params) -> Deferred[dict[str, Any] | None]:
        return carried_out(self._one_rule(_where(params)))

    async def _one_rule(self, where: str) -> dict[str, Any] | None:
        record = await self._records.get(SENDER_RULE, "", where)
        return None if record is None else _rule_shown(where, _rule(record.value))

    def _put(self, params: Params) -> Deferred[dict[str, Any]]:
        rule = SenderRule(
            word(params, "alphanumeric", _ACTIONS, "allowed"),
            word(params, "numeric", _ACTIONS, "allowed"),
            params.get("substitute", ""),
            flag(params, "registered_only"),
        )
        if "substitute" in (rule.alphanumeric, rule.numeric) and not rule.substitute:
            raise CommandError("substitute: say which sender takes the place of one that may not be")
        return carried_out(self._kept(_where(params), rule))

    async def _kept(self, where: str, rule: SenderRule) -> dict[str, Any]:
        await self._records.put(SENDER_RULE, "", where, msgspec.json.encode(rule))
        _log.info("record.changed", kind=SENDER_RULE, tenant="", key=where, change="put", by="admin socket")
        return _rule_shown(where, rule)

    def _drop(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._dropped(_where(params)))

    async def _dropped(self, where: str) -> dict[str, Any]:
        if not await self._records.drop(SENDER_RULE, "", where):
            raise CommandError(f"there is no sender rule for {where}")
        _log.info("record.changed", kind=SENDER_RULE, tenant="", key=where, change="drop", by="admin socket")
        return {"where": where, "dropped": True}


def _where(params: Params) -> str:
    where = params["where"].removeprefix("+")
    if not is_territory(where):
        raise CommandError("where: a country such as GB, or a prefix of digits such as 44")
    return where


def _shown(record: Record, sender: Sender) -> dict[str, Any]:
    return {
        "tenant": record.tenant,
        "name": sender.name,
        "status": sender.status,
        "requested": format_epoch_ms(sender.requested_at) if sender.requested_at else None,
        "decided": format_epoch_ms(sender.decided_at) if sender.decided_at else None,
        "reason": sender.reason,
    }


def _rule_shown(where: str, rule: SenderRule) -> dict[str, Any]:
    return {"where": where, **msgspec.to_builtins(msgspec.structs.asdict(rule))}
