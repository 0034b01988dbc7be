"""What the embedded store holds, as records: one walk over each table, as of one moment."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any, Final

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
_MESSAGES: Final = (
    f"SELECT {MESSAGE_COLUMNS}, m.seq, m.sent_at, m.done_at, m.err_code, m.err_detail, m.err_smpp, m.smsc_id,"
    " m.latency, m.push FROM message m ORDER BY m.id"
)
# What is about messages, in the order of messages.
_PARTS: Final = f"SELECT message, {PART_COLUMNS} FROM part ORDER BY message, part"
_EVENTS: Final = (
    "SELECT message, at, type, detail, connector, smsc_id, smpp_status, latency FROM event ORDER BY message, id"
)
_IDS: Final = "SELECT message, grp, id, part FROM smsc ORDER BY message, grp, id"
_PUSHES_OF: Final = "SELECT message, id FROM outbox WHERE message != 0 ORDER BY message, id"
_REFS: Final = "SELECT message, ref FROM client_ref ORDER BY message, ref"
_PUSHES: Final = (
    "SELECT id, message, target, tenant, url, type, created_at, due_at, payload, attempts, status, done_at, last_error"
    " FROM outbox ORDER BY id"
)
_ENTRIES: Final = (
    "SELECT id, tenant, kind, at, amount, reserved, balance, held, messages, parts, message, reference, note"
    " FROM ledger ORDER BY id"
)
_LINKS: Final = (
    "SELECT code, tenant, message, msisdn, url, made_at, expires_at, client_ref, clicks, bots, first_at, last_at"
    " FROM link ORDER BY code"
)
_LINK_WIDTH: Final = len(Link.__struct_fields__)
_LOOKUPS: Final = (
    "SELECT id, request, tenant, dest, msisdn, asked_at, done_at, price, facts, payers FROM lookup ORDER BY id"
)
_MO: Final = (
    "SELECT grp, source, dest, ref, total, width, seq, received_at, status, mo FROM mo_part"
    " ORDER BY grp, source, dest, ref & 65535, total, width, ref, seq"
)
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


def read(connection: sqlite3.Connection) -> Iterator[list[Copy]]:
    """Everything, some records at a time; the connection is in one transaction until the end. Raises sqlite3.Error."""
    connection.execute("BEGIN")
    try:
        records = _records(connection)
        while page := list(islice(records, PAGE)):
            yield page
    finally:
        connection.execute("ROLLBACK")


def count(connection: sqlite3.Connection) -> int:
    """How many messages there are."""
    (found,) = connection.execute("SELECT count(*) FROM message").fetchone()
    return int(found)


def _records(connection: sqlite3.Connection) -> Iterator[Copy]:
    execute = connection.execute
    for tenant in tenants(connection):
        yield TenantCopy(tenant)
    for name, *counts in execute(f"SELECT tenant, {TALLY_COLUMNS} FROM tally ORDER BY tenant"):
        if any(counts):
            yield TallyCopy(name, Tally(*counts))
    for row in execute(_ENTRIES):
        yield EntryCopy(*row)
    yield from _messages(connection)
    for row in execute(_PUSHES):
        yield PushCopy(*row)
    yield from _parked(connection)
    for tenant, key, digest, answer, refused, at in execute(
        "SELECT tenant, key, digest, answer, refused, made_at FROM idempotency ORDER BY tenant, key"
    ):
        yield AnswerCopy.of(tenant, key, Answer(digest, answer, _refused_of(refused), at))
    refusals = execute("SELECT submission, tenant, dest, code FROM refusal ORDER BY submission, dest")
    for (submission, name), codes in groupby(refusals, lambda row: (row[0], row[1])):
        yield RefusedCopy(submission, name, [(dest, code) for _, _, dest, code in codes])
    for row in execute("SELECT kind, tenant, key, value, at FROM record ORDER BY kind, tenant, key"):
        yield RecordCopy(Record(*row))
    for row in execute(_LINKS):
        yield LinkCopy(LinkView(Link(*row[:_LINK_WIDTH]), *row[_LINK_WIDTH:]))
    for row in execute(_LOOKUPS):
        yield LookupCopy(_lookup(row))
    for row in execute(_MO):
        yield MoPartCopy(*row)
    for row in execute("SELECT tenant, msisdn, at, source FROM optout ORDER BY tenant, msisdn"):
        yield OptOutCopy(*row)
    for row in execute(f"SELECT {', '.join(AuditEntry.__struct_fields__)} FROM audit ORDER BY id"):
        yield AuditCopy(AuditEntry(*row))
    for row in execute("SELECT seq, message, charged FROM final ORDER BY seq"):
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


def _messages(connection: sqlite3.Connection) -> Iterator[Copy]:
    parts, events, ids, pushes, refs = (
        _Beside(connection, sql) for sql in (_PARTS, _EVENTS, _IDS, _PUSHES_OF, _REFS)
    )  # fmt: skip
    for values in connection.execute(_MESSAGES):
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


def _parked(connection: sqlite3.Connection) -> Iterator[Copy]:
    keys = _Beside(connection, "SELECT parked, key FROM parked_key ORDER BY parked, form")
    for number, orphan, receipt in connection.execute("SELECT id, orphan, receipt FROM parked ORDER BY id"):
        yield ParkedCopy(number, _receipt_of(receipt), [key for (key,) in keys.of(number)], bool(orphan))
