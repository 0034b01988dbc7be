"""Messages of the model, and what is counted of them: how many came and ended, and how long all took."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final

from smsgwd.simulator.figures import percentiles
from smsgwd.simulator.scale_model_agenda import Agenda


class At(IntEnum):
    """How far a message is, as the store knows it."""

    CLIENT = 0  #: not accepted
    QUEUED = 1
    SENT = 2
    RECEIPTED = 3
    ENDED = 4


class Kind(IntEnum):
    """A change of the store: four a message."""

    SUBMIT = 0
    SENT = 1
    RECEIPT = 2
    DONE = 3


class Message:
    """One message. `home`: the node its tenant is connected to. `copies`: how often it was sent to an SMSC;
    `sent_copy`: the one whose answer the store has, 0 = none."""

    __slots__ = (
        "arrived", "at", "connector", "copies", "home", "number", "parked", "queued", "receipted", "sent_copy", "told",
    )  # fmt: skip

    def __init__(self, number: int, home: int, connector: int, arrived: float) -> None:
        self.number = number
        self.home = home
        self.connector = connector
        self.arrived = arrived
        self.at = At.CLIENT
        self.copies = 0
        self.sent_copy = 0
        self.parked = 0  #: copies whose receipt came before the store had their answer: a bit each
        self.told = False  #: its receipt was given to its tenant
        self.queued = 0.0  #: when the store had it
        self.receipted = 0.0  #: when the store had its receipt


SAMPLES: Final = ("accept", "queue", "push", "life")


class Books:
    """Counts all; times, CPU and rates are those of messages while `measuring`."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self.measuring = False
        self.on_end: Callable[[Message], object] = lambda _: None
        self.on_answer: Callable[[Message], object] = lambda _: None
        self.came = 0
        self.accepted = 0
        self.ended = 0
        self.ended_measured = 0
        self.told_twice = 0  #: receipts given to their tenant beyond the first
        self.ended_twice = 0  #: must stay 0
        self.repeats = 0  #: changes that the store had before: receipts that an SMSC sent again, and the like
        self.repeated_by_clients = 0  #: submissions whose answer a node's death took with it
        self.changes = 0
        self.commits = 0
        self.elsewhere = 0  #: messages that were not sent by the node which took them
        self.times: dict[str, list[float]] = {name: [] for name in SAMPLES}

    def took(self, name: str, since: float, until: float) -> None:
        """A time: `accept` (came to answered), `queue` (durable to written to an SMSC), `push` (receipt durable to
        written to the tenant), `life` (came to all done)."""
        if self.measuring:
            self.times[name].append(until - since)

    def end(self, message: Message) -> None:
        """It has reached its end."""
        if message.at == At.ENDED:
            self.ended_twice += 1
            return
        message.at = At.ENDED
        self.ended += 1
        if self.measuring:
            self.ended_measured += 1
        self.took("life", message.arrived, self._agenda.now)
        self.on_end(message)

    def latencies(self) -> dict[str, dict[str, float]]:
        """p50, p99 and max in ms, by name."""
        return {name: percentiles(times) for name, times in self.times.items()}
