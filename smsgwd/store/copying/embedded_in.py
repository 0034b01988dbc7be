"""Records into a new file of the embedded store."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import msgspec

from smsgwd.store.books import floor_of
from smsgwd.store.copying import records as r
from smsgwd.store.copying.records import Copy
from smsgwd.store.embedded.apply.lookups import lookup_values
from smsgwd.store.embedded.apply.tenants import PUT_CREDENTIAL, credential_values, tenant_record
from smsgwd.store.embedded.columns import INSERT_MESSAGE, MESSAGE_WIDTH, message_values
from smsgwd.store.embedded.connection import open_writer
from smsgwd.store.embedded.counts import BLOCK
from smsgwd.store.embedded.migrations import migrate
from smsgwd.store.embedded.rows import part_values

_encode: Final = msgspec.json.encode
_FINISH_MESSAGE: Final = (
    "UPDATE message SET sent_at=?, done_at=?, err_code=?, err_detail=?, err_smpp=?, smsc_id=?, latency=?, push=?"
    " WHERE id=?"
)
_WIDTHS: Final = {
    "part": 10, "event": 8, "smsc": 4, "outbox": 13, "parked": 4, "parked_key": 4, "idempotency": 6, "refusal": 4,
    "client_ref": 3, "ledger": 13, "tenant": 3, "tally": 10, "record": 5, "link": 12, "lookup": 12, "mo_part": 10,
    "optout": 4, "audit": 13, "final": 3,
}  # fmt: skip
#: Columns of tables where they are not all in the order of the table.
_COLUMNS: Final = {
    "part": "(message, part, smsc_id, state, sent_at, done_at, err_code, err_detail, err_smpp, latency)",
    "event": "(message, at, type, detail, connector, smsc_id, smpp_status, latency)",
    "outbox": (
        "(id, message, target, tenant, url, type, created_at, due_at, payload, attempts, status, done_at, last_error)"
    ),
    "parked": "(id, received_at, orphan, receipt)",
    "ledger": "(id, tenant, kind, at, amount, reserved, balance, held, messages, parts, message, reference, note)",
    "record": "(kind, tenant, key, value, at)",
}
#: Who has what only one may have: references that are used once, credentials.
_REF_OF: Final = "SELECT message FROM client_ref WHERE tenant = ? AND ref = ? AND message != ?"
_CREDENTIAL_OF: Final = "SELECT tenant FROM credential WHERE kind = ? AND name = ? AND tenant != ?"
#: What deletes a record, by its kind; SMSC ids and pushes have keys of their own.
_TAKE: Final = {
    "message": (
        "DELETE FROM message WHERE id = ?",
        "DELETE FROM part WHERE message = ?",
        "DELETE FROM event WHERE message = ?",
        "DELETE FROM client_ref WHERE message = ?",
    ),
    "smsc": ("DELETE FROM smsc WHERE grp = ? AND id = ?",),
    "push": ("DELETE FROM outbox WHERE id = ?",),
    "tenant": ("DELETE FROM tenant WHERE id = ?", "DELETE FROM credential WHERE tenant = ?"),
    "tally": ("DELETE FROM tally WHERE tenant = ?",),
    "parked": ("DELETE FROM parked WHERE id = ?", "DELETE FROM parked_key WHERE parked = ?"),
    "answer": ("DELETE FROM idempotency WHERE tenant = ? AND key = ?",),
    "refused": ("DELETE FROM refusal WHERE submission = ?",),
    "record": ("DELETE FROM record WHERE kind = ? AND tenant = ? AND key = ?",),
    "link": ("DELETE FROM link WHERE code = ?",),
    "lookup": ("DELETE FROM lookup WHERE id = ?",),
    "mo_part": (
        "DELETE FROM mo_part WHERE grp = ? AND source = ? AND dest = ? AND ref & 65535 = ? AND total = ? AND width = ?",
    ),
    "opt_out": ("DELETE FROM optout WHERE tenant = ? AND msisdn = ?",),
    "audit": ("DELETE FROM audit WHERE id = ?",),
    "final": ("DELETE FROM final WHERE seq = ?",),
}
_MARKED: Final = "SELECT tenant, seq, id, submitted_at FROM message ORDER BY tenant, seq"


class EmbeddedCopy:
    """`store.db` of a directory, which must not be there; it is there only after `finish`, until then it is called
    `name`. Raises OSError and sqlite3.Error."""

    def __init__(self, directory: Path, name: str = "store.db.importing") -> None:
        self.path = directory / "store.db"
        if self.path.exists():
            raise FileExistsError(17, "there is a store already", str(self.path))
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._partial = directory / name
        self._remove()
        self._partial.touch(mode=0o640)
        self._connection = open_writer(self._partial)
        migrate(self._connection)
        self._connection.execute("PRAGMA synchronous = OFF")  # it is brought to the disk as a whole

    async def put(self, records: list[Copy]) -> None:
        """Add records, in one transaction."""
        rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._connection.execute("BEGIN")
        for record in records:
            self._add(record, rows)
        messages = rows.pop("message", [])
        INSERT_MESSAGE.run(self._connection, [value for row in messages for value in row[: MESSAGE_WIDTH + 1]])
        self._connection.executemany(_FINISH_MESSAGE, [row[MESSAGE_WIDTH + 1 :] for row in messages])
        self._connection.executemany(PUT_CREDENTIAL, rows.pop("credential", ()))
        for table, values in rows.items():
            marks = ", ".join("?" * _WIDTHS[table])
            self._connection.executemany(f"INSERT INTO {table} {_COLUMNS.get(table, '')} VALUES ({marks})", values)
        self._connection.execute("COMMIT")

    async def place(self, ids: Iterable[tuple[str, str, int, int]]) -> None:
        """SMSC ids apart from their messages: group, canonical id, message and place (`Work.map_smsc`)."""
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO smsc (grp, id, message, part) VALUES (?, ?, ?, ?)", ids)
        self._connection.execute("COMMIT")

    async def take(self, kind: str, keys: Iterable[tuple[Any, ...]]) -> None:
        """Delete records of a kind (`records.kind_of`, or "smsc") by what names them; nothing for one that is not
        there. SMSC ids and pushes of messages stay."""
        keys = list(keys)
        self._connection.execute("BEGIN")
        for sql in _TAKE[kind]:
            self._connection.executemany(sql, keys)
        self._connection.execute("COMMIT")

    async def in_the_way(self, records: Iterable[Copy]) -> tuple[set[int], set[str]]:
        """Other messages that have a reference which one of these records has used up, and other tenants that have a
        credential of one of these: they had it before, and must be read again."""
        execute = self._connection.execute
        messages: set[int] = set()
        tenants: set[str] = set()
        for record in records:
            match record:
                case r.MessageCopy(message) if record.ref is not None:
                    found = execute(_REF_OF, (message.tenant, record.ref, message.id))
                    messages.update(number for (number,) in found)
                case r.TenantCopy(tenant):
                    for each in tenant.credentials:
                        found = execute(_CREDENTIAL_OF, (each.kind, each.name, tenant.id))
                        tenants.update(name for (name,) in found)
        return messages, tenants

    def _add(self, record: Copy, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        """The rows of a record, by table."""
        match record:
            case r.MessageCopy():
                _message(record, rows)
            case r.PushCopy():
                rows["outbox"].append(msgspec.structs.astuple(record))
            case r.EntryCopy():
                rows["ledger"].append(msgspec.structs.astuple(record))
            case r.TenantCopy(tenant):
                rows["tenant"].append((tenant.id, floor_of(tenant), tenant_record(tenant)))
                rows["credential"] += [credential_values(tenant.id, each) for each in tenant.credentials]
            case r.TallyCopy(name, tally):
                rows["tally"].append((name, *msgspec.structs.astuple(tally)))
            case r.ParkedCopy(number, receipt, keys, orphan):
                rows["parked"].append((number, receipt.received_at, int(orphan), _encode(receipt)))
                rows["parked_key"] += [(receipt.group, key, number, form) for form, key in enumerate(keys)]
            case r.AnswerCopy(name, key, digest, answer):
                refused = _encode(record.kept.refused)
                rows["idempotency"].append((name, key, digest, answer, refused, record.made_at))
            case r.RefusedCopy(submission, name, codes):
                rows["refusal"] += [(submission, dest, name, code) for dest, code in codes]
            case r.RecordCopy(kept):
                rows["record"].append((kept.kind, kept.tenant, kept.key, kept.value, kept.at))
            case r.LinkCopy(view):
                values = (view.clicks, view.bots, view.first_at, view.last_at)
                rows["link"].append((*msgspec.structs.astuple(view.link), *values))
            case r.LookupCopy(lookup):
                rows["lookup"].append(lookup_values(lookup))
            case r.MoPartCopy():
                rows["mo_part"].append(msgspec.structs.astuple(record))
            case r.OptOutCopy():
                rows["optout"].append(msgspec.structs.astuple(record))
            case r.AuditCopy(entry):
                rows["audit"].append(msgspec.structs.astuple(entry))
            case r.FinalCopy():
                rows["final"].append(msgspec.structs.astuple(record))
            case r.Numbers():
                self._numbers(record)

    def _numbers(self, numbers: r.Numbers) -> None:
        execute = self._connection.execute
        execute("UPDATE meta SET value = ? WHERE key = 'outbox_ids'", (numbers.push + 1,))
        for table, last in (("audit", numbers.audit), ("final", numbers.final)):
            execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))

    async def settle(self) -> None:
        """What was written so far is on the disk: it need not be brought there at the end. The store goes on."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        sync(self._partial)

    async def finish(self) -> None:
        """What follows from the records is there, and all of it is durable under its name."""
        await self.whole()
        publish(self._partial, self.path)

    async def whole(self) -> None:
        """What follows from the records is there, and all of it is in one file, which is closed."""
        execute = self._connection.execute
        execute("BEGIN")
        execute("INSERT INTO ledger_of (tenant, id) SELECT tenant, id FROM ledger ORDER BY tenant, id")
        execute("UPDATE meta SET value = coalesce((SELECT max(id) FROM ledger), 0) WHERE key = 'ledger_of'")
        _mark(self._connection)
        execute("COMMIT")
        execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()
        sync(self._partial)

    async def abandon(self) -> None:
        """Nothing of it is left."""
        self._connection.close()
        self._remove()

    def _remove(self) -> None:
        remove(self._partial)


