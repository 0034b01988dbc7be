"""A spool as the reactor sees it: what its file does happens in a thread of its own, one fsync for all that waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.model.spooled import SpoolView, Waiting
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.spool_file import Kept, SpoolFile

_T = TypeVar("_T")
_AGAIN_S: Final = 1.0  # after a failure of the disk

#: Calls a function with its arguments where it may wait for a disk, one after the other.
Run = Callable[..., "Deferred[Any]"]


class Spool:
    """`file`, worked on by `run`; `monotonic`: seconds. Nothing is asked of it after `close`."""

    def __init__(self, file: SpoolFile, run: Run, monotonic: Callable[[], float], ended: Callable[[], object]) -> None:
        self.file = file
        self.away = False  #: whether it takes what comes while the server is away
        self.trouble = ""  #: why nothing could be written the last time; '' = it could
        self._run = run
        self._monotonic = monotonic
        self._ended = ended
        self._again_at = 0.0
        self._waiting: list[tuple[Sequence[Waiting], int, Deferred[list[Kept]]]] = []
        self._writing = False
        self._closing: Deferred[None] | None = None

    @property
    def messages(self) -> int:
        """How many wait."""
        return self.file.messages

    @property
    def takes(self) -> bool:
        """Whether there is room, and the disk is well as far as is known."""
        if self._closing is not None:
            return False
        return self.file.messages < self.file.most and self._monotonic() >= self._again_at

    def view(self) -> SpoolView:
        """For operators."""
        file = self.file
        return SpoolView(file.messages, file.oldest, file.most, self.away, file.aside, self.trouble)

    def put(self, batch: Sequence[Waiting], at: int) -> Deferred[list[Kept]]:
        """Keep a batch, taken at `at` (ms); fires when it is durable. Fails with StoreUnavailable: none of it is."""
        done: Deferred[list[Kept]] = Deferred()
        self._waiting.append((batch, at, done))
        if not self._writing:
            self._write()
        return done

    def ask(self, method: Callable[..., _T], *args: object) -> Deferred[_T]:
        """A method of the file. Fails with StoreUnavailable when the disk does."""
        return self._run(method, *args).addErrback(self._failed)

    def close(self) -> Deferred[Any]:
        """What was put before is kept."""
        self._closing = Deferred()
        if not self._writing:
            self._close()
        return self._closing

    def _close(self) -> None:
        def closed(_: object) -> None:
            self._ended()
            assert self._closing is not None
            self._closing.callback(None)

        self._run(self.file.close).addBoth(closed)

    def _write(self) -> None:
        works, self._waiting = self._waiting, []
        self._writing = True
        done = self._run(self.file.put, [batch for batch, _, _ in works], works[0][1])
        done.addCallbacks(self._written, self._not_written, callbackArgs=(works,), errbackArgs=(works,))

    def _written(self, found: list[list[Kept] | StoreUnavailable], works: list[Any]) -> None:
        self.trouble = ""
        self._next()
        for (_, _, done), kept in zip(works, found, strict=True):
            if isinstance(kept, StoreUnavailable):
                done.errback(kept)
            else:
                done.callback(kept)

    def _not_written(self, failure: Failure, works: list[Any]) -> None:
        why: BaseException | None = None
        try:
            self._failed(failure)
        except BaseException as error:  # those who wait hear of it
            why = error
        assert why is not None
        self._next()
        for _, _, done in works:
            done.errback(why)

    def _next(self) -> None:
        self._writing = False
        if self._waiting:
            self._write()
        elif self._closing is not None:
            self._close()

    def _failed(self, failure: Failure) -> Any:
        error = failure.value
        if not isinstance(error, sqlite3.Error | OSError):
            failure.raiseException()
        self.trouble = str(error)
        self._again_at = self._monotonic() + _AGAIN_S
        raise StoreUnavailable(f"{self.file.path}: {error}")


class _Worker(Thread):
    """Calls what it is given, one after the other, until that is None."""

    def __init__(self, reactor: Any) -> None:
        super().__init__(name="spool", daemon=True)
        self._reactor = reactor
        self.jobs: SimpleQueue[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()

    def run(self) -> None:
        """The thread."""
        while (job := self.jobs.get()) is not None:
            done, function, args = job
            try:
                result = function(*args)
            except BaseException as error:  # whatever it is, somebody waits for an answer
                self._reactor.callFromThread(done.errback, error)
            else:
                self._reactor.callFromThread(done.callback, result)


def spool_of(file: SpoolFile, reactor: Any, monotonic: Callable[[], float]) -> Spool:
    """A spool with a thread of its own."""
    worker = _Worker(reactor)
    worker.start()

    def run(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        worker.jobs.put((done, function, args))
        return done

    return Spool(file, run, monotonic, lambda: worker.jobs.put(None))
