"""The groups of a tenant and their members: numbers, contacts or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from smsgwd.model.records import CONTACT, GROUP, MEMBER, Contact, Group, Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.northbound.book_records import (
    Query,
    Slots,
    answer,
    at_keys,
    beginning_of,
    checked_name,
    digits_in_path,
    digits_of,
    encoded,
    existing,
    page,
    time_of,
    value_of,
)
from smsgwd.northbound.book_types import (
    GroupAnswer,
    GroupFields,
    GroupList,
    Member,
    MemberList,
    MembersAnswer,
    NewGroup,
    NewMembers,
    RefusedNumber,
    Removed,
)
from smsgwd.northbound.requests import decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsgwd.ports.records import Records

_new = msgspec.json.Decoder(NewGroup)
_fields = msgspec.json.Decoder(GroupFields)
_members = msgspec.json.Decoder(NewMembers)
NOTHING = b"{}"  #: the value of a member: its key says all


class Groups:
    """The handlers."""

    def __init__(self, records: Records, now: Callable[[], int]) -> None:
        self._records = records
        self._now = now

    async def list(self, tenant: Tenant, query: Query) -> HttpResponse:
        """A page, by name."""
        found, cursor = await page(self._records, GROUP, tenant.id, query)
        return answer(200, GroupList([_shown(one) for one in found], cursor))

    async def add(self, tenant: Tenant, request: HttpRequest) -> HttpResponse:
        """A new one; 409 when there is one of that name."""
        wanted = decoded(_new, request.body)
        name = checked_name(wanted.name, "group")
        return await self._put(tenant, Group(name, wanted.comments), 201, new=True)

    async def get(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """One."""
        return answer(200, _shown(await existing(self._records, GROUP, tenant.id, slots[0], "group")))

    async def put(self, tenant: Tenant, request: HttpRequest, slots: Slots) -> HttpResponse:
        """Make or replace one; its members stay."""
        wanted = decoded(_fields, request.body)
        return await self._put(tenant, Group(checked_name(slots[0], "group"), wanted.comments), 200)

    async def drop(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """Remove one with its members; contacts stay."""
        name = slots[0]
        await existing(self._records, GROUP, tenant.id, name, "group")
        await self._records.drop(MEMBER, tenant.id, f"{name}/", beginning=True)
        return answer(200, Removed(await self._records.drop(GROUP, tenant.id, name)))

    async def _put(self, tenant: Tenant, group: Group, status: int, *, new: bool = False) -> HttpResponse:
        record = Record(GROUP, tenant.id, group.name, encoded(group), self._now())
        if not await self._records.put(GROUP, tenant.id, group.name, record.value, new=new):
            raise Refused(Refusal.EXISTS, f"there is a group {group.name!r} already")
        return answer(status, _shown(record))

    async def members(self, tenant: Tenant, slots: Slots, query: Query) -> HttpResponse:
        """A page of members, by number, with the names of those who are contacts."""
        name = slots[0]
        await existing(self._records, GROUP, tenant.id, name, "group")
        found, cursor = await page(self._records, MEMBER, tenant.id, query, f"{name}/{beginning_of(query)}")
        numbers = [one.key.rpartition("/")[2] for one in found]
        contacts = await at_keys(self._records, CONTACT, tenant.id, numbers)
        named = {number: value_of(Contact, one).name for number, one in contacts.items()}
        return answer(200, MemberList([Member(f"+{one}", named.get(one, "")) for one in numbers], cursor))

    async def add_members(self, tenant: Tenant, request: HttpRequest, slots: Slots) -> HttpResponse:
        """Put numbers in; those that are none are refused one by one."""
        name = slots[0]
        wanted = decoded(_members, request.body).numbers
        await existing(self._records, GROUP, tenant.id, name, "group")
        taken: dict[str, None] = {}
        refused: list[RefusedNumber] = []
        for number in wanted:
            try:
                taken[digits_of(tenant, number)] = None
            except Refused as error:
                refused.append(RefusedNumber(number, error.refusal.code, error.detail))
        if taken:
            await self._records.put_many(MEMBER, tenant.id, [(f"{name}/{digits}", NOTHING) for digits in taken])
        return answer(200, MembersAnswer(len(taken), refused))

    async def drop_member(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """Take a number out."""
        name, digits = slots[0], digits_in_path(tenant, slots[1])
        removed = await self._records.drop(MEMBER, tenant.id, f"{name}/{digits}")
        if not removed:
            raise Refused(Refusal.NO_SUCH, f"{digits} is not in a group {name[:64]!r}")
        return answer(200, Removed(removed))


def _shown(record: Record) -> GroupAnswer:
    group = value_of(Group, record)
    return GroupAnswer(group.name, group.comments, time_of(record.at))
