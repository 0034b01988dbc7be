"""The writer thread: everything that waits when a transaction starts goes into it, one COMMIT for all.

Commit starts are `gap_s` apart while batches keep coming (fewer, fuller commits: half the CPU at moderate load), and
further apart while much comes; after a pause the first batch is committed at once. Nothing here touches the reactor but
`answer`, which the store passes in.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

import msgspec

from smsgwd.model.changes import Change, Result
from smsgwd.store.embedded.apply.table import apply, prefetch
from smsgwd.store.embedded.connection import open_writer
from smsgwd.store.embedded.errors import CannotOpen, damaged, environmental, unavailable
from smsgwd.store.embedded.memory import Memory
from smsgwd.store.embedded.migrations import Told, migrate
from smsgwd.store.embedded.queries import highest_id
from smsgwd.store.embedded.work import Work

_PROBE_BYTES: Final = 65536
_MUCH: Final = 100  # changes in one transaction: five thousand messages a second are as many in 5 ms
_DAMAGED: Final = 3  # batches in a row that met damage, after which nothing is taken for writable any more
_WIDEST_GAP_S: Final = 0.005
_WIDEST_GAP: Final = 2.5  # times gap_s

#: What became of a batch: its results, or why it failed.
Outcome = list[Result] | BaseException


def gap_after(gap_s: float, changes: int) -> float:
    """Seconds from the start of a transaction of so many changes to the start of the next.

    What a commit costs by itself (0.3 ms of CPU) is shared by more messages the busier it is.
    """
    widest = max(gap_s, min(gap_s * _WIDEST_GAP, _WIDEST_GAP_S))
    return gap_s + (widest - gap_s) * min(1.0, changes / _MUCH)


class Batch(msgspec.Struct, gc=False):
    """Changes asked for together, and what the store finds its answer's receiver by. No changes: a probe."""

    ticket: object
    changes: Sequence[Change]


class Job(msgspec.Struct, gc=False):
    """Something to be done on the writing connection between two transactions; `answer` gets its result or exception,
    in the writer's thread."""

    work: Callable[[sqlite3.Connection], Any]
    answer: Callable[[Any], None]


class Report(msgspec.Struct, gc=False):
    """One transaction, as the reactor hears of it."""

    outcomes: list[tuple[object, Outcome]]  #: by ticket of the batch
    writable: bool  #: False when the machine kept it from becoming durable
    seconds: float  #: from BEGIN to the end of COMMIT
    changes: int
    batches: list[Batch]  #: whose outcomes these are, in the same order


def _drop_finals(connection: sqlite3.Connection) -> None:
    """Nobody writes down elsewhere what ended."""
    if connection.execute("SELECT EXISTS (SELECT 1 FROM final)").fetchone()[0]:
        connection.execute("DELETE FROM final")