def publish(partial: Path, path: Path) -> None:
    """Give a whole store its name, durably. Raises OSError."""
    sync(partial)
    sync(partial.parent)
    partial.rename(path)
    sync(path.parent)


def remove(path: Path) -> None:
    """Remove a store, if it is there, with what SQLite has beside it. Raises OSError."""
    for end in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + end).unlink()


def sync(path: Path) -> None:
    """Bring a file or a directory to the disk. Raises OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _message(copy: r.MessageCopy, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    message, number = copy.message, copy.message.id
    ended = (copy.sent_at, copy.done_at, copy.err_code, copy.err_detail, copy.err_smpp)
    rows["message"].append(
        (*message_values(message), copy.seq, *ended, copy.smsc_id, copy.latency, copy.push, number)
    )  # fmt: skip
    rows["part"] += [part_values(number, part) for part in copy.parts]
    rows["event"] += [(number, *event) for event in copy.events]
    rows["smsc"] += [(group, key, number, place) for group, key, place in copy.smsc]
    if copy.ref is not None:
        rows["client_ref"].append((message.tenant, copy.ref, number))


def _mark(connection: sqlite3.Connection) -> None:
    """Where blocks of the numbers of tenants' messages begin (`schema_dialects`), each block from the first one that
    has messages to the one that the next message is in."""
    last = dict(connection.execute("SELECT tenant, accepted FROM tally").fetchall())
    put = "INSERT INTO mark (tenant, block, first, before, at) VALUES (?, ?, ?, ?, ?)"
    for tenant, rows in groupby(connection.execute(_MARKED).fetchall(), lambda row: row[0]):
        marks: list[tuple[Any, ...]] = []
        block, newest, at = -1, -1, 0
        for number, messages in groupby(rows, lambda row: row[1] >> BLOCK):
            own = list(messages)
            lowest, at = min(row[2] for row in own), own[0][3]
            # A block in between is empty: nothing is found from where it begins but what comes behind it.
            begin = number if block < 0 else block + 1
            marks += [(tenant, each, lowest, newest, at) for each in range(begin, number + 1)]
            block, newest = number, max(newest, *(row[2] for row in own))
        final = last.pop(tenant, 0) >> BLOCK
        marks += [(tenant, each, newest, newest, at) for each in range(block + 1, final + 1)]
        connection.executemany(put, marks)
    connection.executemany(
        put, [(tenant, accepted >> BLOCK, 0, -1, 0) for tenant, accepted in last.items() if accepted]
    )
