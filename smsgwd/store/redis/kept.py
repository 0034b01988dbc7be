"""What is no message, as the values of rows: records, links, lookups, entries of the audit.

A value is a list of its fields: new ones are appended, with defaults, so that old rows stay readable. What a row's key
tells already is not kept in it. Times are milliseconds since 1970, UTC.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import asdict, astuple

from smsgwd.model.links import Link, LinkView
from smsgwd.model.lookups import Lookup, LookupFacts, LookupState
from smsgwd.model.operators import AuditEntry
from smsgwd.model.records import Record
from smsgwd.store.redis.keys import id8

#: Between the tenant and the name in members of indexes: neither has it.
NUL: Final = b"\0"
_KNOWN: Final = (LookupState.DELIVERED, LookupState.UNDELIVERED)
_encode: Final = msgspec.msgpack.Encoder().encode


class _RecordRow(msgspec.Struct, array_like=True, gc=False):
    at: int
    value: bytes


_record_of: Final = msgspec.msgpack.Decoder(_RecordRow).decode


def pack_record(record: Record) -> bytes:
    """The value of a record."""
    return _encode(_RecordRow(record.at, record.value))


def record_from(kind: str, tenant: str, key: str, value: bytes) -> Record:
    """The record of a value."""
    row = _record_of(value)
    return Record(kind, tenant, key, row.value, row.at)


def named(tenant: str, key: str) -> bytes:
    """A member that names a tenant's own; they sort by tenant and key, as their code points do."""
    return f"{tenant}\0{key}".encode()


def beyond(beginning: bytes) -> bytes:
    """The least bytes that are greater than all text that begins with these (not empty, UTF-8)."""
    return beginning[:-1] + bytes((beginning[-1] + 1,))


class LinkRow(msgspec.Struct, array_like=True, gc=False):
    """A link and what became of it. Indexes: `kt:<tenant>`, member `link_member`; `ke`, all codes by `expires_at`."""

    tenant: str
    message: int
    msisdn: str
    url: str
    made_at: int
    expires_at: int  #: 0 = never
    client_ref: str | None = None
    clicks: int = 0
    bots: int = 0
    first_at: int | None = None
    last_at: int | None = None

    @classmethod
    def of(cls, link: Link) -> LinkRow:
        """The row of a new link."""
        return cls(link.tenant, link.message_id, link.msisdn, link.url, link.made_at, link.expires_at, link.client_ref)

    def pack(self) -> bytes:
        """Its value."""
        return _encode(self)

    def view(self, code: str) -> LinkView:
        """As queries tell it."""
        link = Link(
            code, self.tenant, self.message, self.msisdn, self.url, self.made_at, self.expires_at, self.client_ref
        )
        return LinkView(link, self.clicks, self.bots, self.first_at, self.last_at)


link_from: Final = msgspec.msgpack.Decoder(LinkRow).decode


def link_member(message: int, code: str) -> bytes:
    """The member of a link in its tenant's index."""
    return id8(message) + code.encode()


class _LookupRow(msgspec.Struct, array_like=True, gc=False):
    request: int
    tenant: str
    dest: str
    msisdn: str
    asked_at: int
    done_at: int | None
    price: int
    facts: LookupFacts
    payers: str | None = None


_lookup_of: Final = msgspec.msgpack.Decoder(_LookupRow).decode


def pack_lookup(lookup: Lookup) -> bytes:
    """The value of a lookup."""
    return _encode(_LookupRow(*astuple(lookup)[1:]))


def lookup_from(number: int, value: bytes) -> Lookup:
    """The lookup of a value."""
    return Lookup(number, *astuple(_lookup_of(value)))


def tells(lookup: Lookup) -> bool:
    """True when it says whether the number can be reached: it is among its number's (`lkn:`)."""
    return lookup.facts.state in _KNOWN and bool(lookup.msisdn)


def tells_network(lookup: Lookup) -> bool:
    """True when it says whose the number is, too (`lkw:`)."""
    facts = lookup.facts
    return tells(lookup) and bool(facts.mcc and facts.mnc)


class _AuditRow(msgspec.Struct, array_like=True, gc=False):
    at: int
    who: str
    role: str
    via: str
    address: str
    command: str
    params: str
    outcome: str
    detail: str = ""
    before: str = ""
    after: str = ""
    took_ms: int = 0


_audit_of: Final = msgspec.msgpack.Decoder(_AuditRow).decode
_AUDIT: Final = _AuditRow.__struct_fields__


def pack_audit(entry: AuditEntry) -> bytes:
    """The value of an entry of the audit."""
    return _encode(_AuditRow(*(getattr(entry, name) for name in _AUDIT)))


def audit_from(number: int, value: bytes) -> AuditEntry:
    """The entry of a value."""
    return AuditEntry(number, **asdict(_audit_of(value)))
