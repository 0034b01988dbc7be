"""What a soak is judged by: the books of clients, SMSCs, tenants and store compared, a message at a time.

Everything is kept in arrays by message number, so that a run of hours is judged in little memory.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from smsgwd.model.message import FINAL_FROM, State
from smsgwd.simulator.books import Books
from smsgwd.simulator.record import LinkLine, PushLine, SubmitLine
from smsgwd.simulator.submissions import number_of
from smsgwd.simulator.tempers import CONTRADICT

MOST_PARTS = 4  #: parts of one message that are told apart
_BAD = ("UNDELIV", "REJECTD")  # receipts after which a route may send a second time
_CLOSING_S = 0.25  # an answer written so shortly before its connection was closed may not have been read
_AFTER_STALL_S = 1.0  # what is taken so shortly after a stall has been waiting
_FINAL_TYPES = frozenset(f"message.{state.public}" for state in State if state >= FINAL_FROM)


class AtSmscs:
    """Copies of each message part at the SMSCs, and how many of them have a reason to be followed by another."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.copies = bytearray(size * MOST_PARTS)
        self._doubtful = bytearray(size * MOST_PARTS)
        self._bad_receipts = bytearray(size)
        self.strangers = 0  #: submits to numbers of nobody

    def take(self, events: Iterable[SubmitLine | LinkLine], submits: Iterable[SubmitLine | LinkLine]) -> None:
        """Enter one SMSC's record, which is read twice: what befell its links first, then its submits."""
        closed: dict[int, float] = {}
        stalls: dict[int, list[tuple[float, float]]] = {}
        unanswered: set[str] = set()
        named_badly: set[str] = set()
        for line in events:
            if isinstance(line, SubmitLine):
                if line.receipt and line.stat in _BAD:
                    named_badly.add(line.receipt)
            elif line.link_event == "closed":
                closed[line.link] = line.at
            elif line.link_event == "stalled":
                stalls.setdefault(line.link, []).append((line.at, line.until + _AFTER_STALL_S))
            else:
                unanswered.add(line.id)
        for line in submits:
            if isinstance(line, LinkLine):
                continue
            number = number_of(line.dest)
            if number >= self._size:
                self.strangers += 1
                continue
            at = number * MOST_PARTS + min(MOST_PARTS - 1, _part_of(line))
            self.copies[at] = min(255, self.copies[at] + 1)
            end = closed.get(line.link, line.at + 10 * _CLOSING_S)
            stalled = any(start <= line.at <= stop for start, stop in stalls.get(line.link, ()))
            if not line.answered or line.id in unanswered or end - line.at <= _CLOSING_S or stalled:
                self._doubtful[at] = min(255, self._doubtful[at] + 1)
            if line.stat in _BAD or CONTRADICT in line.fault or line.id in named_badly:
                self._bad_receipts[number] = min(255, self._bad_receipts[number] + 1)

    def has(self, number: int) -> bool:
        """Whether an SMSC has a part of the message."""
        return any(self.copies[number * MOST_PARTS : (number + 1) * MOST_PARTS])

    def duplicates(self) -> tuple[int, int, list[int]]:
        """Copies too many; those of them sent again after a bad receipt; numbers with one that nothing explains."""
        found = again = 0
        unexplained: list[int] = []
        for at, copies in enumerate(self.copies):
            if copies > 1:
                found += copies - 1
                unknowable = self._doubtful[at]
                after_bad = max(0, copies - 1 - unknowable)
                again += min(after_bad, self._bad_receipts[at // MOST_PARTS])
                if after_bad > self._bad_receipts[at // MOST_PARTS]:
                    unexplained.append(at // MOST_PARTS)
        return found, again, unexplained


class Pushed:
    """The final state each message was pushed with, the push it came with, and what disagreed."""

    def __init__(self, size: int) -> None:
        self.states = bytearray(size)  #: 0 = none
        self._hooks: array[int] = array("L", bytes(array("L").itemsize * size))
        self.ids: array[int] = array("Q", bytes(8 * size))
        self.lines = 0
        self.failed = 0  #: not answered with success, to come again
        self.repeated = 0  #: a push answered with success that came again
        self.second_finals = 0  #: a final push under another webhook-id
        self.contradictions = 0  #: ... that names another state
        self.unsigned = 0
        self.others: Counter[str] = Counter()  #: pushes of types that are no final state
        self.mo: Counter[str] = Counter()  #: subscribers' messages by source
        self.mo_torn = 0  #: of them pushed without all of their parts
        self._mo_hooks: set[str] = set()

    def take(self, lines: Iterable[PushLine]) -> None:
        """Enter a catcher's record."""
        for line in lines:
            self.lines += 1
            self.unsigned += not line.signed
            if not 200 <= line.status < 300:
                self.failed += 1
            elif line.type == "mo.received":
                if line.webhook_id not in self._mo_hooks:
                    self._mo_hooks.add(line.webhook_id)
                    self.mo[line.sender] += 1
                    self.mo_torn += line.missing > 0
            elif line.type not in _FINAL_TYPES:
                self.others[line.type] += 1
            else:
                self._final(line)

    def _final(self, line: PushLine) -> None:
        number = number_of(line.to)
        state = State[line.state.upper()]
        hook = crc32(line.webhook_id.encode()) | 1 << 32
        if not self.states[number]:
            self.states[number] = state
            self.ids[number] = int(line.id)
            self._hooks[number] = hook
        elif self._hooks[number] == hook:
            self.repeated += 1
        else:
            self.second_finals += 1
            self.contradictions += self.states[number] != state


class InStore:
    """What the store says in the end: a state and an id by number."""

    def __init__(self, size: int) -> None:
        self.states = bytearray(size)
        self.ids: array[int] = array("Q", bytes(8 * size))
        self.twice = 0  #: numbers with more than one message
        self.states_counted: Counter[str] = Counter()
        self.parked = 0
        self.open_pushes = 0

    def take(self, path: Path) -> None:
        """Read a store that nobody runs on, or that somebody does. Raises sqlite3.Error."""
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            for identity, msisdn, state in connection.execute("SELECT id, msisdn, state FROM message"):
                number = number_of(msisdn)
                self.twice += self.ids[number] != 0
                self.states[number] = state + 1  # 0 = none
                self.ids[number] = identity
                self.states_counted[State(state).public] += 1
            (self.parked,) = connection.execute("SELECT count(*) FROM parked").fetchone()
            (self.open_pushes,) = connection.execute("SELECT count(*) FROM outbox WHERE status <> 1").fetchone()
        finally:
            connection.close()

    def state(self, number: int) -> State | None:
        """The state of a number's message; None when there is none."""
        return State(self.states[number] - 1) if self.states[number] else None


@dataclass(slots=True)
class Taken:
    """What was accepted: ids by number over HTTP (0 = not), the books of the ESMEs, whose numbers begin at `border`."""

    border: int
    ids: array[int]
    books: Books
    refused: Counter[int] = field(default_factory=Counter)

    def accepted(self, number: int) -> bool:
        """Whether the gateway said that it has the message."""
        return bool(self.ids[number]) if number < self.border else bool(self.books.accepted[number])


def judge_messages(taken: Taken, store: InStore, smscs: AtSmscs, pushed: Pushed) -> tuple[dict[str, int], list[str]]:
    """Counts that must be 0, by what they mean, and a line about each of the first messages concerned."""
    books, border = taken.books, taken.border
    found: Counter[str] = Counter()
    cases: list[str] = []

    def wrong(what: str, number: int) -> None:
        found[what] += 1
        if found[what] <= 5:
            cases.append(f"{what}: number {number}, id {store.ids[number]}, state {store.state(number)!r}")

    for number in range(books.size):
        state = store.state(number)
        if not taken.accepted(number):
            if number < border and state is not None:
                wrong("refused, and in the store", number)
            continue
        if state is None:
            wrong("accepted, not in the store", number)
            continue
        if state < FINAL_FROM:
            wrong("accepted, without a final state", number)
        if state is State.DELIVERED and not smscs.has(number):
            wrong("delivered, and at no SMSC", number)
        if number >= border:
            if not books.receipts[number]:
                wrong("no receipt at its ESME", number)
        elif not pushed.states[number]:
            wrong("never pushed", number)
        elif pushed.states[number] != state:
            wrong("pushed with another state than the store's", number)
        if number < border and taken.ids[number] != store.ids[number]:
            wrong("stored under another id than accepted", number)
    for number in smscs.duplicates()[2]:
        wrong("duplicates that nothing explains", number)
    names = (
        "accepted, not in the store", "accepted, without a final state", "delivered, and at no SMSC", "never pushed",
        "no receipt at its ESME", "pushed with another state than the store's", "stored under another id than accepted",
        "refused, and in the store", "duplicates that nothing explains",
    )  # fmt: skip
    counts = {name: found[name] for name in names}
    counts |= {
        "admitted twice": store.twice,
        "pushed a second final state": pushed.second_finals,
        "receipts twice at their ESME": len(books.repeats),
        "pushes wrongly signed": pushed.unsigned,
        "pushes still owed": store.open_pushes,
        "at the SMSC, sent by nobody": smscs.strangers,
        "requests refused": taken.refused.total() + books.refused.total(),
    }
    return counts, cases


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """How fast a figure grows over its samples (time, value): least squares; 0 for fewer than two."""
    count = len(samples)
    if count < 2:
        return 0.0
    mean_x = sum(x for x, _ in samples) / count
    mean_y = sum(y for _, y in samples) / count
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


def second_half(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The samples (time, value) of the second half of their time."""
    if not samples:
        return []
    middle = (samples[0][0] + samples[-1][0]) / 2
    return list(samples[bisect_left(samples, (middle, 0.0)) :])


def _part_of(line: SubmitLine) -> int:
    """Which part a submit carries, from 0: of its user data header (8-bit references) or SAR TLVs."""
    if line.sar:
        return int(line.sar.rpartition("/")[2]) - 1
    header = bytes.fromhex(line.udh)[1:]
    while len(header) > 2:
        kind, length = header[0], header[1]
        if kind in (0x00, 0x08):  # concatenation (3GPP TS 23.040 s9.2.3.24.1 and .8)
            return header[1 + length] - 1
        header = header[2 + length :]
    return 0
