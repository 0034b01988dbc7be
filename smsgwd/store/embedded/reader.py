"""A reader thread: a queue of queries on a connection of its own that cannot write."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.connection import open_reader
from smsgwd.store.embedded.errors import environmental, unavailable

Query = Callable[[sqlite3.Connection], Any]
Answer = Callable[[Any], None]  # gets the result, or the exception
_STEPS_BETWEEN_LOOKS: Final = 20_000


class Reader(threading.Thread):
    """Runs queries one after another; `put` and `stop` may be called from any thread, answers come from this one.

    Each query sees one snapshot of the store: all commits that were answered before it was put, at least. A query that
    takes longer than `limit_s` fails with StoreUnavailable, and askers have their turns one after another, so that one
    tenant's searches keep no other waiting long.
    """

    def __init__(self, name: str, path: Path, limit_s: float | None = None) -> None:
        super().__init__(name=f"store-{name}", daemon=True)
        self._path = path
        self._limit_s = limit_s
        self._deadline = 0.0
        self._turn = threading.Condition()
        self._waiting: OrderedDict[str, deque[tuple[Query, Answer]]] = OrderedDict()  # whose turn is next is first
        self._stopping = False
        self._connection: sqlite3.Connection | None = None
        self._ended: Callable[[], None] | None = None

    def put(self, query: Query, answer: Answer, asker: str = "") -> None:
        """Ask for a query; `answer` is called in this thread. Those of one `asker` are answered in order."""
        with self._turn:
            waiting = self._waiting.get(asker)
            if waiting is None:
                self._waiting[asker] = deque(((query, answer),))
            else:
                waiting.append((query, answer))
            self._turn.notify()

    def stop(self, ended: Callable[[], None]) -> None:
        """Answer what was put before, then close, call `ended` and end the thread."""
        with self._turn:
            self._ended = ended
            self._stopping = True
            self._turn.notify()

    def run(self) -> None:
        """The thread."""
        while (job := self._next()) is not None:
            query, answer = job
            answer(self._ask(query))
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        if self._ended is not None:
            self._ended()

    def _next(self) -> tuple[Query, Answer] | None:
        """The oldest query of the asker whose turn it is, waited for; None at the end."""
        with self._turn:
            while not self._waiting:
                if self._stopping:
                    return None
                self._turn.wait()
            asker, waiting = self._waiting.popitem(last=False)
            job = waiting.popleft()
            if waiting:
                self._waiting[asker] = waiting
            return job

    def _ask(self, query: Query) -> Any:
        try:
            if self._connection is None:
                self._connection = open_reader(self._path)
                if self._limit_s is not None:
                    self._connection.set_progress_handler(self._too_long, _STEPS_BETWEEN_LOOKS)
            connection = self._connection
            self._deadline = time.monotonic() + (self._limit_s or 0.0)
            connection.execute("BEGIN")
            try:
                return query(connection)
            finally:
                connection.execute("COMMIT")
        except BaseException as error:  # somebody waits for an answer
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                return StoreUnavailable(f"the query took longer than {self._limit_s:g} s: narrow it")
            if self._connection is not None and environmental(error):
                with contextlib.suppress(sqlite3.Error):
                    self._connection.close()
                self._connection = None
            return unavailable(error, "the store cannot be read") if environmental(error) else error

    def _too_long(self) -> bool:
        return time.monotonic() > self._deadline
