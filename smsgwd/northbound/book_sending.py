"""Requests that need the address book: sending to a group, and by a template.

A placeholder that the request gives no value for is filled from the recipient's contact: `first_name`, `last_name`,
`name`, `number`; empty where the recipient is no contact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET

from smsgwd.admission.templates import placeholders, render
from smsgwd.model.ids import MAX_BLOCK
from smsgwd.model.message import Failure
from smsgwd.model.records import CONTACT, GROUP, MEMBER, TEMPLATE, Contact, Template
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant
from smsgwd.northbound import requests
from smsgwd.northbound.book_records import PAGE, at_keys, digits_of, value_of
from smsgwd.northbound.requests import BatchMessage, MessageRequest, SendRequest

if TYPE_CHECKING:
    from smsgwd.ports.records import Records

#: The recipients, and for each its message or why there is none.
Made = tuple[list[str], list[Item | Failure]]
_FIELDS: Final = frozenset(("first_name", "last_name", "name", "number"))
_MOST_CHARACTERS: Final = 8_000_000  #: of all texts of a request: 4,000 recipients of 13 parts
_MOST: Final = MAX_BLOCK - 1  #: messages of one submission: its ids are one block


async def group_items(
    records: Records, tenant: Tenant, request: SendRequest, to: list[str], most: int, now: Callable[[], int]
) -> Made:
    """The messages of a request for one text. Raises Refused: GROUP_NOT_FOUND, TEMPLATE_NOT_FOUND, INVALID."""
    everybody = to
    if request.to_group is not UNSET:
        everybody = to + await _members(records, tenant, request.to_group, to, most)
    if not everybody:
        if request.to_group is UNSET:
            raise Refused(Refusal.INVALID, "`to` or `to_group` is needed - at `$.to`")
        raise Refused(Refusal.INVALID_RECIPIENT, "the group has no members - at `$.to_group`")
    if len(everybody) > _MOST:
        raise Refused(Refusal.INVALID, f"`to` and the group have more than {_MOST} recipients together")
    when = (tenant.time_zone, now)
    if request.template is UNSET:
        return everybody, requests.items(request, everybody, when)
    texts = await _texts(records, tenant, [request.template])
    text = texts.get(request.template)
    if text is None:
        raise _no_template(request.template)
    if not _wants_contacts(text, request):
        return everybody, requests.items(_filled(request, text, {}), everybody, when)
    contacts = await _contacts(records, tenant, everybody)
    return everybody, _bounded(_made(request, text, one, contacts, tenant, now) for one in everybody)


async def batch_items(records: Records, tenant: Tenant, wanted: Sequence[BatchMessage], now: Callable[[], int]) -> Made:
    """The messages of a batch, some of which name a template."""
    names = dict.fromkeys(one.template for one in wanted if one.template is not UNSET)
    texts = await _texts(records, tenant, list(names))
    filled = [one for one in wanted if one.template is not UNSET and _wants_contacts(texts.get(one.template, ""), one)]
    contacts = await _contacts(records, tenant, [one.to for one in filled])

    def made(one: BatchMessage) -> Item | Failure:
        if one.template is UNSET:
            return requests.item_or_failure(one, one.to, (tenant.time_zone, now))
        text = texts.get(one.template)
        if text is None:
            return requests.failure_of(_no_template(one.template))
        return _made(one, text, one.to, contacts, tenant, now)

    return [one.to for one in wanted], _bounded(map(made, wanted))


def _bounded(made: Iterable[Item | Failure]) -> list[Item | Failure]:
    """These, if their texts have a size that a gateway can hold: a small request must not become a large one."""
    found: list[Item | Failure] = []
    length = 0
    for one in made:
        length += len(one.text) if type(one) is Item else 0
        if length > _MOST_CHARACTERS:
            raise Refused(
                Refusal.INVALID, f"the texts of the request have more than {_MOST_CHARACTERS:,} characters together"
            )
        found.append(one)
    return found


async def _members(records: Records, tenant: Tenant, group: str, to: list[str], most: int) -> list[str]:
    """The members of a group that are not named in `to` as well."""
    if await records.get(GROUP, tenant.id, group) is None:
        raise Refused(Refusal.GROUP_NOT_FOUND, f"there is no group {group!r} - at `$.to_group`")
    named = {digits for one in to if (digits := _digits(tenant, one)) is not None}
    found: list[str] = []
    after, count = "", 0
    while True:
        rows = await records.page(MEMBER, tenant.id, after, PAGE, beginning=f"{group}/")
        count += len(rows)
        if count > most:
            raise Refused(Refusal.INVALID, f"the group has more than {most} members - at `$.to_group`")
        numbers = [row.key.rpartition("/")[2] for row in rows]
        found += [f"+{number}" for number in numbers if number not in named]
        if len(rows) < PAGE:
            return found
        after = rows[-1].key


async def _texts(records: Records, tenant: Tenant, names: list[str]) -> dict[str, str]:
    found = await at_keys(records, TEMPLATE, tenant.id, names)
    return {name: value_of(Template, one).text for name, one in found.items()}


async def _contacts(records: Records, tenant: Tenant, to: list[str]) -> dict[str, Contact]:
    """The contacts among recipients, by what was written."""
    digits = {one: number for one in to if (number := _digits(tenant, one)) is not None}
    found = await at_keys(records, CONTACT, tenant.id, list(dict.fromkeys(digits.values())))
    return {one: value_of(Contact, found[number]) for one, number in digits.items() if number in found}


def _wants_contacts(text: str, request: MessageRequest) -> bool:
    """True when a template has placeholders that only a contact can fill."""
    return bool(_FIELDS.intersection(placeholders(text)) - request.values.keys())


def _made(
    request: MessageRequest,
    text: str,
    to: str,
    contacts: dict[str, Contact],
    tenant: Tenant,
    now: Callable[[], int],
) -> Item | Failure:
    contact = contacts.get(to) or Contact("")
    fields = {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "name": contact.name,
        "number": to,
    }
    try:
        return requests.item(_filled(request, text, fields), to, (tenant.time_zone, now))
    except Refused as refused:
        return requests.failure_of(refused)


def _filled(request: MessageRequest, text: str, fields: dict[str, str]) -> MessageRequest:
    """The request with its text. Raises Refused(INVALID) naming a placeholder without a value."""
    return msgspec.structs.replace(request, text=render(text, {**fields, **request.values}))


def _digits(tenant: Tenant, written: str) -> str | None:
    try:
        return digits_of(tenant, written)
    except Refused:
        return None


def _no_template(name: str) -> Refused:
    return Refused(Refusal.TEMPLATE_NOT_FOUND, f"there is no template {name!r} - at `$.template`")
