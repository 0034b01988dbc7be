"""`audit list` and `audit show`: who changed what, and when."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.operators import AuditEntry
from smsgwd.ops.params import carried_out, flag, moment, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.store import AuditFilter, Store
from smsgwd.timespec import format_epoch_ms

_MOST: Final = 1000


class Audit:
    """Commands about what operators did."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "audit",
                "list",
                "What operators changed, newest first",
                self._list,
                (
                    Parameter("limit", f"How many, {_MOST} at most; 50 if not given"),
                    Parameter("who", "Only by this user"),
                    Parameter("noun", "Only commands of this noun", values="noun"),
                    Parameter("from", "Only from this time on (RFC 3339, or a date)"),
                    Parameter("to", "Only before this time"),
                    Parameter("failed", "yes = only what failed, or was cut off", values="yes"),
                    Parameter("before", "Older than this number of the list: the next page"),
                ),
                examples=("audit list", "audit list who=alice from=2026-11-22", "audit list noun=connector"),
            ),
            Command(
                "audit",
                "show",
                "One change whole: parameters, and what differs before and after",
                self._show,
                (Parameter("id", "Its number in the list", required=True),),
                examples=("audit show 17",),
            ),
        ]

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        where = AuditFilter(
            from_ms=moment(params, "from") or 0,
            to_ms=moment(params, "to"),
            who=params.get("who", ""),
            noun=params.get("noun", ""),
            failed=flag(params, "failed"),
        )
        before = whole_number(params, "before", 0) or None
        return carried_out(self._listed(where, before, whole_number(params, "limit", 50, _MOST)))

    async def _listed(self, where: AuditFilter, before: int | None, limit: int) -> list[dict[str, Any]]:
        return [
            {
                "id": entry.id,
                "at": format_epoch_ms(entry.at),
                "who": entry.who,
                "via": entry.via,
                "command": entry.command,
                "with": _words(entry.params),
                "outcome": entry.outcome,
            }
            for entry in await self._store.audit(where, before, limit)
        ]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._shown(whole_number(params, "id", 0)))

    async def _shown(self, number: int) -> dict[str, Any]:
        found = await self._store.audit(AuditFilter(), number + 1, 1)
        if not found or found[0].id != number:
            raise CommandError(f"there is no entry {number}; audit list tells those there are")
        entry: AuditEntry = found[0]
        return {
            "id": entry.id,
            "at": format_epoch_ms(entry.at),
            "took_ms": entry.took_ms,
            "who": entry.who,
            "role": entry.role,
            "via": entry.via,
            "address": entry.address,
            "command": entry.command,
            "parameters": msgspec.json.decode(entry.params),
            "outcome": entry.outcome,
            "detail": entry.detail,
            "before": _value(entry.before),
            "after": _value(entry.after),
        }


def _words(params: str) -> str:
    """Parameters in a line."""
    return " ".join(f"{name}={value}" for name, value in msgspec.json.decode(params, type=dict[str, str]).items())


def _value(written: str) -> Any:
    return msgspec.json.decode(written) if written else None
