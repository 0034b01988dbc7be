"""What the embedded store holds, as records: one walk over each table, as of one moment.

All of it, or the records of given keys: then each table is asked for those (`Keys`).
"""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, Final, TypeAlias

import msgspec

from smsgwd.model.links import Link, LinkView
from smsgwd.model.lookups import Lookup, LookupFacts
from smsgwd.model.operators import AuditEntry
from smsgwd.model.receipts import Receipt
from smsgwd.model.records import Record
from smsgwd.model.tally import Tally
from smsgwd.store.copying.records import (
    AnswerCopy,
    AuditCopy,
    Copy,
    EntryCopy,
    FinalCopy,
    LinkCopy,
    LookupCopy,
    MessageCopy,
    MoPartCopy,
    Numbers,
    OptOutCopy,
    ParkedCopy,
    PushCopy,
    RecordCopy,
    RefusedCopy,
    TallyCopy,
    TenantCopy,
)
from smsgwd.store.embedded.business import tenants
from smsgwd.store.embedded.columns import MESSAGE_COLUMNS, MESSAGE_WIDTH, message_from
from smsgwd.store.embedded.counts import COLUMNS as TALLY_COLUMNS
from smsgwd.store.embedded.rows import PART_COLUMNS
from smsgwd.store.rows import Answer, PartRow

PAGE: Final = 500

#: Records by kind and by what names them there (`KEYS`).
Keys: TypeAlias = Mapping[str, Sequence[tuple[Any, ...]]]
#: What names a record of each kind: columns of the table that has it.
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "tenant": ("id",),
    "tally": ("tenant",),
    "entry": ("tenant", "id"),
    "message": ("id",),
    "push": ("id",),
    "parked": ("id",),
    "answer": ("tenant", "key"),
    "refused": ("submission",),
    "record": ("kind", "tenant", "key"),
    "link": ("code",),
    "lookup": ("id",),
    "mo_part": ("grp", "source", "dest", "ref", "total", "width", "seq"),
    "opt_out": ("tenant", "msisdn"),
    "audit": ("id",),
    "final": ("seq",),
}
#: What there is one record for, by kind.
_COUNTED: Final = {
    "tenant": "tenant",
    "tally": "tally WHERE {}",
    "entry": "ledger",
    "message": "message",
    "push": "outbox",
    "parked": "parked",
    "answer": "idempotency",
    "refused": "(SELECT DISTINCT submission, tenant FROM refusal)",
    "record": "record",
    "link": "link",
    "lookup": "lookup",
    "mo_part": "mo_part",
    "opt_out": "optout",
    "audit": "audit",
    "final": "final",
}
_MESSAGES: Final = (
    f"SELECT {MESSAGE_COLUMNS}, m.seq, m.sent_at, m.done_at, m.err_code, m.err_detail, m.err_smpp, m.smsc_id,"
    " m.latency, m.push FROM message m WHERE {} ORDER BY m.id"
)
# What is about messages, in the order of messages.
_PARTS: Final = f"SELECT message, {PART_COLUMNS} FROM part WHERE {{}} ORDER BY message, part"
_EVENTS: Final = (
    "SELECT message, at, type, detail, connector, smsc_id, smpp_status, latency FROM event WHERE {}"
    " ORDER BY message, id"
)
_IDS: Final = "SELECT message, grp, id, part FROM smsc WHERE {} ORDER BY message, grp, id"
_PUSHES_OF: Final = "SELECT message, id FROM outbox WHERE message != 0 AND {} ORDER BY message, id"
_REFS: Final = "SELECT message, ref FROM client_ref WHERE {} ORDER BY message, ref"
_PUSHES: Final = (
    "SELECT id, message, target, tenant, url, type, created_at, due_at, payload, attempts, status, done_at, last_error"
    " FROM outbox WHERE {} ORDER BY id"
)
_ENTRIES: Final = (
    "SELECT id, tenant, kind, at, amount, reserved, balance, held, messages, parts, message, reference, note"
    " FROM ledger WHERE {} ORDER BY id"
)
_LINKS: Final = (
    "SELECT code, tenant, message, msisdn, url, made_at, expires_at, client_ref, clicks, bots, first_at, last_at"
    " FROM link WHERE {} ORDER BY code"
)
_LINK_WIDTH: Final = len(Link.__struct_fields__)
_LOOKUPS: Final = (
    "SELECT id, request, tenant, dest, msisdn, asked_at, done_at, price, facts, payers FROM lookup WHERE {} ORDER BY id"
)
_MO: Final = (
    "SELECT grp, source, dest, ref, total, width, seq, received_at, status, mo FROM mo_part WHERE {}"
    " ORDER BY grp, source, dest, ref & 65535, total, width, ref, seq"
)
_ANSWERS: Final = "SELECT tenant, key, digest, answer, refused, made_at FROM idempotency WHERE {} ORDER BY tenant, key"
_REFUSALS: Final = "SELECT submission, tenant, dest, code FROM refusal WHERE {} ORDER BY submission, dest"
_RECORDS: Final = "SELECT kind, tenant, key, value, at FROM record WHERE {} ORDER BY kind, tenant, key"
_OPT_OUTS: Final = "SELECT tenant, msisdn, at, source FROM optout WHERE {} ORDER BY tenant, msisdn"
_AUDIT: Final = f"SELECT {', '.join(AuditEntry.__struct_fields__)} FROM audit WHERE {{}} ORDER BY id"
_FINALS: Final = "SELECT seq, message, charged FROM final WHERE {} ORDER BY seq"
_NUMBERS: Final = (
    "SELECT max((SELECT value FROM meta WHERE key = 'outbox_ids'), coalesce((SELECT max(id) FROM outbox), 0),"
    " coalesce((SELECT max(id) FROM parked), 0)),"
    " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0),"
    " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'final'), 0),"
    " coalesce((SELECT max(id) FROM ledger), 0)"
)
_facts_of: Final = msgspec.json.Decoder(LookupFacts).decode
_receipt_of: Final = msgspec.json.Decoder(Receipt).decode
_refused_of: Final = msgspec.json.Decoder(dict[int, str]).decode


