"""One outbox of two: what is owed to URLs goes to the notifier, what is owed to ESMEs to theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from smsgwd.model.outbox import OutboxItem, account_of_target
from smsgwd.ports.push import Outbox


class Looking(Outbox, Protocol):
    """An outbox that can be told to look at the store again."""

    def look(self, target: str) -> None:
        """The store owes this target what memory may not know of."""
        ...


class Outboxes:
    """Implements `ports.push.Outbox` over both."""

    def __init__(self, urls: Looking, esmes: Looking) -> None:
        self._urls = urls
        self._esmes = esmes

    def offer(self, items: Sequence[OutboxItem]) -> None:
        """See ports.push.Outbox. An ESME's item has no URL; most batches are all of one kind."""
        with_url = [item for item in items if item.url]
        if not with_url:
            self._esmes.offer(items)
        elif len(with_url) == len(items):
            self._urls.offer(items)
        else:
            self._urls.offer(with_url)
            self._esmes.offer([item for item in items if not item.url])

    def look(self, target: str) -> None:
        """An operator revived what this target is owed."""
        (self._urls if account_of_target(target) is None else self._esmes).look(target)
