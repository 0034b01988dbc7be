"""The file of a spool: submissions in the order they were acknowledged, fsynced, until the server has them.

All of it is one SQLite file that only one process may open. Nothing here knows of the server: who drains says what it
has (`settle`). Times are milliseconds since 1970, UTC.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from smsgwd.model.changes import KeyMismatch, Replayed
from smsgwd.model.message import FINAL_FROM, Message, MessageView, State
from smsgwd.model.spooled import Spooled, Waiting
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.writer import CannotOpen

FILE: Final = "spool.db"
_VERSION: Final = b"\x01"  # of what a body says; its fields are by name, and new ones have defaults
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, messages INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS ids (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, cancelled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS ids_by_seq ON ids (seq);
CREATE TABLE IF NOT EXISTS keys (
    tenant TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, digest BLOB NOT NULL, answer BLOB NOT NULL,
    PRIMARY KEY (tenant, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_by_seq ON keys (seq);
CREATE TABLE IF NOT EXISTS aside (
    number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, place INTEGER NOT NULL, error TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (seq, place)
);
"""

#: What became of a submission that was to be spooled.
Kept = Spooled | Replayed | KeyMismatch

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Waiting]).decode


class Row(msgspec.Struct, frozen=True):
    """The oldest batch that waits. `cancelled`: ids of its messages that their tenants took back, and when."""

    seq: int
    waiting: list[Waiting]
    cancelled: dict[int, int]