def read(connection: sqlite3.Connection, keys: Keys | None = None) -> Iterator[list[Copy]]:
    """Everything, or what there is under these keys, some records at a time, numbers last; the connection is in one
    transaction until the end. With keys it must be one that may have tables of its own. Raises sqlite3.Error."""
    wanted = _Wanted(connection, keys)
    connection.execute("BEGIN")
    try:
        records = _records(connection, wanted)
        while page := list(islice(records, PAGE)):
            yield page
    finally:
        connection.execute("ROLLBACK")


def count(connection: sqlite3.Connection) -> int:
    """How many messages there are."""
    (found,) = connection.execute("SELECT count(*) FROM message").fetchone()
    return int(found)


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many records there are of each kind that there is any of."""
    told = " OR ".join(f"{name} != 0" for name in Tally.__struct_fields__)
    found = {
        kind: int(connection.execute(f"SELECT count(*) FROM {rows.format(told)}").fetchone()[0])
        for kind, rows in _COUNTED.items()
    }
    return {kind: number for kind, number in found.items() if number}


class _Wanted:
    """Which records are read: all, or those of keys, which are put into tables of the connection's own."""

    def __init__(self, connection: sqlite3.Connection, keys: Keys | None) -> None:
        self._all = keys is None
        for kind, names in KEYS.items() if keys is not None else ():
            columns = ", ".join(names)
            connection.execute(f"CREATE TEMP TABLE only_{kind} ({columns}, PRIMARY KEY ({columns})) WITHOUT ROWID")
            marks = ", ".join("?" * len(names))
            assert keys is not None
            connection.executemany(f"INSERT OR IGNORE INTO temp.only_{kind} VALUES ({marks})", keys.get(kind, ()))

    def of(self, sql: str, kind: str, *columns: str) -> str:
        """A query of the records of a kind, named by these columns (those of `KEYS` unless told)."""
        if self._all:
            return sql.format("true")
        names = KEYS[kind]
        return sql.format(f"({', '.join(columns or names)}) IN (SELECT {', '.join(names)} FROM temp.only_{kind})")


