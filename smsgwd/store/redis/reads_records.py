"""What can be asked of records, links and lookups (ports.Store)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.model.links import LinkView
from smsgwd.model.lookups import Lookup
from smsgwd.model.records import Record
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.kept import NUL, beyond, link_from, lookup_from, named, record_from
from smsgwd.store.redis.keys import id8, number_of

_MAX_ID: Final = (1 << 63) - 1
_LAST: Final = b"\xff"  # above all text


async def record(ask: Asking, kind: str, tenant: str, key: str) -> Record | None:
    """See Store.record."""
    value = await ask.row(ask.keys.record(kind, tenant, key))
    return None if value is None else record_from(kind, tenant, key, value)


async def records(ask: Asking, kind: str, tenant: str | None, after: str, limit: int, beginning: str) -> list[Record]:
    """See Store.records."""
    if tenant is not None:
        return await _records_of(ask, kind, tenant, after, limit, beginning)
    if not beginning:
        return await _between(ask, kind, _behind(after.encode()), b"", limit)
    found: list[Record] = []
    owner, _, key = after.partition("\0")
    if owner or key:  # what is left of the tenant that the page before ended in
        found = await _records_of(ask, kind, owner, key, limit, beginning)
    elif first := await ask.members(ask.keys.records(kind), b"", b"", 1):
        owner = first[0].partition(NUL)[0].decode()
        found = await _records_of(ask, kind, owner, "", limit, beginning)
    while len(found) < limit:
        following = await ask.members(ask.keys.records(kind), owner.encode() + b"\1", b"", 1)
        if not following:
            break
        owner = following[0].partition(NUL)[0].decode()
        found += await _records_of(ask, kind, owner, "", limit - len(found), beginning)
    return found


async def _records_of(ask: Asking, kind: str, tenant: str, after: str, limit: int, beginning: str) -> list[Record]:
    """A tenant's."""
    low = named(tenant, beginning)
    return await _between(ask, kind, max(low, _behind(named(tenant, after))), beyond(low), limit)


def _behind(member: bytes) -> bytes:
    return member + NUL if member else b""


async def _between(ask: Asking, kind: str, low: bytes, high: bytes, limit: int) -> list[Record]:
    """Those with members from `low` to below `high`."""
    found: list[Record] = []
    while len(found) < limit:
        most = min(limit - len(found), PAGE)
        page = await ask.members(ask.keys.records(kind), low, high, most)
        names = [_name(member) for member in page]
        values = await ask.rows([ask.keys.record(kind, *name) for name in names])
        found += [
            record_from(kind, *name, value) for name, value in zip(names, values, strict=True) if value is not None
        ]
        if len(page) < most:
            break
        low = page[-1] + NUL
    return found


def _name(member: bytes) -> tuple[str, str]:
    tenant, _, key = member.decode().partition("\0")
    return tenant, key


async def records_at(ask: Asking, kind: str, tenant: str, keys: Sequence[str]) -> list[Record]:
    """See Store.records_at."""
    wanted = list(dict.fromkeys(keys))
    values = await ask.rows([ask.keys.record(kind, tenant, key) for key in wanted])
    return [
        record_from(kind, tenant, key, value) for key, value in zip(wanted, values, strict=True) if value is not None
    ]


# -- links -------------------------------------------------------------------------------------------------------------


async def link(ask: Asking, code: str) -> LinkView | None:
    """See Store.link."""
    value = await ask.row(ask.keys.link(code))
    return None if value is None else link_from(value).view(code)


async def links(ask: Asking, tenant: str, message_id: int | None, before: int, limit: int) -> list[LinkView]:
    """See Store.links."""
    end = min(before, _MAX_ID)
    if message_id is not None:
        if not 0 <= message_id < end:
            return []
        members = await ask.members(ask.keys.links(tenant), id8(message_id), id8(message_id + 1), limit)
    else:
        members = await _newest(ask, tenant, end, limit)
    codes = [member[8:].decode() for member in members]
    values = await ask.rows([ask.keys.link(code) for code in codes])
    return [link_from(value).view(code) for code, value in zip(codes, values, strict=True) if value is not None]


async def _newest(ask: Asking, tenant: str, end: int, limit: int) -> list[bytes]:
    """Members by message, the newest first, each message's by code: the last message of a page has all that fit."""
    index = ask.keys.links(tenant)
    found = await ask.members(index, b"", id8(max(0, end)), limit, newest=True)
    found.sort(key=lambda member: (-number_of(member[:8]), member))
    if len(found) == limit and limit > 0:
        last = found[-1][:8]
        rest = [member for member in found if member[:8] != last]
        return rest + await ask.members(index, last, last + _LAST, limit - len(rest))
    return found


# -- lookups -----------------------------------------------------------------------------------------------------------


async def lookups(ask: Asking, tenant: str, request: int) -> list[Lookup]:
    """See Store.lookups."""
    if not 0 <= request <= _MAX_ID:
        return []
    found: list[Lookup] = []
    low = b""
    while True:
        page = await ask.members(ask.keys.lookup_request(tenant, request), low, b"", PAGE)
        found += await _lookups(ask, page)
        if len(page) < PAGE:
            break
        low = page[-1] + NUL
    return found or [each for each in await _lookups(ask, [id8(request)]) if each.tenant == tenant]


async def _lookups(ask: Asking, members: Sequence[bytes]) -> list[Lookup]:
    numbers = [number_of(member) for member in members]
    values = await ask.rows([ask.keys.lookup(number) for number in numbers])
    return [lookup_from(number, value) for number, value in zip(numbers, values, strict=True) if value is not None]


async def known_networks(ask: Asking, after: str, limit: int) -> list[Lookup]:
    """See Store.known_networks."""
    found: list[Lookup] = []
    low = after.encode() + NUL if after else b""
    while len(found) < limit:
        most = min(limit - len(found), PAGE)
        page = await ask.members(ask.keys.lookup_networks, low, b"", most)
        newest = await ask.several([("ZREVRANGE", ask.keys.networks_of(msisdn.decode()), 0, 0) for msisdn in page])
        found += await _lookups(ask, [members[0] for members in newest if members])
        if len(page) < most:
            break
        low = page[-1] + NUL
    return found


async def latest_lookup(ask: Asking, msisdn: str) -> Lookup | None:
    """See Store.latest_lookup."""
    found = await _lookups(ask, await ask.call("ZREVRANGE", ask.keys.lookups_of(msisdn), 0, 0))
    return found[0] if found else None


async def open_lookups(ask: Asking, after: int, limit: int) -> list[Lookup]:
    """See Store.open_lookups."""
    found: list[Lookup] = []
    low = id8(after + 1)
    while len(found) < limit:
        most = min(limit - len(found), PAGE)
        page = await ask.members(ask.keys.lookups_open, low, b"", most)
        found += await _lookups(ask, page)
        if len(page) < most:
            break
        low = page[-1] + NUL
    return found
