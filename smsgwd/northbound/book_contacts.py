"""The contacts of a tenant: made, shown, searched, changed, removed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from smsgwd.model.records import CONTACT, GROUP, MEMBER, Contact, Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.northbound.book_records import (
    PAGE,
    Query,
    Slots,
    answer,
    at_keys,
    beginning_of,
    digits_in_path,
    digits_of,
    encoded,
    existing,
    page,
    time_of,
    value_of,
)
from smsgwd.northbound.book_types import COUNTRY_PATTERN, ContactAnswer, ContactFields, ContactList, NewContact, Removed
from smsgwd.northbound.requests import decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsgwd.northbound.book_names import Names
    from smsgwd.ports.records import Records

_new = msgspec.json.Decoder(NewContact)
_fields = msgspec.json.Decoder(ContactFields)
_country = re.compile(COUNTRY_PATTERN.removesuffix("$") + r"\Z")


class Contacts:
    """The handlers. `names` hears of new contacts."""

    def __init__(self, records: Records, names: Names, now: Callable[[], int]) -> None:
        self._records = records
        self._names = names
        self._now = now

    async def list(self, tenant: Tenant, query: Query) -> HttpResponse:
        """A page, by number; with `group` of that group's members who are contacts."""
        beginning = beginning_of(query)
        if "group" not in query:
            found, cursor = await page(self._records, CONTACT, tenant.id, query, beginning)
        else:
            group = query["group"][0]
            await existing(self._records, GROUP, tenant.id, group, "group")
            members, cursor = await page(self._records, MEMBER, tenant.id, query, f"{group}/{beginning}")
            numbers = [one.key.rpartition("/")[2] for one in members]
            kept = await at_keys(self._records, CONTACT, tenant.id, numbers)
            found = [kept[number] for number in numbers if number in kept]
        return answer(200, ContactList([shown(one) for one in found], cursor))

    async def add(self, tenant: Tenant, request: HttpRequest) -> HttpResponse:
        """A new one; 409 when the number is there."""
        wanted = decoded(_new, request.body)
        digits = digits_of(tenant, wanted.number)
        return await self._put(tenant, digits, wanted.number, wanted, 201, new=True)

    async def get(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """One."""
        digits = digits_in_path(tenant, slots[0])
        return answer(200, shown(await existing(self._records, CONTACT, tenant.id, digits, "contact")))

    async def put(self, tenant: Tenant, request: HttpRequest, slots: Slots) -> HttpResponse:
        """Make or replace one: fields that are not given are empty then."""
        wanted = decoded(_fields, request.body)
        return await self._put(tenant, digits_of(tenant, slots[0]), slots[0], wanted, 200)

    async def drop(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """Remove one, from all groups too."""
        digits = digits_in_path(tenant, slots[0])
        removed = await drop_contact(self._records, tenant.id, digits)
        if not removed:
            raise Refused(Refusal.NO_SUCH, f"there is no contact {digits!r}")
        return answer(200, Removed(removed))

    async def _put(
        self, tenant: Tenant, digits: str, number: str, wanted: ContactFields, status: int, *, new: bool = False
    ) -> HttpResponse:
        contact = contact_of(number, msgspec.structs.asdict(wanted))
        record = Record(CONTACT, tenant.id, digits, encoded(contact), self._now())
        self._names.known(tenant.id)
        if not await self._records.put(CONTACT, tenant.id, digits, record.value, new=new):
            raise Refused(Refusal.EXISTS, f"there is a contact {digits!r} already")
        return answer(status, shown(record))


async def drop_contact(records: Records, tenant: str, digits: str) -> int:
    """Remove a contact, from all groups too; how many there were."""
    after, count = "", PAGE
    while count == PAGE:
        groups = [one.key for one in await records.page(GROUP, tenant, after, PAGE)]
        for key in await at_keys(records, MEMBER, tenant, [f"{group}/{digits}" for group in groups]):
            await records.drop(MEMBER, tenant, key)
        count = len(groups)
        after = groups[-1] if groups else ""
    return await records.drop(CONTACT, tenant, digits)


def contact_of(number: str, fields: dict[str, str]) -> Contact:
    """A contact of what was written about it. Raises Refused(INVALID) naming the field."""
    country = fields.get("country", "").strip()
    if _country.match(country) is None:
        raise Refused(Refusal.INVALID, "country: two capital letters are expected (ISO 3166)")
    texts = {name: fields.get(name, "") for name in ("first_name", "last_name", "email", "address", "comments")}
    if any("\0" in text for text in texts.values()):
        raise Refused(Refusal.INVALID, "a field holds U+0000")
    return Contact(number.strip(), country=country, **texts)


def shown(record: Record) -> ContactAnswer:
    """A contact as answers show it."""
    contact = value_of(Contact, record)
    return ContactAnswer(
        contact.number,
        contact.name,
        contact.first_name,
        contact.last_name,
        contact.email,
        contact.address,
        contact.country,
        contact.comments,
        time_of(record.at),
    )
