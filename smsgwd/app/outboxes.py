"""One outbox of two: what is owed to URLs goes to the notifier, what is owed to ESMEs to theirs.

Where other nodes share the store, what is not this node's to push is left to the store, and its owner is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from smsgwd.model.outbox import OutboxItem, account_of_target
from smsgwd.ports.push import Outbox


class Looking(Outbox, Protocol):
    """An outbox that can be told to look at the store again."""

    def look(self, target: str) -> None:
        """The store owes this target what memory may not know of."""
        ...


class Shares(Protocol):
    """Whose target is whose (`app.outbox_shares`)."""

    def mine(self, target: str) -> bool:
        """Whether this node pushes to it."""
        ...

    def call(self, targets: Iterable[str]) -> None:
        """Tell whoever pushes to these that something is owed to them."""
        ...


class Outboxes:
    """Implements `ports.push.Outbox` over both. `shares`: other nodes share the store."""

    def __init__(self, urls: Looking, esmes: Looking, shares: Shares | None = None) -> None:
        self._urls = urls
        self._esmes = esmes
        self._shares = shares

    def offer(self, items: Sequence[OutboxItem]) -> None:
        """See ports.push.Outbox. An ESME's item has no URL; most batches are all of one kind."""
        if self._shares is not None:
            items = self._mine(self._shares, items)
            if not items:
                return
        with_url = [item for item in items if item.url]
        if not with_url:
            self._esmes.offer(items)
        elif len(with_url) == len(items):
            self._urls.offer(items)
        else:
            self._urls.offer(with_url)
            self._esmes.offer([item for item in items if not item.url])

    def _mine(self, shares: Shares, items: Sequence[OutboxItem]) -> Sequence[OutboxItem]:
        ours = {target: shares.mine(target) for target in {item.target for item in items}}
        if all(ours.values()):
            return items
        shares.call(target for target, is_ours in ours.items() if not is_ours)
        return [item for item in items if ours[item.target]]

    def look(self, target: str) -> None:
        """An operator revived what this target is owed."""
        if self._shares is not None and not self._shares.mine(target):
            self._shares.call((target,))
            return
        (self._urls if account_of_target(target) is None else self._esmes).look(target)
