"""Who looks at the stream of committed changes: several may, and nobody costs the store one `is None` a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from smsgwd.model.changes import Change, Result
from smsgwd.telemetry import get_logger

Observer = Callable[[Sequence[Change], Sequence[Result]], None]
_log = get_logger("daemon")


class Observed(Protocol):
    """The store, as far as this goes: it calls `observe_batch` after a batch is durable, with a result a change."""

    observe_batch: Observer | None


class BatchObservers:
    """Hands each durable batch to all who asked, in the order they came. One that raises harms nobody else."""

    def __init__(self, store: Observed) -> None:
        self._store = store
        self._observers: tuple[Observer, ...] = ()

    def add(self, observer: Observer) -> None:
        """Show it every batch from now on; one that is there already stays where it is."""
        if observer not in self._observers:
            self._observers += (observer,)
            self._store.observe_batch = self._tell

    def remove(self, observer: Observer) -> None:
        """Show it nothing more; nothing happens when it is not there."""
        self._observers = tuple(each for each in self._observers if each != observer)
        if not self._observers:
            self._store.observe_batch = None

    def _tell(self, changes: Sequence[Change], results: Sequence[Result]) -> None:
        for observer in self._observers:
            try:
                observer(changes, results)
            except Exception as error:
                _log.error("daemon.unhandled_error", error=repr(error), exc_info=error)
