"""A tenant's messages as CSV (RFC 4180): UTF-8, comma, a header line; decimal strings and RFC 3339 times.

Texts that people wrote are guarded as in statements (`money_csv.py`). Numbers are + and digits, however their tenant
wrote them: with dashes in between a spreadsheet would subtract them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from smsgwd.model.message import MessageView
from smsgwd.model.money import format_money
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.spreadsheet import guarded
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpResponse
from smsgwd.northbound.cursor import encode_cursor
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.ports.store import MessageFilter, Store

MOST_ROWS: Final = 50_000  #: of one answer, which is held in memory whole
_PAGE: Final = 500  # read and written at a time: 5 ms, and others have their turn in between
_CURSOR: Final = "Next-Cursor"
COLUMNS: Final = (
    "id", "submission", "to", "from", "state", "parts", "encoding", "price", "currency", "submitted_at", "sent_at",
    "done_at", "error", "error_detail", "client_ref",
)  # fmt: skip


class HistoryFiles:
    """Makes files of messages: one at a time of each tenant, since they are large."""

    def __init__(self, store: Store, most_rows: int = MOST_ROWS) -> None:
        self._store = store
        self._most_rows = most_rows
        self._making: set[str] = set()

    async def csv(self, tenant: Tenant, where: MessageFilter, before: int | None) -> HttpResponse:
        """Messages newest first, those with ids below `before`; where there are more than one file holds, the header
        Next-Cursor says where the next one begins. Raises Refused(OVER_RATE) while another one is made."""
        if tenant.id in self._making:
            raise Refused(Refusal.OVER_RATE, "another file of this account is being made: ask again when it is there")
        self._making.add(tenant.id)
        try:
            return await self._made(tenant, where, before)
        finally:
            self._making.discard(tenant.id)

    async def _made(self, tenant: Tenant, where: MessageFilter, before: int | None) -> HttpResponse:
        lines = [",".join(COLUMNS) + "\r\n"]
        left = self._most_rows
        more = True
        while more and left > 0:
            wanted = min(_PAGE, left)
            # One more than wanted tells whether there is anything behind them.
            found = await self._store.messages(tenant.id, where, before, wanted + 1)
            more = len(found) > wanted
            found = found[:wanted]
            lines.append(_lines(found, tenant.currency))
            left -= len(found)
            if found:
                before = found[-1].message.id
        headers = [
            ("Content-Type", "text/csv; charset=utf-8"),
            ("Content-Disposition", 'attachment; filename="messages.csv"'),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if more and before is not None:
            headers.append((_CURSOR, encode_cursor(before)))
        return HttpResponse(200, tuple(headers), "".join(lines).encode("utf-8"))


def _lines(views: Sequence[MessageView], currency: str) -> str:
    """A line a message."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for view in views:
        message, error = view.message, view.error
        writer.writerow(
            (
                message.id,
                message.submission,
                f"+{message.msisdn}",
                guarded(message.source),
                message.state.public,
                message.parts,
                message.coding.public,
                format_money(message.price),
                currency,
                format_epoch_ms(message.submitted_at),
                "" if view.sent_at is None else format_epoch_ms(view.sent_at),
                "" if view.done_at is None else format_epoch_ms(view.done_at),
                "" if error is None else error.code,
                "" if error is None else guarded(error.detail),
                guarded(message.client_ref or ""),
            )
        )
    return out.getvalue()
