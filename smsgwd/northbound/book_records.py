"""What the address book's handlers share: keys and values of records, pages of them, answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from smsgwd.admission.numbers import msisdn
from smsgwd.model.records import Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpResponse, json_response
from smsgwd.northbound.book_types import NAME_PATTERN
from smsgwd.northbound.cursor import decode_key_cursor, encode_key_cursor
from smsgwd.northbound.route import limit_of
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.ports.records import Records

Query = dict[str, list[str]]
Slots = tuple[str, ...]
T = TypeVar("T")

PAGE = 1000  #: records read at once where all are wanted
_encode = msgspec.json.Encoder().encode
_name = re.compile(NAME_PATTERN.removesuffix("$") + r"\Z")
_digits = re.compile(r"(?:\+|00)?([0-9]{0,15})\Z", re.ASCII)


def answer(status: int, what: Any) -> HttpResponse:
    """A struct as JSON."""
    return json_response(status, _encode(what))


def value_of(kind: type[T], record: Record) -> T:
    """The value of a record."""
    return msgspec.json.decode(record.value, type=kind)


def encoded(value: Any) -> bytes:
    """A value as records keep it."""
    return _encode(value)


def time_of(ms: int) -> str:
    """Milliseconds since 1970 as answers show them."""
    return format_epoch_ms(ms)


def digits_of(tenant: Tenant, written: str) -> str:
    """The digits of a number as a tenant writes it. Raises Refused(INVALID_RECIPIENT)."""
    return msisdn(written, tenant.region)


def digits_in_path(tenant: Tenant, written: str) -> str:
    """The same for a number in a path: what is no number is not there. Raises Refused(NO_SUCH)."""
    try:
        return digits_of(tenant, written)
    except Refused as refused:
        raise Refused(Refusal.NO_SUCH, refused.detail) from None


def checked_name(name: str, what: str) -> str:
    """A name that can be a key and a segment of a path. Raises Refused(INVALID)."""
    if _name.match(name) is None:
        raise Refused(Refusal.INVALID, f"the name of a {what} has 1 to 64 characters, no slash, and begins with no dot")
    return name


def beginning_of(query: Query) -> str:
    """The digits that `q` asks numbers to begin with. Raises Refused(INVALID)."""
    written = query.get("q", [""])[0].strip()  # a + that was not written as %2B has become a blank
    found = _digits.match(written)
    if found is None:
        raise Refused(Refusal.INVALID, "q: the beginning of a number is expected, up to 15 digits")
    return found[1]


def after_of(query: Query) -> str:
    """The key a page begins behind. Raises Refused(INVALID)."""
    return decode_key_cursor(query["cursor"][0]) if "cursor" in query else ""


async def page(
    records: Records, kind: str, tenant: str, query: Query, beginning: str = ""
) -> tuple[list[Record], str | None]:
    """A page as a query asks for it, and the cursor of the next. Raises Refused(INVALID)."""
    after, limit = after_of(query), limit_of(query)
    # One more than asked for tells whether there is a next page.
    found = await records.page(kind, tenant, after, limit + 1, beginning=beginning)
    cursor = encode_key_cursor(found[limit - 1].key) if len(found) > limit else None
    return found[:limit], cursor


async def at_keys(records: Records, kind: str, tenant: str, keys: list[str]) -> dict[str, Record]:
    """Records by key, any number of them."""
    found: dict[str, Record] = {}
    for place in range(0, len(keys), PAGE):
        found.update((one.key, one) for one in await records.at(kind, tenant, keys[place : place + PAGE]))
    return found


async def existing(records: Records, kind: str, tenant: str, key: str, what: str) -> Record:
    """A record. Raises Refused(NO_SUCH)."""
    found = await records.get(kind, tenant, key) if len(key) <= 200 else None
    if found is None:
        raise Refused(Refusal.NO_SUCH, f"there is no {what} {key[:64]!r}")
    return found