class Writer(threading.Thread):
    """Owns the writing connection. `put` and `stop` may be called from any thread; callbacks are called in this one.

    `finals`: it is remembered which messages end; `migrating` hears, in this thread, of each step of a migration.
    First `opened` gets the highest message id, or the reason why the store cannot be opened (the thread ends then).
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
        super().__init__(name="store-writer", daemon=True)
        self._path = path
        self._opened = opened
        self._answer = answer
        self._gap_s = gap_s
        self._most = most
        self._before_commit = before_commit
        self._queue: SimpleQueue[Batch | Job | None] = SimpleQueue()
        self._held: Job | None = None  # came while batches were gathered: its turn is next
        self._damaged = 0  # batches in a row that met damage
        self._connection: sqlite3.Connection | None = None
        self._memory = Memory()
        self._memory.finals = finals
        self._migrating = migrating
        self._stopping = threading.Event()
        self._ended: Callable[[], None] | None = None

    def put(self, batch: Batch) -> None:
        """Ask for a batch; `answer` follows."""
        self._queue.put(batch)

    def do(self, job: Job) -> None:
        """Ask for something between two transactions."""
        self._queue.put(job)

    def keep_finals(self, on: bool, answer: Callable[[Any], None]) -> None:
        """Remember from now on which messages end, or no more; `answer` gets None or an exception."""

        def work(connection: sqlite3.Connection) -> None:
            self._memory.finals = on  # first: where those of before cannot be forgotten now, no more are added
            if not on:
                _drop_finals(connection)

        self.do(Job(work, answer))

    def stop(self, ended: Callable[[], None]) -> None:
        """Commit what was put before, then checkpoint, close, call `ended` and end the thread."""
        self._ended = ended
        self._stopping.set()
        self._queue.put(None)

    def run(self) -> None:
        """The thread."""
        try:
            highest = self._prepare()
        except (sqlite3.Error, CannotOpen, OSError) as error:
            self._opened(error if isinstance(error, CannotOpen) else CannotOpen(f"{self._path}: {error}"))
            return
        self._opened(highest)
        next_start = 0.0
        while True:
            batch = self._held or self._queue.get()
            self._held = None
            if batch is None:
                break
            if isinstance(batch, Job):
                self._do(batch)
                continue
            wait = next_start - time.monotonic()
            if wait > 0:
                self._stopping.wait(wait)
            start = time.monotonic()
            batches, last = self._gather(batch)
            self._transact(batches)
            if last:
                break
            next_start = start + gap_after(self._gap_s, sum(len(batch.changes) for batch in batches))
        self._close()
        if self._ended is not None:
            self._ended()

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

    def _gather(self, first: Batch) -> tuple[list[Batch], bool]:
        """What waits, up to `most` changes; True when the end was among it."""
        batches, count = [first], len(first.changes)
        while count < self._most:
            try:
                batch = self._queue.get_nowait()
            except Empty:
                break
            if batch is None:
                return batches, True
            if isinstance(batch, Job):
                self._held = batch
                break
            batches.append(batch)
            count += len(batch.changes)
        return batches, False

    def _transact(self, batches: list[Batch]) -> None:
        """Make the batches durable together, and answer; a bad one among them costs the others only time."""
        start = time.perf_counter()
        writable = True
        outcomes: list[tuple[object, Outcome]]
        try:
            outcomes = self._commit(batches)
            self._damaged = 0
        except BaseException as error:  # whatever it is, somebody waits for an answer
            self._rollback()
            # Damage, like bad content, is met by some batches and not by others.
            if environmental(error) and (not damaged(error) or len(batches) == 1 or self._damaged >= _DAMAGED):
                self._damaged += damaged(error)
                writable = damaged(error) and self._damaged < _DAMAGED
                reason = unavailable(error, "nothing can be stored")
                outcomes = [(batch.ticket, reason) for batch in batches]
            elif len(batches) == 1:
                outcomes = [(batches[0].ticket, error)]
            else:  # halve until the bad one stands alone
                half = len(batches) // 2
                self._transact(batches[:half])
                self._transact(batches[half:])
                return
        count = sum(len(batch.changes) for batch in batches)
        self._answer(Report(outcomes, writable, time.perf_counter() - start, count, batches))

    def _do(self, job: Job) -> None:
        """One job, on a connection that has no transaction open."""
        try:
            if self._connection is None:
                self._connection = open_writer(self._path)
                self._memory.load(self._connection)
            answer = job.work(self._connection)
        except BaseException as error:  # somebody waits for an answer
            self._rollback()
            answer = unavailable(error, "nothing can be stored") if environmental(error) else error
        job.answer(answer)

    def _commit(self, batches: list[Batch]) -> list[tuple[object, Outcome]]:
        connection = self._connection
        if connection is None:
            connection = self._connection = open_writer(self._path)
            self._memory.load(connection)
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
        return outcomes

    @staticmethod
    def _probe(connection: sqlite3.Connection) -> None:
        """Write enough to see that there is room again."""
        connection.execute("UPDATE meta SET value = zeroblob(?) WHERE key = 'probe'", (_PROBE_BYTES,))
        connection.execute("UPDATE meta SET value = NULL WHERE key = 'probe'")

    def _rollback(self) -> None:
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

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
