"""The templates of a tenant: texts with placeholders, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from smsgwd.admission.templates import checked_template, placeholders
from smsgwd.model.records import TEMPLATE, Record, Template
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.northbound.book_records import (
    Query,
    Slots,
    answer,
    checked_name,
    encoded,
    existing,
    page,
    time_of,
    value_of,
)
from smsgwd.northbound.book_types import NewTemplate, Removed, TemplateAnswer, TemplateFields, TemplateList
from smsgwd.northbound.requests import decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsgwd.ports.records import Records

_new = msgspec.json.Decoder(NewTemplate)
_fields = msgspec.json.Decoder(TemplateFields)


class Templates:
    """The handlers."""

    def __init__(self, records: Records, now: Callable[[], int]) -> None:
        self._records = records
        self._now = now

    async def list(self, tenant: Tenant, query: Query) -> HttpResponse:
        """A page, by name."""
        found, cursor = await page(self._records, TEMPLATE, tenant.id, query)
        return answer(200, TemplateList([_shown(one) for one in found], cursor))

    async def add(self, tenant: Tenant, request: HttpRequest) -> HttpResponse:
        """A new one; 409 when there is one of that name."""
        wanted = decoded(_new, request.body)
        return await self._put(tenant, wanted.name, wanted, 201, new=True)

    async def get(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """One."""
        return answer(200, _shown(await existing(self._records, TEMPLATE, tenant.id, slots[0], "template")))

    async def put(self, tenant: Tenant, request: HttpRequest, slots: Slots) -> HttpResponse:
        """Make or replace one."""
        return await self._put(tenant, slots[0], decoded(_fields, request.body), 200)

    async def drop(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """Remove one."""
        removed = await self._records.drop(TEMPLATE, tenant.id, slots[0])
        if not removed:
            raise Refused(Refusal.NO_SUCH, f"there is no template {slots[0][:64]!r}")
        return answer(200, Removed(removed))

    async def _put(
        self, tenant: Tenant, name: str, wanted: TemplateFields, status: int, *, new: bool = False
    ) -> HttpResponse:
        checked_name(name, "template")
        checked_template(wanted.text)
        record = Record(TEMPLATE, tenant.id, name, encoded(Template(name, wanted.text, wanted.comments)), self._now())
        if not await self._records.put(TEMPLATE, tenant.id, name, record.value, new=new):
            raise Refused(Refusal.EXISTS, f"there is a template {name!r} already")
        return answer(status, _shown(record))


def _shown(record: Record) -> TemplateAnswer:
    template = value_of(Template, record)
    names = list(dict.fromkeys(placeholders(template.text)))
    return TemplateAnswer(template.name, template.text, template.comments, names, time_of(record.at))
