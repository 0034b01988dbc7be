"""The model's carriers: binds of connectors, each at one node, with a window and a rate; SMSCs answer later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from smsgwd.simulator.scale_model_agenda import Agenda, Lot
from smsgwd.simulator.scale_model_assumptions import Assumptions
from smsgwd.simulator.scale_model_books import Message


class Holder(Protocol):
    """The node at the other end of a bind."""

    number: int
    dead: bool

    def responded(self, bind: Bind, message: Message, copy: int) -> None:
        """The SMSC has answered a submit_sm."""

    def told(self, message: Message, copy: int) -> None:
        """The SMSC has sent a receipt."""

    def bound(self) -> None:
        """Binds have been added."""


class Bind:
    """A bind; `holder` None: nobody is bound."""

    __slots__ = ("connector", "free_at", "holder", "in_flight")

    def __init__(self, connector: int, holder: Holder | None) -> None:
        self.connector = connector
        self.holder = holder
        self.in_flight = 0
        self.free_at = 0.0  #: when its rate lets the next one out


class Carriers:
    """All binds. Those of number i of all are at node i modulo the nodes."""

    def __init__(self, agenda: Agenda, lot: Lot, assumed: Assumptions, nodes: list[Holder]) -> None:
        self._agenda = agenda
        self._lot = lot
        self._assumed = assumed
        self.window = int(assumed.bind_window)
        self._gap = 1.0 / assumed.bind_rate if assumed.bind_rate else 0.0
        each = int(assumed.binds)
        self.binds = [
            [Bind(connector, nodes[(connector * each + number) % len(nodes)]) for number in range(each)]
            for connector in range(int(assumed.connectors))
        ]
        self._kept: list[tuple[Message, int, int]] = []  # receipts that an SMSC keeps, since nobody is bound
        self.sent_twice = 0  #: copies beyond the first
        self.out_s = 0.0  #: of all messages, from being sent to being answered: what windows are full of

    @property
    def count(self) -> int:
        """Binds."""
        return sum(map(len, self.binds))

    def held_by(self, node: Holder) -> list[Bind]:
        """A node's."""
        return [bind for binds in self.binds for bind in binds if bind.holder is node]

    def holders(self, connector: int) -> list[Holder]:
        """Nodes with a bind of it."""
        found = {bind.holder.number: bind.holder for bind in self.binds[connector] if bind.holder is not None}
        return [found[number] for number in sorted(found)]

    def free(self, bind: Bind) -> bool:
        """Whether it takes a message now."""
        return bind.in_flight < self.window and (not self._gap or bind.free_at <= self._agenda.now)

    def submit(self, bind: Bind, message: Message, leaves: float) -> None:
        """Send a copy over it."""
        holder = bind.holder
        assert holder is not None
        message.copies += 1
        self.sent_twice += message.copies > 1
        bind.in_flight += 1
        if self._gap:
            bind.free_at = max(bind.free_at, self._agenda.now) + self._gap
        delay = self._lot.smsc()
        self.out_s += delay
        answer = (holder, bind, message, message.copies)
        self._agenda.at(leaves + delay, self._answered, answer)
        receipt = self._lot.exponential(self._assumed.receipt_delay_ms / 1000)
        self._agenda.at(leaves + delay + receipt, self.tell, (message, message.copies, bind.connector))

    def _answered(self, answer: tuple[Holder, Bind, Message, int]) -> None:
        holder, bind, message, copy = answer
        if bind.holder is holder and not holder.dead:
            bind.in_flight -= 1
            holder.responded(bind, message, copy)

    def tell(self, receipt: tuple[Message, int, int]) -> None:
        """Send a receipt (message, copy, connector) over some bind of the connector."""
        message, copy, connector = receipt
        holders = [bind.holder for bind in self.binds[connector] if bind.holder is not None]
        if not holders:
            self._kept.append(receipt)
            return
        holders[self._lot.random.randrange(len(holders))].told(message, copy)

    def drop(self, node: Holder) -> list[Bind]:
        """All connections to it are gone; its binds, which are nobody's now."""
        dropped = self.held_by(node)
        for bind in dropped:
            bind.holder = None
            bind.in_flight = 0
        return dropped

    def bind(self, binds: list[Bind], nodes: list[Holder], then: Callable[[], object]) -> None:
        """Divide these among those nodes, after the time that binding takes; `then` is called when they are up."""

        def up(_: object) -> None:
            for number, bind in enumerate(binds):
                bind.holder = nodes[number % len(nodes)]
            kept, self._kept = self._kept, []
            for receipt in kept:
                self.tell(receipt)
            then()
            for node in nodes:
                node.bound()

        self._agenda.after(self._assumed.bind_ms / 1000, up)
