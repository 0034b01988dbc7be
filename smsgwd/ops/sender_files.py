"""`sender export` and `sender import`: decisions about sender ids as CSV, of all tenants or one."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.records import SENDER, Sender
from smsgwd.model.spreadsheet import guarded, unguarded
from smsgwd.ops.params import carried_out
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records

_PAGE: Final = 500
_COLUMNS: Final = ("tenant", "name", "status", "reason")
_STATES: Final = ("requested", "approved", "refused")
_MOST: Final = 100_000
_LONGEST: Final = 200  # characters of a reason
_decode = msgspec.json.Decoder(Sender).decode


class SenderFiles:
    """Commands about sender ids as files. `known` tells whether there is a tenant of that id."""

    def __init__(self, records: Records, clock: Clock, known: Callable[[str], bool]) -> None:
        self._records = records
        self._clock = clock
        self._known = known

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "sender",
                "export",
                "Sender ids with what was decided, as CSV",
                self._export,
                (Parameter("tenant", "Only this one's", values="tenant"),),
                long=True,
                examples=("sender export > senders.csv",),
            ),
            Command(
                "sender",
                "import",
                "Decide about sender ids as a CSV says; those that nobody asked for are made",
                self._import,
                (Parameter("csv", f"Columns {', '.join(_COLUMNS)}; csv=@FILE reads a file", required=True),),
                changes=True,
                long=True,
                examples=("sender import csv=@senders.csv",),
            ),
        ]

    def _export(self, params: Params) -> Deferred[str]:
        tenant = params.get("tenant")
        if tenant is not None and not self._known(tenant):
            raise CommandError(f"there is no tenant {tenant}")
        return carried_out(self._exported(tenant))

    async def _exported(self, tenant: str | None) -> str:
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(_COLUMNS)
        after = ""
        while page := await self._records.page(SENDER, tenant, after, _PAGE):
            for record in page:
                sender = _decode(record.value)
                rows.writerow((record.tenant, guarded(sender.name), sender.status, guarded(sender.reason)))
            after = page[-1].key if tenant is not None else f"{page[-1].tenant}\0{page[-1].key}"
        return text.getvalue()

    def _import(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._imported(self._rows(params["csv"])))

    def _rows(self, text: str) -> list[tuple[str, str, str, str]]:
        """The rows, all of which can be taken. CommandError naming the first that cannot."""
        try:
            lines = list(csv.reader(io.StringIO(text), strict=True))
        except csv.Error as error:
            raise CommandError(f"csv: {error}") from None
        if not lines or tuple(lines[0]) != _COLUMNS:
            raise CommandError(f"csv: the first line must be {','.join(_COLUMNS)}; csv=@FILE reads a file")
        if len(lines) > _MOST:
            raise CommandError(f"csv: more than {_MOST} rows")
        return [self._row(number, line) for number, line in enumerate(lines[1:], 2) if line]

    def _row(self, number: int, line: list[str]) -> tuple[str, str, str, str]:
        if len(line) != len(_COLUMNS):
            raise CommandError(f"csv: line {number} has {len(line)} columns, not {len(_COLUMNS)}")
        tenant, name, status, reason = line[0], unguarded(line[1]), line[2], unguarded(line[3])
        if not self._known(tenant):
            raise CommandError(f"csv: line {number}: there is no tenant {tenant}")
        if status not in _STATES:
            raise CommandError(f"csv: line {number}: status must be one of {', '.join(_STATES)}")
        if not 0 < len(name) <= 21 or not name.isprintable():
            raise CommandError(f"csv: line {number}: name must have 1 to 21 characters")
        if len(reason) > _LONGEST:
            raise CommandError(f"csv: line {number}: the reason is longer than {_LONGEST} characters")
        return tenant, name, status, reason

    async def _imported(self, rows: list[tuple[str, str, str, str]]) -> dict[str, Any]:
        made = changed = 0
        for tenant, name, status, reason in rows:
            now = self._clock.now_ms()
            record = await self._records.get(SENDER, tenant, name)
            old = None if record is None else _decode(record.value)
            if old is not None and (old.status, old.reason) == (status, reason):
                continue
            decided = 0 if status == "requested" else now
            if old is None:
                made += 1
                sender = Sender(name=name, status=status, reason=reason, requested_at=now, decided_at=decided)
            else:
                changed += 1
                sender = msgspec.structs.replace(old, status=status, reason=reason, decided_at=decided)
            await self._records.put(SENDER, tenant, name, msgspec.json.encode(sender))
        return {"rows": len(rows), "made": made, "changed": changed}
