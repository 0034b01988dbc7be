"""What can be asked of tenants, records, links, lookups and held messages. Every function runs in a reader thread."""

# ruff: noqa: S608 -- SQL is put together from the texts of this package only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from smsgwd.model.links import Link, LinkView
from smsgwd.model.lookups import Lookup, LookupFacts
from smsgwd.model.message import HELD, MessageView
from smsgwd.model.records import Record
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant
from smsgwd.store.embedded.beginnings import beginning_with
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.queries import VIEW, view_of

_MAX_ID: Final = (1 << 63) - 1
#: SQL: a message `m` is held. Literals, so that SQLite knows which partial indexes have them all.
HELD_ROWS: Final = f"m.state < 2 AND m.due_at >= {HELD}"
_RECORD: Final = "SELECT kind, tenant, key, value, at FROM record WHERE kind = ?"
_AT: Final = Many(
    "WITH wanted (kind, tenant, key) AS (VALUES ",
    "(?, ?, ?)",
    ") SELECT r.kind, r.tenant, r.key, r.value, r.at FROM wanted w CROSS JOIN record r"
    " ON r.kind = w.kind AND r.tenant = w.tenant AND r.key = w.key",
)
_LINK: Final = (
    "SELECT code, tenant, message, msisdn, url, made_at, expires_at, client_ref, clicks, bots, first_at, last_at"
    " FROM link"
)
_LINK_WIDTH: Final = len(Link.__struct_fields__)
_LOOKUP_COLUMNS: Final = "id, request, tenant, dest, msisdn, asked_at, done_at, price, facts, payers"
_LOOKUP: Final = f"SELECT {_LOOKUP_COLUMNS} FROM lookup"
_LOOKUP_WIDTH: Final = len(Lookup.__struct_fields__)
_tenant_of = msgspec.json.Decoder(Tenant).decode
_esme_of = msgspec.json.Decoder(EsmeSettings).decode
_facts_of = msgspec.json.Decoder(LookupFacts).decode


