"""How the writer thread commits to SQLite: one writing connection, one transaction a commit."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from smsgwd.store.embedded.apply.table import apply, prefetch
from smsgwd.store.embedded.connection import open_writer
from smsgwd.store.embedded.errors import damaged, environmental, unavailable
from smsgwd.store.embedded.memory import Memory
from smsgwd.store.embedded.migrations import Told, migrate
from smsgwd.store.embedded.queries import highest_id
from smsgwd.store.embedded.work import Work
from smsgwd.store.writer import Batch, CannotOpen, Job, Judgement, Outcome, Report, Writer

_PROBE_BYTES: Final = 65536
_DAMAGED: Final = 3  # batches in a row that met damage, after which nothing is taken for writable any more


def _drop_finals(connection: sqlite3.Connection) -> None:
    """Nobody writes down elsewhere what ended."""
    if connection.execute("SELECT EXISTS (SELECT 1 FROM final)").fetchone()[0]:
        connection.execute("DELETE FROM final")


class SqliteWriter(Writer[sqlite3.Connection]):
    """Owns the writing connection.

    `finals`: it is remembered which messages end; `migrating` hears, in this thread, of each step of a migration.
    """

    def __init__(
        self,
        path: Path,
        opened: Callable[[int | CannotOpen], None],
        answer: Callable[[Report], None],
        *,
        gap_s: float,
        most: int,
        before_commit: Callable[[], None] | None = None,
        finals: bool = False,
        migrating: Told = lambda *_: None,
    ) -> None:
        super().__init__(opened, answer, gap_s=gap_s, most=most)
        self._path = path
        self._before_commit = before_commit
        self._damaged = 0  # batches in a row that met damage
        self._connection: sqlite3.Connection | None = None
        self._memory = Memory()
        self._memory.finals = finals
        self._migrating = migrating

    def keep_finals(self, on: bool, answer: Callable[[Any], None]) -> None:
        """Remember from now on which messages end, or no more; `answer` gets None or an exception."""

        def work(connection: sqlite3.Connection) -> None:
            self._memory.finals = on  # first: where those of before cannot be forgotten now, no more are added
            if not on:
                _drop_finals(connection)

        self.do(Job(work, answer))

    def prepare(self) -> int:
        """See Writer."""
        try:
            return self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise CannotOpen(f"{self._path}: {error}") from error

    def _prepare(self) -> int:
        connection = open_writer(self._path)
        try:
            migrate(connection, told=self._migrating)
            self._memory.load(connection)
            # A copy of an earlier moment does not know which ids were given since: those of now were not.
            self._memory.next_outbox = max(self._memory.next_outbox, time.time_ns() // 1000)
            self._memory.next_final = max(self._memory.next_final, time.time_ns() // 1000)
            if not self._memory.finals:
                _drop_finals(connection)
            highest = highest_id(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return highest

    def target(self) -> sqlite3.Connection:
        """See Writer: a connection that has no transaction open."""
        if self._connection is None:
            self._connection = open_writer(self._path)
            self._memory.load(self._connection)
        return self._connection

    def commit(self, batches: list[Batch]) -> list[tuple[object, Outcome]]:
        """See Writer."""
        connection = self.target()
        self._memory.trim()
        connection.execute("BEGIN IMMEDIATE")
        work = Work(connection, self._memory)
        prefetch(work, [batch.changes for batch in batches])
        outcomes: list[tuple[object, Outcome]] = []
        for batch in batches:
            if not batch.changes:
                self._probe(connection)
            outcomes.append((batch.ticket, apply(work, batch.changes)))
        work.finish()
        if self._before_commit is not None:
            self._before_commit()
        connection.execute("COMMIT")
        self._damaged = 0
        return outcomes

    @staticmethod
    def _probe(connection: sqlite3.Connection) -> None:
        """Write enough to see that there is room again."""
        connection.execute("UPDATE meta SET value = zeroblob(?) WHERE key = 'probe'", (_PROBE_BYTES,))
        connection.execute("UPDATE meta SET value = NULL WHERE key = 'probe'")

    def judge(self, error: BaseException, batches: int) -> Judgement:
        """See Writer. Damage, like bad content, is met by some batches and not by others."""
        if not environmental(error):
            return Judgement(None, True, True)
        reason = unavailable(error, "nothing can be stored")
        if not damaged(error):
            return Judgement(reason, False, False)
        if batches > 1 and self._damaged < _DAMAGED:
            return Judgement(None, True, True)
        self._damaged += 1
        return Judgement(reason, self._damaged < _DAMAGED, False)

    def undo(self) -> None:
        """Back to what is durable, in the file and in memory. A connection that cannot even do that is dropped."""
        connection = self._connection
        if connection is None:
            return
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._memory.load(connection)
        except Exception:
            self._connection = None
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def release(self) -> None:
        """See Writer. What is in the write-ahead log goes into the file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
