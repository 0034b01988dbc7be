"""`plan list`, `import`, `export`, `drop`: number plans, which operator has which range."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from smsgwd.model.records import NUMBER_PLAN, NumberPlanRecord
from smsgwd.model.rows_csv import TableError, format_plan_csv, parse_plan_csv
from smsgwd.net.breaks import Breaks
from smsgwd.ops.params import carried_out, not_a_table
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.records import Records
from smsgwd.telemetry import get_logger
from smsgwd.timespec import format_epoch_ms

_PAGE: Final = 20
_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NAME = Parameter("name", "The plan's name", required=True)
_decode = msgspec.json.Decoder(NumberPlanRecord).decode
_log = get_logger("ops")


class Plans:
    """Commands about number plans."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command("plan", "list", "Number plans", self._list, examples=("plan list",)),
            Command("plan", "export", "A plan as CSV", self._export, (_NAME,), examples=("plan export gr",)),
            Command(
                "plan",
                "import",
                "Keep a plan, in the place of the one of that name",
                self._import,
                (
                    _NAME,
                    Parameter(
                        "csv", "Columns prefix, country, mcc, mnc, operator; csv=@FILE reads a file", required=True
                    ),
                ),
                changes=True,
                long=True,
                look=self._show,
                examples=("plan import gr csv=@gr.csv",),
            ),
            Command(
                "plan",
                "drop",
                "Forget a plan",
                self._drop,
                (_NAME,),
                changes=True,
                look=self._show,
                examples=("plan drop gr",),
            ),
        ]

    def _show(self, params: Params) -> Deferred[dict[str, Any] | None]:
        """How large a plan is, as the audit has it."""
        return carried_out(self._one(params["name"]))

    async def _one(self, name: str) -> dict[str, Any] | None:
        record = await self._records.get(NUMBER_PLAN, "", name)
        return None if record is None else {"name": name, "bytes": len(record.value), "at": format_epoch_ms(record.at)}

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._listed())

    async def _listed(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = ""
        while page := await self._records.page(NUMBER_PLAN, "", after, _PAGE):
            rows += [
                {"name": each.key, "ranges": len(_decode(each.value).rows), "since": format_epoch_ms(each.at)}
                for each in page
            ]
            after = page[-1].key
        return rows

    def _export(self, params: Params) -> Deferred[str]:
        return carried_out(self._exported(_name(params)))

    async def _exported(self, name: str) -> str:
        record = await self._records.get(NUMBER_PLAN, "", name)
        if record is None:
            raise CommandError(f"there is no number plan {name}")
        return format_plan_csv(_decode(record.value).rows).rstrip("\r\n")

    def _import(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._imported(_name(params), params["csv"]))

    async def _imported(self, name: str, text: str) -> dict[str, Any]:
        def read() -> tuple[int, bytes]:
            rows = parse_plan_csv(text, Breaks())
            return len(rows), msgspec.json.encode(NumberPlanRecord(name, rows))

        try:
            count, value = await deferToThread(read)
        except TableError as error:
            raise not_a_table(text, error) from None
        await self._records.put(NUMBER_PLAN, "", name, value)
        _log.info("record.changed", kind=NUMBER_PLAN, tenant="", key=name, change="import", by="admin socket")
        return {"name": name, "ranges": count}

    def _drop(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._dropped(_name(params)))

    async def _dropped(self, name: str) -> dict[str, Any]:
        if not await self._records.drop(NUMBER_PLAN, "", name):
            raise CommandError(f"there is no number plan {name}")
        _log.info("record.changed", kind=NUMBER_PLAN, tenant="", key=name, change="drop", by="admin socket")
        return {"name": name, "dropped": True}


def _name(params: Params) -> str:
    if _FORM.fullmatch(params["name"]) is None:
        raise CommandError("name: letters, digits, '_', '.' and '-', 64 at most")
    return params["name"]
