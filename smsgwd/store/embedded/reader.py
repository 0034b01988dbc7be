"""A reader thread: a queue of queries on a connection of its own that cannot write."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.connection import open_reader
from smsgwd.store.embedded.errors import environmental

Query = Callable[[sqlite3.Connection], Any]
Answer = Callable[[Any], None]  # gets the result, or the exception


class Reader(threading.Thread):
    """Runs queries one after another; `put` and `stop` may be called from any thread, answers come from this one.

    Each query sees one snapshot of the store: all commits that were answered before it was put, at least.
    """

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name=f"store-{name}", daemon=True)
        self._path = path
        self._queue: SimpleQueue[tuple[Query, Answer] | None] = SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._ended: Callable[[], None] | None = None

    def put(self, query: Query, answer: Answer) -> None:
        """Ask for a query; `answer` is called in this thread."""
        self._queue.put((query, answer))

    def stop(self, ended: Callable[[], None]) -> None:
        """Answer what was put before, then close, call `ended` and end the thread."""
        self._ended = ended
        self._queue.put(None)

    def run(self) -> None:
        """The thread."""
        while (job := self._queue.get()) is not None:
            query, answer = job
            answer(self._ask(query))
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        if self._ended is not None:
            self._ended()

    def _ask(self, query: Query) -> Any:
        try:
            if self._connection is None:
                self._connection = open_reader(self._path)
            connection = self._connection
            connection.execute("BEGIN")
            try:
                return query(connection)
            finally:
                connection.execute("COMMIT")
        except BaseException as error:  # somebody waits for an answer
            if self._connection is not None and environmental(error):
                with contextlib.suppress(sqlite3.Error):
                    self._connection.close()
                self._connection = None
            return StoreUnavailable(f"the store cannot be read: {error}") if environmental(error) else error
