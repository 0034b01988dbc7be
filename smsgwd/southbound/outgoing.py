"""A message on its way to an SMSC: which parts are written, answered and durable, and what is to become of it.

The store counts in the parts that were priced; a connector may cut into fewer (one message_payload) or more PDUs (wider
references). So a PDU stands for one or more of the store's parts, or the other way round: the last ones share.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from enum import IntEnum
from typing import Any

from smsgwd.model.message import Failure, Message

Pair = tuple[int, str, str]
"""Priority, sender and recipient: between messages that have all three the same the order is kept."""

_NO_PARTS: frozenset[int] = frozenset()


class Verdict(IntEnum):
    """What is to be done with a message some of whose PDUs were not taken; of several the highest counts."""

    NONE = 0
    AGAIN = 1  #: send again in its place: throttled, rebound, never left
    UNKNOWN = 2  #: send again in its place, although it may have arrived
    SUSPENDED = 3  #: on another connector, or again in its place when this one sends again
    RETRY = 4  #: try again later
    FAILOVER = 5  #: on another connector, or refused
    GIVE_UP = 6  #: end as unknown
    FAIL = 7  #: refused for good


_NO_VERDICT = Verdict.NONE


class Outgoing:
    """One message in a connector's queue or window."""

    __slots__ = (
        "error",
        "failed_part",
        "key",
        "latency_ms",
        "message",
        "not_before",
        "open",
        "over",
        "pair",
        "pdus",
        "rebinds",
        "sent",
        "smsc_ids",
        "taken",
        "throttled",
        "throttled_at",
        "throttled_of",
        "todo",
        "undurable",
        "unknowns",
        "verdict",
    )

    def __init__(self, message: Message, sent_parts: frozenset[int] = _NO_PARTS) -> None:
        self.message: Message = message
        self.key = (-message.priority, message.id)  #: place in the queue
        self.taken: Set[int] = sent_parts  #: the store's parts that an SMSC has
        self.sent: Set[int] = _NO_PARTS  #: PDUs of this attempt answered well
        self.smsc_ids: dict[int, str] = {}  #: of those that share a part with one not answered yet
        self.pdus: Sequence[Any] = ()  #: what goes out: PDUs, or one thing where a provider gets it whole
        self.todo: list[int] = []  #: PDUs not written yet, last first
        self.open = 0  #: PDUs written and not answered
        self.undurable = 0  #: changes on their way into the store
        self.over = False  #: final in the store already
        self.unknowns = 0  #: outcomes lost in a row
        self.rebinds = 0  #: times it cost the session in a row
        self.throttled = 0  #: times it was throttled while most others got through in between
        self.throttled_at = -1  #: how many had got through when it was throttled last
        self.throttled_of = 0  #: how many had been throttled then
        self.verdict = Verdict.NONE
        self.error: Failure | None = None
        self.failed_part = 1
        self.not_before = 0  #: of the next attempt (ms since 1970), where whoever refused it wants that
        self.latency_ms: int | None = None  #: of the answer that decided; None where there was none
        self.pair: Pair | None = None  #: of the lane it owns or waits in; see pairs.py

    @property
    def need(self) -> int:
        """PDUs that are still to be written, or about as many."""
        return len(self.todo) if self.todo else max(1, self.message.parts - len(self.taken))

    @property
    def lone(self) -> bool:
        """One part that is one PDU: nothing is shared or counted."""
        return self.message.parts == 1 and len(self.pdus) == 1

    def begin(self, pdus: Sequence[Any]) -> None:
        """A new attempt with these PDUs: all but those whose parts the SMSC has."""
        self.verdict = Verdict.NONE
        self.error = None
        self.not_before = 0
        self.pdus = pdus
        count = len(pdus)
        if not self.taken and not self.sent:
            self.todo = list(range(count, 0, -1))
            return
        taken, sent = self.taken, self.sent
        self.todo = [
            number
            for number in range(count, 0, -1)
            if number not in sent and not all(part in taken for part in self.parts_of(number))
        ]

    def begin_lone(self, pdus: Sequence[Any]) -> None:
        """A new attempt of a message of one part with this one PDU, which is written now."""
        self.verdict = _NO_VERDICT
        self.error = None
        self.pdus = pdus
        self.open = 1

    def again_lone(self) -> None:
        """It was not written after all."""
        self.open = 0
        self.todo = [1]

    def parts_of(self, number: int) -> range:
        """The store's parts that PDU `number` stands for."""
        parts, count = self.message.parts, len(self.pdus)
        if number < count or count == parts:
            return range(min(number, parts), min(number, parts) + 1)
        return range(min(number, parts), parts + 1)

    def accept(self, number: int, smsc_id: str) -> list[tuple[int, str]]:
        """PDU `number` was taken: the store's parts that are complete with it, each with its SMSC id."""
        self.sent = self.sent | {number}
        parts, count = self.message.parts, len(self.pdus)
        if count <= parts or number < parts:
            done = [(part, smsc_id) for part in self.parts_of(number)]
        else:  # PDUs from `parts` on share the last part; the first one's id is asked for receipts
            self.smsc_ids[number] = smsc_id
            if len(self.smsc_ids) < count - parts + 1:
                return []
            done = [(parts, self.smsc_ids[parts])]
        self.taken = self.taken | {part for part, _ in done}
        return done

    def parts_with_id_of(self, number: int) -> range:
        """The store's parts whose receipts come under the id of PDU `number`; none for one that asks for no receipt."""
        return self.parts_of(number) if number <= self.message.parts else range(0)

    def decide(self, verdict: Verdict, error: Failure | None, number: int, latency_ms: int | None = None) -> None:
        """PDU `number` was not taken: the gravest verdict stands, and nothing more of the message is written."""
        if verdict > self.verdict:
            self.verdict = verdict
            self.error = error
            self.latency_ms = latency_ms
            self.failed_part = min(number, self.message.parts)
        self.todo = []
