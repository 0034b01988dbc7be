"""The order of what a tenant is told of one message: that it was sent, then what became of it, one after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smsgwd.model.message import State
from smsgwd.model.outbox import OutboxItem

MOST_LEADING: Final = 10_000
"""Messages of a lane whose early pushes are followed up; beyond them order is left to chance, and memory is bounded."""

_SENT: Final = State.SENT


class Turns:
    """What of one lane leads, and what waits for it.

    An item leads from when it is taken until it is done or given up, the waits between its attempts included: word that
    a message was sent (or is not final yet). What is owed later of the same message waits for it. Nearly no tenant asks
    for such word: to the others this costs a look at an empty dict.
    """

    __slots__ = ("_waiting", "leading")

    def __init__(self) -> None:
        #: Messages that something leads, with the ids of those outbox items: while there are none nothing has to wait.
        self.leading: dict[int, list[int]] = {}
        self._waiting: dict[int, list[OutboxItem]] = {}

    def out(self, item: OutboxItem) -> None:
        """An item is on its way to the tenant."""
        if item.state is _SENT and item.payload is None:
            self._lead(item)

    def learn(self, items: Iterable[OutboxItem]) -> None:
        """Items as the store has them: one that was tried already leads, whoever tried it."""
        for item in items:
            if item.attempts and item.state is _SENT and item.payload is None:
                self._lead(item)

    def follows(self, item: OutboxItem) -> bool:
        """True for what must wait for something about the same message."""
        if not self.leading:
            return False
        leading = self.leading.get(item.message_id)
        return leading is not None and item.payload is None and min(leading) < item.id

    def hold(self, item: OutboxItem) -> None:
        """Keep what `follows`, which was taken out of the queue."""
        self._waiting.setdefault(item.message_id, []).append(item)

    def settled(self, item: OutboxItem) -> list[OutboxItem]:
        """An item is done or given up: what has waited for it, to be put back."""
        leading = self.leading.get(item.message_id)
        if leading is None or item.id not in leading:
            return []
        leading.remove(item.id)
        if not leading:
            del self.leading[item.message_id]
        return self._waiting.pop(item.message_id, [])

    def forget(self) -> None:
        """What waits is left to the store, which has it."""
        self._waiting.clear()

    def _lead(self, item: OutboxItem) -> None:
        leading = self.leading.get(item.message_id)
        if leading is None:
            if len(self.leading) < MOST_LEADING:
                self.leading[item.message_id] = [item.id]
        elif item.id not in leading:
            leading.append(item.id)
