"""How the results of pushes become durable: what came in one turn goes into one commit, one commit at a time.

While the store cannot commit, results are kept and tried again each second, in order; nothing is lost short of the
process's end, and then the pushes are made again. One that the store cannot take for what it is (a bug) is found by
halves and left out, so that it keeps no other: its push is made again after the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.model.changes import Change
from smsgwd.ports.store import Store, StoreUnavailable

E = TypeVar("E")

_AGAIN_S = 1.0
_MOST_AT_ONCE = 1000


class Results(Generic[E]):
    """`add` a change with an entry of the caller's; `saved` gets the entries of a commit once it is durable.

    `failed` is told of each that was left out, and why; that the store is unavailable it tells itself.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        store: Store,
        saved: Callable[[list[E]], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        self._reactor = reactor
        self._store = store
        self._saved = saved
        self._report = failed
        self._changes: list[Change] = []
        self._entries: list[E] = []
        self._on_way = 0
        self._most = _MOST_AT_ONCE
        self._timer: IDelayedCall | None = None
        self._stopped = False

    def __len__(self) -> int:
        """Results that are not durable yet."""
        return len(self._changes) + self._on_way

    def add(self, change: Change, entry: E) -> None:
        """Make `change` durable, with the others of this turn."""
        self._changes.append(change)
        self._entries.append(entry)
        if self._timer is None and not self._on_way and not self._stopped:
            self._timer = self._reactor.callLater(0, self._flush)

    def extend(self, changes: Sequence[Change], entries: Sequence[E]) -> None:
        """`add` for several at once, as many changes as entries."""
        if changes:
            self._changes += changes
            self._entries += entries
            if self._timer is None and not self._on_way and not self._stopped:
                self._timer = self._reactor.callLater(0, self._flush)

    def stop(self) -> None:
        """Begin no commit any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        self._timer = None
        most = self._most
        changes, self._changes = self._changes[:most], self._changes[most:]
        entries, self._entries = self._entries[:most], self._entries[most:]
        self._on_way = len(changes)
        self._store.commit(changes).addCallbacks(
            self._committed, self._failed, callbackArgs=(entries,), errbackArgs=(changes, entries)
        )

    def _committed(self, _: object, entries: list[E]) -> None:
        self._on_way = 0
        self._most = min(_MOST_AT_ONCE, 2 * self._most)
        if self._changes and not self._stopped:
            self._timer = self._reactor.callLater(0, self._flush)
        self._saved(entries)

    def _failed(self, failure: Failure, changes: list[Change], entries: list[E]) -> None:
        self._on_way = 0
        wait = _AGAIN_S
        if not isinstance(failure.value, StoreUnavailable):
            wait = 0.0
            self._most = max(1, len(changes) // 2)
            if len(changes) == 1:
                if self._report is not None:
                    self._report(f"result left out: {type(failure.value).__name__}")
                changes, entries = [], []
        self._changes[:0] = changes
        self._entries[:0] = entries
        if self._changes and not self._stopped:
            self._timer = self._reactor.callLater(wait, self._flush)
