"""The archive of all nodes in one PostgreSQL database: what any of them put there every one reads.

Whatever is called here blocks, and raises OSError. The connection is made when something is asked, and made anew after
a failure; for a moment after one that could not be made nothing is tried, so that questions do not wait for it one by
one.
Each method may be repeated: a failure leaves all of it or nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, LiteralString, TypeVar

import psycopg

from smsgwd.model.ids import first_id_at, time_of
from smsgwd.store.archive.files import Size
from smsgwd.store.archive.forget import forgotten
from smsgwd.store.archive.row import ArchivedRow

_T = TypeVar("_T")
_VERSION: Final = 1
_LOCK: Final = 0x736D7367  # "smsg": nodes that start at once make the tables one after another
_SCHEMA: Final[tuple[LiteralString, ...]] = (
    "CREATE TABLE smsgwd_archive (version integer NOT NULL)",
    # Ids of SMSCs are bytes: text takes no NUL, and what a carrier sends must not hold up the rest.
    "CREATE TABLE smsgwd_archived (id bigint PRIMARY KEY, tenant text NOT NULL, seq bigint NOT NULL,"
    " submitted_at bigint NOT NULL, body bytea, record bytea NOT NULL, smsc bytea[] NOT NULL)",
    "CREATE INDEX smsgwd_archived_own ON smsgwd_archived (tenant, id)",
    "CREATE INDEX smsgwd_archived_history ON smsgwd_archived (tenant, seq)",
    "CREATE INDEX smsgwd_archived_time ON smsgwd_archived (tenant, submitted_at, seq)",
    "CREATE INDEX smsgwd_archived_texts ON smsgwd_archived (tenant, submitted_at) WHERE body IS NOT NULL",
    "CREATE INDEX smsgwd_archived_smsc ON smsgwd_archived USING gin (smsc)",
)
_ROWS: Final = "SELECT id, tenant, seq, submitted_at, body, record FROM smsgwd_archived WHERE "
_IDS: Final = "SELECT id FROM smsgwd_archived WHERE "
_PUT: Final = (
    "INSERT INTO smsgwd_archived (id, tenant, seq, submitted_at, body, record, smsc)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (id) DO UPDATE SET tenant = excluded.tenant, seq = excluded.seq,"
    " submitted_at = excluded.submitted_at, body = excluded.body, record = excluded.record, smsc = excluded.smsc"
)
#: How long the server may take, and how a dead one is noticed; what the address says itself goes before.
_CONNECTION: Final[dict[str, Any]] = {
    "connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 20_000, "application_name": "smsgwd",
}  # fmt: skip
_ANSWER_MS: Final = 20_000
_REST_S: Final = 2.0  # after a connection that could not be made
_SLACK_MS: Final = 60_000  # between the clocks of nodes, and a message's time and its id's
_LOOKED_AT: Final = 2000  # rows in a step of a walk
_DROPPED: Final = 5000  # rows deleted at once
_MOST: Final = (1 << 63) - 2  # above every id


class PostgresArchive:
    """One thread at a time uses it; `highest` may be read from any. `url`: as libpq reads it. `after_ms`: messages come
    here no sooner after they were made, which tells what need not be looked for."""

    def __init__(
        self,
        url: str,
        after_ms: int,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._after_ms = after_ms
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._db: psycopg.Connection[Any] | None = None
        self._seen: int | None = None  # the highest id that was seen here; None = nobody has looked
        self._rests_until = 0.0  # monotonic seconds
        self._why = ""  # the last connection could not be made

    @property
    def highest(self) -> int:
        """No id above it is here: other nodes put what was made `after_ms` ago, give or take their clocks."""
        if self._seen is None:
            return _MOST
        return max(self._seen, first_id_at(self._now_ms() - self._after_ms + _SLACK_MS))

    def open(self) -> int:
        """Make the tables where there are none; the highest id here, 0 for none, and 0 while the server is away: a
        gateway starts without it. Raises OSError for tables of a newer version."""
        try:
            self._connection()
        except psycopg.OperationalError:
            return 0
        except psycopg.Error as error:
            raise OSError(_words(error)) from None
        return self._seen or 0

    def close(self) -> None:
        """Nothing is asked any more."""
        if self._db is not None:
            self._db.close()
            self._db = None

    # -- writing ---------------------------------------------------------------------------------------------------

    def put(self, rows: Sequence[ArchivedRow]) -> None:
        """Keep rows, in the place of those with their ids; they are committed when it returns (what that is worth the
        server's `synchronous_commit` says)."""

        def work(db: psycopg.Connection[Any]) -> None:
            with db.transaction(), db.cursor() as cursor:
                cursor.executemany(_PUT, [_values(row) for row in sorted(rows, key=lambda row: row.id)])

        if rows:
            self._run(work)
            self._seen = max(self._seen or 0, *(row.id for row in rows))

    def blank(self, tenant: str, before: int, limit: int) -> int:
        """Empty texts of a tenant's messages submitted before then (ms), `limit` at most; how many."""
        query: LiteralString = (
            "UPDATE smsgwd_archived SET body = NULL WHERE id IN (SELECT id FROM smsgwd_archived"
            " WHERE tenant = %s AND submitted_at < %s AND body IS NOT NULL LIMIT %s)"
        )
        return self._run(lambda db: db.execute(query, (tenant, before, limit)).rowcount)

    def drop(self, before: int) -> int:
        """Delete messages that were submitted before then (ms), some thousands at most; how many went."""
        query: LiteralString = (
            "DELETE FROM smsgwd_archived WHERE id IN"
            " (SELECT id FROM smsgwd_archived WHERE id < %s ORDER BY id LIMIT %s)"
        )
        return self._run(lambda db: db.execute(query, (first_id_at(before - _SLACK_MS), _DROPPED)).rowcount)

    def forget(self, msisdn: str, after: int) -> tuple[int, int | None]:
        """Remove what tells of a number (digits) from the next messages behind the id `after`: how many were changed,
        and the id to go on behind (None = that were all)."""
        rows = self._read(_ROWS + "id > %s ORDER BY id LIMIT %s", (after, _LOOKED_AT))
        changed = [found for row in rows if (found := forgotten(row, msisdn)) is not None]
        self.put(changed)
        return len(changed), rows[-1].id if rows else None

    # -- reading ---------------------------------------------------------------------------------------------------

    def rows(self, ids: Iterable[int]) -> list[ArchivedRow]:
        """Those of these messages that are here, by id."""
        return self._read(_ROWS + "id = ANY(%s) ORDER BY id", ([*ids],))

    def ids(self, tenant: str, low: int, high: int, limit: int, newest: bool) -> list[int]:
        """Ids of a tenant's messages ('' = of all) from `low` to below `high`, ascending or `newest` first, `limit` at
        most."""
        own: LiteralString = "tenant = %s AND " if tenant else ""
        order: LiteralString = "DESC LIMIT %s" if newest else "LIMIT %s"
        query = _IDS + own + "id >= %s AND id < %s ORDER BY id " + order
        return [row[0] for row in self._all(query, (*([tenant] if tenant else []), low, high, limit))]

    def called(self, keys: Sequence[str], low: int, high: int) -> list[int]:
        """Ids from `low` to below `high` of messages that an SMSC gave one of these ids."""
        if not keys or low >= high:
            return []
        query: LiteralString = "SELECT id FROM smsgwd_archived WHERE smsc && %s::bytea[] AND id >= %s AND id < %s"
        return [row[0] for row in self._all(query, ([_bytes(key) for key in keys], low, high))]

    def first_number(self, tenant: str, from_ms: int) -> int | None:
        """The number, in its tenant's history, of the first message submitted at `from_ms` or later; None for none."""
        if self._nothing_since(from_ms):
            return None
        # Numbers need not stand in the order of times where nodes' clocks differ.
        query: LiteralString = (
            "SELECT min(seq) FROM smsgwd_archived WHERE tenant = %(tenant)s AND submitted_at >= %(from)s"
            " AND submitted_at <= (SELECT min(submitted_at) FROM smsgwd_archived"
            " WHERE tenant = %(tenant)s AND submitted_at >= %(from)s) + %(slack)s"
        )
        [[found]] = self._all(query, {"tenant": tenant, "from": from_ms, "slack": _SLACK_MS})
        return None if found is None else int(found)

    def numbered(self, tenant: str, from_ms: int, start: int, stop: int, limit: int) -> list[tuple[int, int]]:
        """Numbers in a tenant's history from `start` to below `stop`, with their ids, ascending, `limit` at most;
        nothing is looked for where all here is older than `from_ms`."""
        if self._nothing_since(from_ms):
            return []
        query: LiteralString = (
            "SELECT seq, id FROM smsgwd_archived WHERE tenant = %s AND seq >= %s AND seq < %s ORDER BY seq LIMIT %s"
        )
        return [(seq, number) for seq, number in self._all(query, (tenant, start, min(stop, _MOST), limit))]

    def check(self) -> list[str]:
        """What is wrong, in words: that it cannot be asked."""
        try:
            self._all("SELECT id FROM smsgwd_archived ORDER BY id DESC LIMIT 1", ())
        except OSError as error:
            return [f"archive: {error}"]
        return []

    def size(self) -> Size:
        """What it takes in the database, with its indexes."""
        [[size]] = self._all("SELECT pg_total_relation_size('smsgwd_archived')", ())
        return Size(0, size)

    # -- the connection --------------------------------------------------------------------------------------------

    def _nothing_since(self, ms: int) -> bool:
        return ms > time_of(self.highest) + _SLACK_MS

    def _read(self, query: LiteralString, values: Sequence[Any]) -> list[ArchivedRow]:
        return [ArchivedRow(*row) for row in self._all(query, values)]

    def _all(self, query: LiteralString, values: Any) -> list[tuple[Any, ...]]:
        return self._run(lambda db: db.execute(query, values).fetchall())

    def _run(self, work: Callable[[psycopg.Connection[Any]], _T]) -> _T:
        """Do it; once more where the connection turns out to be lost: a server that was started anew is not told."""
        try:
            had = self._db is not None
            try:
                return work(self._connection())
            except psycopg.OperationalError:
                if not had or self._db is None or not self._db.broken:
                    raise
                return work(self._connection())
        except psycopg.Error as error:
            self.close()  # the next goes to whoever is the master by then
            raise OSError(_words(error)) from None

    def _connection(self) -> psycopg.Connection[Any]:
        if self._db is not None and not self._db.closed:
            return self._db
        if self._monotonic() < self._rests_until:
            raise psycopg.OperationalError(self._why)
        try:
            given = psycopg.conninfo.conninfo_to_dict(self._url)
            # Nothing is prepared: a pooler may stand between.
            db = psycopg.connect(self._url, autocommit=True, prepare_threshold=None, **(_CONNECTION | given))
        except psycopg.OperationalError as error:
            self._why = _words(error)
            self._rests_until = self._monotonic() + _REST_S
            raise
        try:
            db.execute(f"SET statement_timeout = {_ANSWER_MS}")
            _make(db)
            [highest] = db.execute("SELECT coalesce(max(id), 0) FROM smsgwd_archived").fetchone() or (0,)
        except BaseException:
            db.close()
            raise
        self._seen = max(self._seen or 0, int(highest))
        self._db = db
        return db


def _make(db: psycopg.Connection[Any]) -> None:
    """The tables, where there are none. Raises psycopg.NotSupportedError for those of a newer version."""
    there: LiteralString = "SELECT to_regclass('smsgwd_archive') IS NOT NULL"
    if db.execute(there).fetchone() == (False,):
        with db.transaction():
            db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if db.execute(there).fetchone() == (False,):
                for each in _SCHEMA:
                    db.execute(each)
                db.execute("INSERT INTO smsgwd_archive VALUES (%s)", (_VERSION,))
    found = db.execute("SELECT max(version) FROM smsgwd_archive").fetchone()
    if found is None or found[0] is None or found[0] > _VERSION:
        raise psycopg.NotSupportedError(f"its tables are of another version ({found and found[0]}, not {_VERSION})")


def _values(row: ArchivedRow) -> tuple[Any, ...]:
    keys = [_bytes(key) for key in row.smsc]
    return row.id, row.tenant, row.seq, row.submitted_at, row.body, row.record, keys


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _words(error: psycopg.Error) -> str:
    """On one line, and something."""
    return " ".join(f"PostgreSQL: {error}".split()) if str(error) else f"PostgreSQL: {type(error).__name__}"