class SpoolFile:
    """At `path`, for the store whose keys begin with `prefix`; `most`: messages that it may hold. Of one thread.

    Raises CannotOpen: another process has it, it is of another store and not empty, or it is none.
    """

    def __init__(self, path: Path, prefix: str, most: int) -> None:
        self.path = path
        self.most = most
        self.messages = 0  #: that wait; may be read from any thread, as the next two
        self.oldest: int | None = None
        self.aside = 0
        self._taken = 0  # seq of the batch that is being given to the store
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        except (sqlite3.Error, OSError) as error:
            raise CannotOpen(f"{path}: {error}") from None
        try:
            self.id = self._begin(prefix)
        except BaseException as error:
            self._db.close()
            if isinstance(error, sqlite3.Error | OSError):
                raise CannotOpen(f"{path}: {error}") from None
            raise

    def _begin(self, prefix: str) -> str:
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("BEGIN IMMEDIATE")  # nobody else from here on
        self._db.execute("COMMIT")
        self._db.executescript(_SCHEMA)
        self.path.chmod(0o640)
        self._count()
        theirs = self._meta("prefix", prefix)
        if theirs != prefix:
            if self.messages:
                raise CannotOpen(_others(self.path, self.messages, theirs))
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'prefix'", (prefix,))
        return self._meta("id", secrets.token_hex(8))

    def close(self) -> None:
        """It may be opened again."""
        self._db.close()

    def highest(self) -> int:
        """The highest id of a message in it; 0 = there is none."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM ids").fetchone()[0])

    # -- filling ---------------------------------------------------------------------------------------------------

    def put(self, batches: Sequence[Sequence[Waiting]], at: int) -> list[list[Kept] | StoreUnavailable]:
        """Keep these: durable when this returns. A batch that there is no room for is refused, and none of it kept; a
        submission whose key one that waits has, too, is answered as that one was. Raises sqlite3.Error: nothing was
        kept."""
        found: list[list[Kept] | StoreUnavailable] = []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for batch in batches:
                count = sum(len(each.submit.messages) for each in batch)
                if self.messages + count > self.most:
                    found.append(StoreUnavailable(f"{self.most} messages wait on this node's disk: there is no room"))
                else:
                    found.append(self._put(batch, at))
            self._db.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        self._count_oldest()
        return found

    def _put(self, batch: Sequence[Waiting], at: int) -> list[Kept]:
        seq = self._db.execute("INSERT INTO batches (at, messages, body) VALUES (?, 0, '')", (at,)).lastrowid
        kept: list[Waiting] = []
        results: list[Kept] = []
        for each in batch:
            submit = each.submit
            known = None if submit.idempotency is None else self._known(submit.tenant, submit.idempotency.key)
            if known is not None and submit.idempotency is not None:
                results.append(_again(known, submit.idempotency.digest))
                continue
            if submit.idempotency is not None:
                key = submit.idempotency
                values = (submit.tenant, key.key, seq, key.digest, submit.answer)
                self._db.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", values)
            kept.append(each)
            results.append(Spooled({}))
        ids = [(message.id, seq) for each in kept for message in each.submit.messages]
        if not kept:
            self._db.execute("DELETE FROM batches WHERE seq = ?", (seq,))
            return results
        self._db.executemany("INSERT INTO ids (id, seq) VALUES (?, ?)", ids)
        body = _VERSION + _encode(kept)
        self._db.execute("UPDATE batches SET messages = ?, body = ? WHERE seq = ?", (len(ids), body, seq))
        self.messages += len(ids)
        return results

    # -- asking ----------------------------------------------------------------------------------------------------

    def known(self, asked: Iterable[tuple[str, str, bytes]]) -> list[Replayed | KeyMismatch | None]:
        """What waiting submissions with these (tenant, key) were answered; None: none waits. The last is the digest."""
        found = [(self._known(tenant, key), digest) for tenant, key, digest in asked]
        return [None if known is None else _again(known, digest) for known, digest in found]

    def _known(self, tenant: str, key: str) -> tuple[bytes, bytes] | None:
        sql = "SELECT digest, answer FROM keys WHERE tenant = ? AND key = ?"
        found: tuple[bytes, bytes] | None = self._db.execute(sql, (tenant, key)).fetchone()
        return found

    def find(self, tenant: str, any_id: int) -> list[MessageView]:
        """The message of that id, or those of a submission of that id, as their tenant sees them."""
        sql = "SELECT seq FROM ids WHERE id >= ? ORDER BY id LIMIT 1"  # a submission's messages follow its id
        found = self._db.execute(sql, (any_id,)).fetchone() if 0 <= any_id < 1 << 63 else None
        if found is None:
            return []
        row = self._row(found[0])
        if row is None:
            return []
        messages = [message for each in row.waiting for message in each.submit.messages if message.tenant == tenant]
        wanted = [each for each in messages if each.id == any_id] or [
            each for each in messages if each.submission == any_id
        ]
        return [_view(message, row.cancelled.get(message.id)) for message in wanted]

    def cancel(self, tenant: str, any_id: int, at: int) -> list[MessageView] | None:
        """Take back what `find` tells of, as far as it is not being given to the store. None: there is nothing of that
        id; []: it is too late."""
        views = self.find(tenant, any_id)
        if not views:
            return None
        ids = [view.message.id for view in views if view.message.state < FINAL_FROM]
        marks = ",".join("?" * len(ids))
        sql = f"UPDATE ids SET cancelled = ? WHERE id IN ({marks}) AND seq <> ?"  # noqa: S608 -- question marks
        if not ids or not self._db.execute(sql, (at, *ids, self._taken)).rowcount:
            return []
        return self.find(tenant, any_id)

    # -- draining --------------------------------------------------------------------------------------------------

    def take(self) -> Row | None:
        """The oldest batch; nothing of it can be cancelled until another one is taken, or it is given `back`."""
        found = self._db.execute("SELECT min(seq) FROM batches").fetchone()[0]
        if found is None:
            return None
        self._taken = found
        return self._row(found)

    def back(self) -> None:
        """The store has not taken it."""
        self._taken = 0

    def settle(self, seq: int) -> None:
        """The store has every batch up to this one."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for table in ("batches", "ids", "keys"):
                self._db.execute(f"DELETE FROM {table} WHERE seq <= ?", (seq,))  # noqa: S608 -- its own tables
            self._db.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        self._taken = 0
        self._count()

    def put_aside(self, seq: int, place: int, waiting: Waiting, error: str) -> None:
        """The store cannot apply this submission of a batch, and will never be able to: it is kept for somebody."""
        sql = "INSERT OR IGNORE INTO aside (seq, place, error, body) VALUES (?, ?, ?, ?)"
        self._db.execute(sql, (seq, place, error, _VERSION + _encode([waiting])))
        self._count()

    def _row(self, seq: int) -> Row | None:
        found = self._db.execute("SELECT body FROM batches WHERE seq = ?", (seq,)).fetchone()
        if found is None:
            return None
        cancelled = self._db.execute("SELECT id, cancelled FROM ids WHERE seq = ? AND cancelled", (seq,)).fetchall()
        return Row(seq, _decode(found[0][len(_VERSION) :]), dict(cancelled))

    # -- itself ----------------------------------------------------------------------------------------------------

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._count()

    def _count(self) -> None:
        self.messages = int(self._db.execute("SELECT coalesce(sum(messages), 0) FROM batches").fetchone()[0])
        self.aside = int(self._db.execute("SELECT count(*) FROM aside").fetchone()[0])
        self._count_oldest()

    def _count_oldest(self) -> None:
        found = self._db.execute("SELECT at FROM batches ORDER BY seq LIMIT 1").fetchone()
        self.oldest = None if found is None else int(found[0])

    def _meta(self, name: str, value: str) -> str:
        self._db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, value))
        return str(self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])


def refuse_left(directory: Path) -> None:
    """Raises CannotOpen when messages wait in the spool of a data directory: nobody would send them."""
    path = directory / FILE
    if not path.exists():
        return
    try:
        with sqlite3.connect(path, timeout=0) as db:
            messages = db.execute("SELECT coalesce(sum(messages), 0) FROM batches").fetchone()[0]
            prefix = db.execute("SELECT value FROM meta WHERE name = 'prefix'").fetchone()[0]
        db.close()
    except sqlite3.Error as error:
        raise CannotOpen(f"{path}: {error}") from None
    if messages:
        raise CannotOpen(_others(path, messages, prefix))


def _others(path: Path, messages: int, prefix: str) -> str:
    return (
        f"{path}: {messages} acknowledged messages wait there for the Redis store with prefix {prefix!r}: start the"
        " gateway with that store once more, until they are gone from there"
    )


def _again(known: tuple[bytes, bytes], digest: bytes) -> Replayed | KeyMismatch:
    return Replayed(known[1], {}) if known[0] == digest else KeyMismatch()


def _view(message: Message, cancelled: int | None) -> MessageView:
    if cancelled is None:
        return MessageView(message, None, None, None, None)
    return MessageView(msgspec.structs.replace(message, state=State.CANCELLED), None, cancelled, None, None)
