"""The embedded store as the reactor sees it: implements `ports.Store`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.model.changes import Change, Result
from smsgwd.ports.store import (
    CheckReport,
    LedgerReport,
    Progress,
    StoreCounts,
    StoreUnavailable,
)
from smsgwd.store.committing import Committing
from smsgwd.store.embedded import backup, check, ledger, queries, scrub, vacuum
from smsgwd.store.embedded.counted import Counted
from smsgwd.store.embedded.errors import StoreDamaged
from smsgwd.store.embedded.lock import DirectoryLock
from smsgwd.store.embedded.opening import Opening
from smsgwd.store.embedded.reader import Reader
from smsgwd.store.embedded.reads import Reads
from smsgwd.store.embedded.upkeep import Control, Upkeep
from smsgwd.store.embedded.writer import SqliteWriter
from smsgwd.store.writer import CannotOpen, Writer

_T = TypeVar("_T")
_LONGEST_QUERY_S: Final = 5.0
_DAMAGE_AGAIN_S: Final = 3600.0
_FILE: Final = "store.db"


class EmbeddedStore(Committing, Reads):
    """SQLite in `directory`; see ports.Store for what each method does. Opened once: to reopen, make a new one.

    `reactor` (callFromThread, callLater) is where Deferreds fire. `gap_s` spaces commit starts while busy, `most`
    bounds the changes of a transaction. `before_commit` is called in the writer thread before each COMMIT: tests hold
    or break commits with it. `on_health(healthy)` hears of changes, `on_damage(text)` of damage that
    is met (once, and again each hour that it lasts), `observe_commit(seconds, changes)` of each transaction and
    `observe_results(results)` of each batch that became durable, `observe_batch(changes, results)` likewise, with a
    result a change. While it is opened `on_opening(done, total, what)` hears each second what it is at: of a migration
    how many of its steps are done, else 0 of 0. All of these are called on the reactor.

    `keep_finals`: see `finals` of ports.Store.
    """

    def __init__(
        self,
        reactor: Any,
        directory: str | Path,
        *,
        gap_s: float = 0.002,
        most: int = 4096,
        before_commit: Callable[[], None] | None = None,
        on_health: Callable[[bool], None] | None = None,
        on_damage: Callable[[str], None] | None = None,
        observe_commit: Callable[[float, int], None] | None = None,
        observe_results: Callable[[list[Result]], None] | None = None,
        observe_batch: Callable[[Sequence[Change], Sequence[Result]], None] | None = None,
        on_opening: Callable[[int, int, str], None] | None = None,
        keep_finals: bool = False,
    ) -> None:
        super().__init__(
            reactor,
            on_health=on_health,
            observe_commit=observe_commit,
            observe_results=observe_results,
            observe_batch=observe_batch,
        )
        self._directory = Path(directory)
        path = self._path = self._directory / _FILE
        self._lock = DirectoryLock(self._directory)
        self.on_damage = on_damage
        self._progress = Opening(reactor, on_opening)
        self.writer: SqliteWriter = SqliteWriter(
            path,
            lambda answer: reactor.callFromThread(self._opened, answer),
            lambda report: reactor.callFromThread(self.committed, report),
            gap_s=gap_s,
            most=most,
            before_commit=before_commit,
            finals=keep_finals,
            migrating=lambda *step: reactor.callFromThread(self._progress.step, *step),
        )
        self._pages = Reader("pages", path)
        self._queries = Reader("queries", path, _LONGEST_QUERY_S)
        self._counted = Counted(queries.counts)
        self._upkeep = Upkeep(reactor, path, self.writer.do)
        self._damage_told: float | None = None  # reactor seconds
        self._opening: Deferred[int] | None = None
        self._closing: list[Deferred[None]] | None = None

    # -- opening and closing ---------------------------------------------------------------------------------------

    def open(self) -> Deferred[int]:
        """See ports.Store. Fails with CannotOpen: in use, made by a newer version, or the directory is not usable."""
        if self._opening is not None:
            return fail(CannotOpen("this store was opened before"))
        try:
            self._directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._lock.acquire()
            self._path.touch(mode=0o640)  # message text is nobody else's; SQLite's other files take this mode too
        except OSError as error:
            self._lock.release()
            return fail(CannotOpen(f"{self._directory}: {error.strerror}"))
        except CannotOpen as error:
            return fail(error)
        self._opening = Deferred()
        self._progress.begin()
        self.writer.start()
        return self._opening

    def _opened(self, answer: int | CannotOpen) -> None:
        assert self._opening is not None
        self._progress.end()
        if isinstance(answer, CannotOpen):
            self.writer.join()
            self._lock.release()
            self._opening.errback(answer)
            return
        self._pages.start()
        self._queries.start()
        self.start()
        self._opening.callback(answer)

    def close(self) -> Deferred[None]:
        """See ports.Store. Nothing to do for a store that is not open."""
        if self._closing is None:
            if not self._usable:
                return succeed(None)
            self.end()
            self._closing = []
            # The writer goes last: it is the one that can fold the write-ahead log into the file.
            self._upkeep.stop(
                lambda: self._end(
                    self._pages, lambda: self._end(self._queries, lambda: self._end(self.writer, self._closed))
                )
            )
        done: Deferred[None] = Deferred()
        self._closing.append(done)
        return done

    def _end(self, thread: Reader | Writer[Any], then: Callable[[], None]) -> None:
        def ended() -> None:
            thread.join()
            then()

        thread.stop(lambda: self._reactor.callFromThread(ended))

    def _closed(self) -> None:
        self._lock.release()
        self._healthy = False  # an orderly end is no failure to report
        assert self._closing is not None
        for done in self._closing:
            done.callback(None)
        self._closing = None

    # -- writing ---------------------------------------------------------------------------------------------------

    def failed(self, error: BaseException) -> None:
        """See Committing: damage is told of."""
        if isinstance(error, StoreDamaged):
            self._tell_damage(error)

    def _tell_damage(self, damage: StoreDamaged) -> None:
        now = self._reactor.seconds()
        if self.on_damage is not None and (self._damage_told is None or now - self._damage_told >= _DAMAGE_AGAIN_S):
            self._damage_told = now
            self.on_damage(str(damage))

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self, reader: Reader, query: Callable[[sqlite3.Connection], _T], asker: str = "") -> Deferred[_T]:
        if not self._usable:
            return fail(StoreUnavailable("the store is not open"))
        done: Deferred[_T] = Deferred()

        def answered(answer: Any) -> None:
            if isinstance(answer, BaseException):
                if isinstance(answer, StoreDamaged):
                    self._tell_damage(answer)
                done.errback(answer)
            else:
                done.callback(answer)

        reader.put(query, lambda answer: self._reactor.callFromThread(answered, answer), asker)
        return done

    def _page(self, query: Callable[[sqlite3.Connection], _T]) -> Deferred[_T]:
        return self._read(self._pages, query)

    def _ask(self, query: Callable[[sqlite3.Connection], _T], asker: str = "") -> Deferred[_T]:
        return self._read(self._queries, query, asker)

    def counts(self) -> Deferred[StoreCounts]:
        """See ports.Store. The other questions are answered by `Reads`."""
        return self._ask(self._counted)

    # -- upkeep ----------------------------------------------------------------------------------------------------

    def check(self, *, deep: bool = False) -> Deferred[CheckReport]:
        """See ports.Store. Fails with ValueError while another check runs; so do those below."""
        return self._keep_up("check", lambda control: check.check(control, deep))

    def ledger_check(self) -> Deferred[LedgerReport]:
        """See ports.Store."""
        return self._keep_up("ledger check", ledger.ledger_check)

    def backup(self, path: str) -> Deferred[int]:
        """See ports.Store."""
        place = Path(path)
        try:
            backup.writable_place(place)
        except (ValueError, OSError) as error:
            return fail(error if isinstance(error, ValueError) else ValueError(f"{path}: {error.strerror}"))
        return self._keep_up("backup", lambda control: backup.backup(control, place))

    def vacuum(self) -> Deferred[int]:
        """See ports.Store."""
        return self._keep_up("vacuum", vacuum.vacuum)

    def scrub(self) -> Deferred[bool]:
        """See ports.Store."""
        return self._keep_up("scrub", scrub.scrub)

    def upkeep(self) -> dict[str, Progress]:
        """See ports.Store."""
        return self._upkeep.progress()

    def _keep_up(self, name: str, work: Callable[[Control], _T]) -> Deferred[_T]:
        if not self._usable:
            return fail(StoreUnavailable("the store is not open"))
        return self._upkeep.run(name, work)
