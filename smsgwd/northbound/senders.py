"""The senders of a tenant: what it may send under, and what it asks for. An operator approves or refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from smsgwd.admission.senders import sender_of
from smsgwd.model.records import SENDER, Record, Sender
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.northbound.book_records import Query, Slots, answer, encoded, existing, page, time_of, value_of
from smsgwd.northbound.book_types import MAX_NAME, NewSender, Removed, SenderAnswer, SenderList
from smsgwd.northbound.requests import decoded

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from smsgwd.ports.records import Records

_new = msgspec.json.Decoder(NewSender)


class Senders:
    """The handlers."""

    def __init__(self, records: Records, now: Callable[[], int]) -> None:
        self._records = records
        self._now = now

    async def list(self, tenant: Tenant, query: Query) -> HttpResponse:
        """What the account may send under, and a page of what it asked for."""
        found, cursor = await page(self._records, SENDER, tenant.id, query)
        shown = [_shown(value_of(Sender, one)) for one in found]
        return answer(200, SenderList(list(tenant.senders), tenant.default_sender, shown, cursor))

    async def add(self, tenant: Tenant, request: HttpRequest) -> HttpResponse:
        """Ask for one; 409 when it was asked for."""
        wanted = decoded(_new, request.body)
        name = sender_of(wanted.name, None, ("*",))
        if any(not 0 < len(key) <= MAX_NAME for key in wanted.details):
            raise Refused(Refusal.INVALID, f"details: a name has 1 to {MAX_NAME} characters")
        sender = Sender(name, details=wanted.details, requested_at=self._now())
        if not await self._records.put(SENDER, tenant.id, name, encoded(sender), new=True):
            raise Refused(Refusal.EXISTS, f"{name!r} was asked for already")
        return answer(201, _shown(sender))

    async def drop(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """Take a request back, or forget one that was refused; 409 for one that is approved."""
        record: Record = await existing(self._records, SENDER, tenant.id, slots[0], "sender")
        if value_of(Sender, record).status == "approved":
            raise Refused(Refusal.TOO_LATE, "it is approved: ask the operator to remove it")
        return answer(200, Removed(await self._records.drop(SENDER, tenant.id, record.key)))


def _shown(sender: Sender) -> SenderAnswer:
    return SenderAnswer(
        sender.name,
        cast("Literal['requested', 'approved', 'refused']", sender.status),
        sender.details,
        sender.reason,
        time_of(sender.requested_at),
        time_of(sender.decided_at) if sender.decided_at else None,
    )