def _records(connection: sqlite3.Connection, wanted: _Wanted) -> Iterator[Copy]:
    execute, of = connection.execute, wanted.of
    known = {name for (name,) in execute(of("SELECT id FROM tenant WHERE {}", "tenant"))}
    for tenant in tenants(connection) if known else ():
        if tenant.id in known:
            yield TenantCopy(tenant)
    for name, *counted in execute(of(f"SELECT tenant, {TALLY_COLUMNS} FROM tally WHERE {{}} ORDER BY tenant", "tally")):
        if any(counted):
            yield TallyCopy(name, Tally(*counted))
    for row in execute(of(_ENTRIES, "entry")):
        yield EntryCopy(*row)
    yield from _messages(connection, wanted)
    for row in execute(of(_PUSHES, "push")):
        yield PushCopy(*row)
    yield from _parked(connection, wanted)
    for tenant, key, digest, answer, refused, at in execute(of(_ANSWERS, "answer")):
        yield AnswerCopy.of(tenant, key, Answer(digest, answer, _refused_of(refused), at))
    for (submission, name), codes in groupby(execute(of(_REFUSALS, "refused")), lambda row: (row[0], row[1])):
        yield RefusedCopy(submission, name, [(dest, code) for _, _, dest, code in codes])
    for row in execute(of(_RECORDS, "record")):
        yield RecordCopy(Record(*row))
    for row in execute(of(_LINKS, "link")):
        yield LinkCopy(LinkView(Link(*row[:_LINK_WIDTH]), *row[_LINK_WIDTH:]))
    for row in execute(of(_LOOKUPS, "lookup")):
        yield LookupCopy(_lookup(row))
    for row in execute(of(_MO, "mo_part")):
        yield MoPartCopy(*row)
    for row in execute(of(_OPT_OUTS, "opt_out")):
        yield OptOutCopy(*row)
    for row in execute(of(_AUDIT, "audit")):
        yield AuditCopy(AuditEntry(*row))
    for row in execute(of(_FINALS, "final")):
        yield FinalCopy(*row)
    yield Numbers(*execute(_NUMBERS).fetchone())


class _Beside:
    """Rows of a query by its first column, which ascends: asked for in that order."""

    def __init__(self, connection: sqlite3.Connection, sql: str) -> None:
        self._rows = connection.execute(sql)
        self._next: tuple[Any, ...] | None = self._rows.fetchone()

    def of(self, number: int) -> list[tuple[Any, ...]]:
        """The rows of a number, without it. Those of numbers in between belong to nothing that there is."""
        found: list[tuple[Any, ...]] = []
        row = self._next
        while row is not None and row[0] <= number:
            if row[0] == number:
                found.append(row[1:])
            row = self._rows.fetchone()
        self._next = row
        return found


def _messages(connection: sqlite3.Connection, wanted: _Wanted) -> Iterator[Copy]:
    parts, events, ids, pushes, refs = (
        _Beside(connection, wanted.of(sql, "message", "message")) for sql in (_PARTS, _EVENTS, _IDS, _PUSHES_OF, _REFS)
    )
    for values in connection.execute(wanted.of(_MESSAGES, "message", "m.id")):
        message = message_from(values)
        number = message.id
        ref = refs.of(number)
        beside: tuple[Any, ...] = (
            [PartRow(*row) for row in parts.of(number)],
            events.of(number),
            ids.of(number),
            [push for (push,) in pushes.of(number)],
            ref[0][0] if ref else None,
        )
        yield MessageCopy(message, *values[MESSAGE_WIDTH:], *beside)


def _lookup(row: tuple[Any, ...]) -> Lookup:
    number, request, tenant, dest, msisdn, asked_at, done_at, price, facts, payers = row
    return Lookup(number, request, tenant, dest, msisdn, asked_at, done_at, price, _facts_of(facts), payers)


def _parked(connection: sqlite3.Connection, wanted: _Wanted) -> Iterator[Copy]:
    forms = "SELECT parked, key FROM parked_key WHERE {} ORDER BY parked, form"
    keys = _Beside(connection, wanted.of(forms, "parked", "parked"))
    parked = wanted.of("SELECT id, orphan, receipt FROM parked WHERE {} ORDER BY id", "parked")
    for number, orphan, receipt in connection.execute(parked):
        yield ParkedCopy(number, _receipt_of(receipt), [key for (key,) in keys.of(number)], bool(orphan))
