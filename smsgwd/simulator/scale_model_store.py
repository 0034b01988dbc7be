"""What the model's server knows: queues of connectors, what nodes have claimed, receipts owed to tenants.

Changes take effect when the server does them. Whoever has something to do then is told by `wake`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from smsgwd.simulator.scale_model_agenda import Agenda
from smsgwd.simulator.scale_model_books import At, Books, Kind, Message


class Change(NamedTuple):
    """`copy`: which copy at the SMSC a SENT or RECEIPT is about. `local`: the node that submits sends it itself."""

    kind: Kind
    message: Message
    copy: int = 0
    local: bool = False


class Store:
    """`wake_queue(connector)` and `wake_home(node)` are called when there is something for whoever that is."""

    def __init__(
        self,
        agenda: Agenda,
        books: Books,
        nodes: int,
        connectors: int,
        wake_queue: Callable[[int], object],
        wake_home: Callable[[int], object],
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._wake_queue = wake_queue
        self._wake_home = wake_home
        self.queues: list[deque[Message]] = [deque() for _ in range(connectors)]
        self._claimed: list[dict[int, Message]] = [{} for _ in range(nodes)]
        self._owed: list[dict[int, Message]] = [{} for _ in range(nodes)]
        self._unread: list[deque[Message]] = [deque() for _ in range(nodes)]  # owed, and the home does not know yet
        self._heirs: dict[int, Sequence[int]] = {}  # of dead nodes: who serves their tenants

    def execute(self, node: int, changes: Sequence[Change]) -> list[Message]:
        """Do a commit's changes; the messages among them whose receipts this node itself is to give to tenants."""
        books = self._books
        books.commits += 1
        books.changes += len(changes)
        woken: dict[int, None] = {}
        homes: dict[int, None] = {}
        mine: list[Message] = []
        for kind, message, copy, local in changes:
            receipted = False
            if kind is Kind.SUBMIT:
                self._submit(node, message, local)
                if not local:
                    woken[message.connector] = None
            elif kind is Kind.SENT:
                receipted = self._sent(node, message, copy)
            elif kind is Kind.RECEIPT:
                receipted = self._receipt(message, copy)
            elif message.at == At.ENDED:
                books.repeats += 1
            else:
                self._owed[self._home(message)].pop(message.number, None)
                books.end(message)
            if receipted:
                message.at = At.RECEIPTED
                message.receipted = self._agenda.now
                home = self._home(message)
                self._owed[home][message.number] = message
                if home == node:
                    mine.append(message)
                else:
                    self._unread[home].append(message)
                    homes[home] = None
        for connector in woken:
            self._wake_queue(connector)
        for home in homes:
            self._wake_home(home)
        return mine

    def _home(self, message: Message) -> int:
        """Who gives its tenant what it is owed."""
        heirs = self._heirs.get(message.home)
        return heirs[message.number % len(heirs)] if heirs else message.home

    def _submit(self, node: int, message: Message, local: bool) -> None:
        message.at = At.QUEUED
        message.queued = self._agenda.now
        self._books.accepted += 1
        if local:
            self._claimed[node][message.number] = message
        else:
            self._books.elsewhere += 1
            self.queues[message.connector].append(message)

    def _sent(self, node: int, message: Message, copy: int) -> bool:
        """True when its receipt was there before."""
        self._claimed[node].pop(message.number, None)
        if message.at != At.QUEUED:
            self._books.repeats += 1
            return False
        message.at = At.SENT
        message.sent_copy = copy
        return bool(message.parked >> copy & 1)

    def _receipt(self, message: Message, copy: int) -> bool:
        """True when it is this message's first; one of a copy that nobody knows of is kept, or an orphan."""
        if message.at == At.QUEUED:
            message.parked |= 1 << copy
        elif message.at == At.SENT and message.sent_copy == copy:
            return True
        else:
            self._books.repeats += 1
        return False

    def claim(self, node: int, connector: int, most: int) -> list[Message]:
        """The first of a queue, for this node."""
        queue = self.queues[connector]
        found = [queue.popleft() for _ in range(min(most, len(queue)))]
        self._claimed[node].update((message.number, message) for message in found)
        return found

    def read_owed(self, home: int, most: int) -> list[Message]:
        """What that node has to give to tenants and does not know of."""
        unread = self._unread[home]
        return [unread.popleft() for _ in range(min(most, len(unread)))]

    def unread(self, home: int) -> int:
        """How much that is."""
        return len(self._unread[home])

    def take_over(self, dead: int, heirs: Sequence[int]) -> None:
        """What a dead node had claimed is back in its queues; others serve its tenants."""
        woken: dict[int, None] = {}
        for message in self._claimed[dead].values():
            self.queues[message.connector].append(message)
            woken[message.connector] = None
        self._claimed[dead] = {}
        owed, self._owed[dead], self._unread[dead] = self._owed[dead], {}, deque()
        self._heirs[dead] = heirs
        homes: dict[int, None] = {}
        for message in owed.values():
            home = self._home(message)
            self._owed[home][message.number] = message
            self._unread[home].append(message)
            homes[home] = None
        for connector in woken:
            self._wake_queue(connector)
        for home in homes:
            self._wake_home(home)
