"""Long work on an open store: each piece in a thread of its own, while traffic goes on."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, fail

from smsgwd.ports.store import Progress, StoreUnavailable
from smsgwd.store.embedded.connection import CHECKPOINT_PAGES, open_reader
from smsgwd.store.embedded.errors import environmental, unavailable
from smsgwd.store.writer import Job

_T = TypeVar("_T")
_STEPS_BETWEEN_LOOKS: Final = 100_000
_FOLDS: Final = 20


class Control:
    """What a piece of work has to do with its surroundings; its methods are called in the work's thread."""

    def __init__(self, path: Path, do: Callable[[Job[sqlite3.Connection]], None]) -> None:
        self.path = path  #: of the store's file
        self.done = 0
        self.total = 0  #: 0 = not known
        self._do = do
        self._stopping = threading.Event()

    def stop(self) -> None:
        """From any thread: the store is being closed, the work is to end."""
        self._stopping.set()

    def look(self) -> None:
        """Raise StoreUnavailable when the work is to end."""
        if self._stopping.is_set():
            raise StoreUnavailable("the store is being closed")

    def rest(self, seconds: float) -> None:
        """Leave the machine to others for a while; raises as `look`."""
        self._stopping.wait(seconds)
        self.look()

    def on_writer(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do something on the writing connection between two transactions, and wait for it. Raises what it raises."""
        self.look()
        answers: list[Any] = []
        there = threading.Event()

        def answer(found: Any) -> None:
            answers.append(found)
            there.set()

        self._do(Job(work, answer))
        there.wait()
        if isinstance(answers[0], BaseException):
            raise answers[0]
        found: _T = answers[0]
        return found

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of the work's own that cannot write, for reading at length; its statements end with `stop`.

        While a snapshot is held the write-ahead log cannot be folded into the file, so it grows; afterwards that is
        done here, by and by, and not by the writer inside somebody's commit.
        """
        self.on_writer(lambda writer: writer.execute("PRAGMA wal_autocheckpoint = 0").fetchall())
        connection: sqlite3.Connection | None = None
        try:
            connection = open_reader(self.path)
            connection.set_progress_handler(self._stopping.is_set, _STEPS_BETWEEN_LOOKS)
            yield connection
        finally:
            if connection is not None:
                connection.close()
            if not self._stopping.is_set():  # also where no further file can be opened: else the log grows for ever
                self.fold()
                self.on_writer(
                    lambda writer: writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchall()
                )

    def fold(self) -> None:
        """Bring the write-ahead log into the file, as far as nobody reads what is older; commits go on meanwhile."""
        with (
            contextlib.suppress(sqlite3.Error),  # the writer meets the same trouble, and says so
            contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection,
        ):
            for _ in range(_FOLDS):
                busy, frames, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if not busy and frames - folded < CHECKPOINT_PAGES // 4:
                    break
                self._stopping.wait(0.05)


class Upkeep:
    """Runs pieces of work by name, each name once at a time; Deferreds fire on the reactor."""

    def __init__(self, reactor: Any, path: Path, do: Callable[[Job[sqlite3.Connection]], None]) -> None:
        self._reactor = reactor
        self._path = path
        self._do = do
        self._running: dict[str, Control] = {}
        self._stopping = False
        self._stopped: Callable[[], None] | None = None

    def run(self, name: str, work: Callable[[Control], _T]) -> Deferred[_T]:
        """Start a piece of work. Fails with ValueError while one of this name runs, StoreUnavailable where the machine
        does not let it be done, or the store is closed meanwhile."""
        if self._stopping:
            return fail(StoreUnavailable("the store is being closed"))
        if name in self._running:
            return fail(ValueError(f"a {name} is running already"))
        control = self._running[name] = Control(self._path, self._do)
        done: Deferred[_T] = Deferred()

        def thread() -> None:
            try:
                answer: Any = work(control)
            except BaseException as error:  # somebody waits for an answer
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                    answer = StoreUnavailable("the store is being closed")
                else:
                    answer = unavailable(error, f"the {name} failed") if environmental(error) else error
            self._reactor.callFromThread(self._ended, name, done, answer)

        try:
            threading.Thread(target=thread, name=f"store-{name}", daemon=True).start()
        except RuntimeError as error:  # the machine has no thread left
            del self._running[name]
            return fail(StoreUnavailable(f"the {name} failed: {error}"))
        return done

    def _ended(self, name: str, done: Deferred[Any], answer: Any) -> None:
        del self._running[name]
        if isinstance(answer, BaseException):
            done.errback(answer)
        else:
            done.callback(answer)
        if self._stopped is not None and not self._running:
            self._stopped()

    def progress(self) -> dict[str, Progress]:
        """What is running, by name."""
        return {name: Progress(control.done, control.total) for name, control in self._running.items()}

    def stop(self, stopped: Callable[[], None]) -> None:
        """Have all of it end (its Deferreds fail), then call `stopped`. The writer must work until then."""
        self._stopping = True
        if not self._running:
            stopped()
            return
        self._stopped = stopped
        for control in self._running.values():
            control.stop()
