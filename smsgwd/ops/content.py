"""`content list`, `put`, `drop`: patterns that no text may match."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.records import CONTENT_RULE, ContentRule
from smsgwd.ops.params import carried_out
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.records import Records
from smsgwd.telemetry import get_logger

_PAGE: Final = 500
_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NAME = Parameter("name", "The rule's name", required=True)
_decode = msgspec.json.Decoder(ContentRule).decode
_log = get_logger("ops")


class Content:
    """Commands about the gateway's rules for texts; a tenant's own are its setting `content.banned`."""

    def __init__(self, records: Records, known: Callable[[str], bool] = lambda tenant: True) -> None:
        """`known` tells whether there is a tenant of that id."""
        self._known = known
        self._records = records

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command("content", "list", "Patterns that no text may match", self._list, examples=("content list",)),
            Command(
                "content",
                "put",
                "Refuse texts that match a pattern, from the next message on",
                self._put,
                (
                    _NAME,
                    Parameter("pattern", "RE2; case does not count unless it says so", required=True),
                    Parameter("tenants", "Whose texts, with commas; everyone's if not given"),
                ),
                changes=True,
                look=self._show,
                examples=("content put lottery '(?i)you have won'",),
            ),
            Command(
                "content",
                "drop",
                "Forget a pattern",
                self._drop,
                (_NAME,),
                changes=True,
                look=self._show,
                examples=("content drop lottery",),
            ),
        ]

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._listed())

    async def _listed(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = ""
        while page := await self._records.page(CONTENT_RULE, "", after, _PAGE):
            rows += [_shown(_decode(record.value)) for record in page]
            after = page[-1].key
        return rows

    def _show(self, params: Params) -> Deferred[dict[str, Any] | None]:
        return carried_out(self._one(params["name"]))

    async def _one(self, name: str) -> dict[str, Any] | None:
        record = await self._records.get(CONTENT_RULE, "", name)
        return None if record is None else _shown(_decode(record.value))

    def _put(self, params: Params) -> Deferred[dict[str, Any]]:
        tenants = tuple(each.strip() for each in params.get("tenants", "").split(",") if each.strip())
        if not params["pattern"]:
            raise CommandError("pattern: an empty one matches every text")
        return carried_out(self._kept(ContentRule(_name(params), params["pattern"], tenants)))

    async def _kept(self, rule: ContentRule) -> dict[str, Any]:
        unknown = [tenant for tenant in rule.tenants if not self._known(tenant)]
        if unknown:
            raise CommandError(f"tenants: there is no tenant {', '.join(unknown)}")
        await self._records.put(CONTENT_RULE, "", rule.name, msgspec.json.encode(rule))
        _log.info("record.changed", kind=CONTENT_RULE, tenant="", key=rule.name, change="put", by="admin socket")
        return _shown(rule)

    def _drop(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._dropped(_name(params)))

    async def _dropped(self, name: str) -> dict[str, Any]:
        if not await self._records.drop(CONTENT_RULE, "", name):
            raise CommandError(f"there is no rule {name}")
        _log.info("record.changed", kind=CONTENT_RULE, tenant="", key=name, change="drop", by="admin socket")
        return {"name": name, "dropped": True}


def _name(params: Params) -> str:
    if _FORM.fullmatch(params["name"]) is None:
        raise CommandError("name: letters, digits, '_', '.' and '-', 64 at most")
    return params["name"]


def _shown(rule: ContentRule) -> dict[str, Any]:
    return {"name": rule.name, "pattern": rule.pattern, "tenants": ", ".join(rule.tenants) or "all"}