class CredentialExtras(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What `credential.more` holds: what most credentials do not have. See model.tenant.Credential."""

    expires_at: int | None = None
    scopes: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    label: str = ""
    created_at: int = 0
    key: str = ""


_extras_of = msgspec.json.Decoder(CredentialExtras).decode


def tenants(connection: sqlite3.Connection) -> list[Tenant]:
    """See Store.tenants."""
    credentials: dict[str, list[Credential]] = {}
    for owner, *values in connection.execute(
        "SELECT tenant, kind, name, secret_hash, max_binds, esme, serial, more FROM credential"
        " ORDER BY tenant, kind, name, serial"
    ):
        credentials.setdefault(owner, []).append(_credential(*values))
    return [
        msgspec.structs.replace(_tenant_of(record), credentials=tuple(credentials.get(name, ())))
        for name, record in connection.execute("SELECT id, record FROM tenant ORDER BY id")
    ]


def _credential(
    kind: str, name: str, secret_hash: str, max_binds: int, esme: bytes | None, serial: int, more: bytes | None
) -> Credential:
    settings = EsmeSettings() if esme is None else _esme_of(esme)
    if more is None:
        return Credential(kind, name, secret_hash, max_binds, settings, serial)
    extras = _extras_of(more)
    return Credential(
        kind,
        name,
        secret_hash,
        max_binds,
        settings,
        serial,
        extras.expires_at,
        extras.scopes,
        extras.allow,
        extras.label,
        extras.created_at,
        extras.key,
    )


# -- records -----------------------------------------------------------------------------------------------------------


def record(connection: sqlite3.Connection, kind: str, tenant: str, key: str) -> Record | None:
    """See Store.record."""
    found = connection.execute(f"{_RECORD} AND tenant = ? AND key = ?", (kind, tenant, key)).fetchone()
    return None if found is None else Record(*found)


def records(
    connection: sqlite3.Connection, kind: str, tenant: str | None, after: str, limit: int, beginning: str
) -> list[Record]:
    """See Store.records."""
    begins, bounds = beginning_with("key", beginning)
    if tenant is None:
        owner, _, key = after.partition("\0")
        where, values = "(tenant, key) > (?, ?)", [owner, key]
    else:
        where, values = "tenant = ? AND key > ?", [tenant, after]
    found = connection.execute(
        f"{_RECORD} AND {where} AND {begins} ORDER BY tenant, key LIMIT ?", (kind, *values, *bounds, limit)
    )
    return [Record(*row) for row in found]


def records_at(connection: sqlite3.Connection, kind: str, tenant: str, keys: Sequence[str]) -> list[Record]:
    """See Store.records_at."""
    values: list[Any] = []
    for key in dict.fromkeys(keys):
        values += (kind, tenant, key)
    return [Record(*row) for row in _AT.find(connection, values)]


# -- links and lookups -------------------------------------------------------------------------------------------------


def link(connection: sqlite3.Connection, code: str) -> LinkView | None:
    """See Store.link."""
    found = connection.execute(f"{_LINK} WHERE code = ?", (code,)).fetchone()
    return None if found is None else _link_view(found)


def links(
    connection: sqlite3.Connection, tenant: str, message_id: int | None, before: int, limit: int
) -> list[LinkView]:
    """See Store.links."""
    where = "tenant = ? AND message < ?"
    values: list[Any] = [tenant, min(before, _MAX_ID)]
    if message_id is not None:
        if not 0 <= message_id <= _MAX_ID:
            return []
        where, values = f"{where} AND message = ?", [*values, message_id]
    found = connection.execute(f"{_LINK} WHERE {where} ORDER BY message DESC, code LIMIT ?", (*values, limit))
    return [_link_view(row) for row in found]


def _link_view(row: tuple[Any, ...]) -> LinkView:
    return LinkView(Link(*row[:_LINK_WIDTH]), *row[_LINK_WIDTH:])


def lookups(connection: sqlite3.Connection, tenant: str, request: int) -> list[Lookup]:
    """See Store.lookups."""
    if not 0 <= request <= _MAX_ID:
        return []
    found = connection.execute(
        f"{_LOOKUP} WHERE tenant = ? AND request = ? ORDER BY id", (tenant, request)
    ).fetchall() or connection.execute(f"{_LOOKUP} WHERE id = ? AND tenant = ?", (request, tenant))
    return [_lookup(row) for row in found]


def known_networks(connection: sqlite3.Connection, after: str, limit: int) -> list[Lookup]:
    """See Store.known_networks. Of a number's rows SQLite takes the columns from the one with the maximum."""
    found = connection.execute(
        f"SELECT {_LOOKUP_COLUMNS}, max(done_at) FROM lookup INDEXED BY lookup_number"
        " WHERE state IN (10, 11) AND network != '' AND msisdn > ? GROUP BY msisdn ORDER BY msisdn LIMIT ?",
        (after, limit),
    )
    return [_lookup(row[:_LOOKUP_WIDTH]) for row in found]


def latest_lookup(connection: sqlite3.Connection, msisdn: str) -> Lookup | None:
    """See Store.latest_lookup."""
    found = connection.execute(
        f"{_LOOKUP} WHERE msisdn = ? AND state IN (10, 11) ORDER BY done_at DESC LIMIT 1", (msisdn,)
    ).fetchone()
    return None if found is None else _lookup(found)


def open_lookups(connection: sqlite3.Connection, after: int, limit: int) -> list[Lookup]:
    """See Store.open_lookups."""
    found = connection.execute(f"{_LOOKUP} WHERE state < 10 AND id > ? ORDER BY id LIMIT ?", (after, limit))
    return [_lookup(row) for row in found]


def _lookup(row: tuple[Any, ...]) -> Lookup:
    number, request, tenant, dest, msisdn, asked_at, done_at, price, facts, payers = row
    return Lookup(number, request, tenant, dest, msisdn, asked_at, done_at, price, _facts_of(facts), payers)


# -- held messages -----------------------------------------------------------------------------------------------------


def held(connection: sqlite3.Connection, tenant: str | None, after: int, limit: int) -> list[MessageView]:
    """See Store.held."""
    whose = "" if tenant is None else "AND m.tenant = ?"
    values = (after, limit) if tenant is None else (after, tenant, limit)
    found = connection.execute(
        f"{VIEW} INDEXED BY message_held_id WHERE {HELD_ROWS} AND m.id > ? {whose} ORDER BY m.id LIMIT ?", values
    )
    return [view_of(row) for row in found]
