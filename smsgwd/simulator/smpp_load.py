"""The SMPP load: many ESMEs of many accounts in one loop, each with a window, at a few microseconds a message.

What is known of a message stands in arrays by its number (`Books`): nothing is an object of its own. A deliver_sm is
acknowledged as soon as it has been read; its number is in its source address, its id in its text and in TLV 0x001E.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from smsgwd.simulator.books import Books
from smsgwd.simulator.lean_loop import MAX_PDU, LeanLink, LeanLoop, pack_header, unpack_header
from smsgwd.simulator.submit_template import FIRST_SEQUENCE, SubmitTemplate
from smsgwd.smpp import constants as c

_DELIVER_RESP = b"\x00\x00\x00\x11\x80\x00\x00\x05\x00\x00\x00\x00"
_BINDING_AT_ONCE = 10  # a server need not take more unbound sessions of one address
_RECONNECT_S = 0.05
_TICK_S = 0.002  # of a paced load: what falls due within one leaves at its end
_LATER = frozenset((0x08, 0x14, 0x58))  # command_status that says: again, later


@dataclass(frozen=True, slots=True)
class BindPlan:
    """One session to be: `account` is an index for the figures, `mode` t(ransmitter), r(eceiver) or b(oth). `address`:
    where it binds, when that is not where the others do."""

    system_id: str
    password: str
    account: int = 0
    mode: str = "b"
    address: tuple[str, int] | None = None


class EsmeLink(LeanLink):
    """One bind of the load."""

    __slots__ = ("accepted", "bound", "in_flight", "index", "load", "next_try", "plan", "refusal", "unbound")

    def __init__(self, load: SmppLoad, index: int, plan: BindPlan) -> None:
        super().__init__(load.loop)
        self.load = load
        self.index = index
        self.plan = plan
        self.bound = False
        self.unbound = False
        self.refusal = 0
        self.in_flight = 0
        self.accepted = 0
        self.next_try = 0.0

    def opened(self, now: float) -> None:
        """See LeanLink."""
        plan = self.plan
        command = {"t": c.BIND_TRANSMITTER, "r": c.BIND_RECEIVER, "b": c.BIND_TRANSCEIVER}[plan.mode]
        body = plan.system_id.encode() + b"\0" + plan.password.encode() + b"\0\0" + bytes((c.VERSION_3_4, 0, 0, 0))
        self.out.append(pack_header(16 + len(body), command, 0, 1) + body)

    def closed(self, now: float) -> None:
        """See LeanLink."""
        self.bound = False
        self.in_flight = 0
        self.load.lost(self, now)

    def take(self, data: bytes, now: float) -> int:
        """See LeanLink."""
        books = self.load.books
        out = self.out
        accepted, ids, enter = books.accepted, books.ids, books.enter_receipt
        at: int = 0
        stop: int = 0
        end = len(data)
        answered = good = 0
        while end - at >= 16:
            length, command, status, sequence = unpack_header(data, at)
            if not 16 <= length <= MAX_PDU:
                raise ValueError(f"command_length {length}")
            stop = at + length
            if stop > end:
                break
            if command == 0x80000004:
                answered += 1
                number = sequence - FIRST_SEQUENCE
                if status:
                    self.load.refused(number, status)
                elif not accepted[number]:
                    accepted[number] = now
                    ids[number] = data[at + 16 : stop - 1]
                    good += 1
            elif command == 5:
                out.append(_DELIVER_RESP)
                out.append(data[at + 12 : at + 16])
                out.append(b"\0")
                enter(data, at, stop, now)
            else:
                self._control(command, status, sequence, now)
                if self.sock is None:
                    return stop
            at = stop
        if answered:
            self.in_flight -= answered
            self.accepted += good
            books.answered += answered
            books.accepted_count += good
        if self.bound and self.plan.mode != "r":
            self.load.fill(self, now)
        return at

    def _control(self, command: int, status: int, sequence: int, now: float) -> None:
        if command in (c.BIND_TRANSMITTER_RESP, c.BIND_RECEIVER_RESP, c.BIND_TRANSCEIVER_RESP):
            self.refusal = status
            if status:
                self.close()
            else:
                self.bound = True
                self.load.bound(self)
        elif command == c.ENQUIRE_LINK:
            self.out.append(pack_header(16, c.ENQUIRE_LINK_RESP, 0, sequence))
        elif command == c.UNBIND:
            self.out.append(pack_header(16, c.UNBIND_RESP, 0, sequence))
            self.flush()
            self.close()
        elif command == c.UNBIND_RESP:
            self.unbound = True
            self.close()

    def unbind(self) -> None:
        """Ask to end."""
        self.out.append(pack_header(16, c.UNBIND, 0, 2))
        self.flush()


class LoadError(Exception):
    """The load cannot go on; the text says why."""


class SmppLoad:
    """Sends numbers over binds, waking up at most once in `coalesce_s`. With `reconnect` a lost bind comes back, and
    what it had unanswered is `unknown`, and what was refused for now goes again after `again_s`; without it a lost bind
    ends the load."""

    def __init__(
        self,
        address: tuple[str, int],
        plans: list[BindPlan],
        template: SubmitTemplate,
        books: Books,
        *,
        window: int = 200,
        reconnect: bool = False,
        coalesce_s: float = 0.0,
        again_s: float = _RECONNECT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.loop = LeanLoop(clock, coalesce_s)
        self.books = books
        self.links = [EsmeLink(self, index, plan) for index, plan in enumerate(plans)]
        self.drops = 0
        self.put_off = 0  #: answers that said later, sent again
        self.first_at = 0.0  #: of the present run: when it began (s, monotonic)
        self.exhausted_at = 0.0  #: when the last number had been sent
        self.at_exhaustion: list[int] = []  #: accepted of each bind then, of this run
        self._address = address
        self._template = template
        self._window = window
        self._reconnect = reconnect
        self._again_s = again_s
        self._clock = clock
        self._waiting: deque[EsmeLink] = deque()  # links that are to connect
        self._binding = 0
        self._closing = False
        self._senders = [link for link in self.links if link.plan.mode != "r"]
        self._start = self._next = self._stop = self._limit = 0
        self._rate = 0.0
        self._again: deque[tuple[float, int]] = deque()
        self._turn = 0
        self._before: list[int] = []
        self._failure = ""

    # ------------------------------------------------------------------ binds
    def bind(self, patience_s: float = 60.0) -> None:
        """Bind all; returns when all are bound. Raises LoadError."""
        now = self._clock()
        end = now + patience_s
        self._waiting.extend(link for link in self.links if not link.bound)
        while not all(link.bound for link in self.links):
            if self._failure:
                raise LoadError(self._failure)
            if now > end:
                missing = sum(not link.bound for link in self.links)
                raise LoadError(f"{missing} of {len(self.links)} binds were not answered within {patience_s:g} s")
            self._connect(now)
            now = self.loop.turn(0.01)

    def unbind(self, patience_s: float = 3.0) -> None:
        """Unbind all and close; waits a little for the answers."""
        self._closing = True
        for link in self.links:
            if link.bound:
                link.unbind()
        end = self._clock() + patience_s
        while any(link.sock is not None for link in self.links) and self._clock() < end:
            self.loop.turn(0.01)
        self.close()

    def close(self) -> None:
        """Close every socket."""
        self._closing = True
        for link in self.links:
            link.close()
        self.loop.close()

    def bound(self, link: EsmeLink) -> None:
        """A link's call: it is bound."""
        self._binding -= 1

    def lost(self, link: EsmeLink, now: float) -> None:
        """A link's call: its socket is closed."""
        if self._closing:
            return
        if link.refusal and not self._reconnect:
            self._failure = f"the bind of {link.plan.system_id} was refused with 0x{link.refusal:02X}"
            return
        if not self._reconnect:
            self._failure = f"a connection of {link.plan.system_id} was closed, or could not be made"
            return
        self._orphan(link)
        link.next_try = now + _RECONNECT_S
        self._waiting.append(link)

    def _orphan(self, link: EsmeLink) -> None:
        """What a lost link had unanswered is unknown from now on."""
        books, mine = self.books, link.index + 1
        found = [
            number
            for number in range(min(self._next, books.size))
            if books.link[number] == mine and not books.accepted[number]
        ]
        if found:
            self.drops += 1
        for number in found:
            books.link[number] = -1
        books.unknown.update(found)

    def _connect(self, now: float) -> None:
        waiting = self._waiting
        self._binding = sum(link.sock is not None and not link.bound for link in self.links)
        while waiting and self._binding < _BINDING_AT_ONCE and waiting[0].next_try <= now:
            link = waiting.popleft()
            link.refusal = 0
            self._binding += 1
            link.connect(link.plan.address or self._address)

    # ------------------------------------------------------------------ messages
    def run(
        self,
        numbers: range,
        *,
        rate: float = 0.0,
        stalled_s: float = 30.0,
        receipts: bool = True,
        tick: Callable[[], None] | None = None,
    ) -> bool:
        """Send the numbers, at `rate` a second (0 = as fast as windows allow); wait for their answers and receipts.

        False when nothing came for `stalled_s`. `tick` is called at least every 50 ms. Raises LoadError.
        """
        books = self.books
        now = self._clock()
        self._start = self._next = numbers.start
        self._stop = numbers.stop
        self._limit = numbers.start if rate else numbers.stop
        self._rate = rate
        self.first_at, self.exhausted_at = now, 0.0
        self._before = [link.accepted for link in self.links]
        refused_before, received_before = books.refused.total(), books.received
        accepted_before = books.accepted_count
        seen, moved = (-1, -1), now
        wait = _TICK_S if rate else 0.05
        self._fill_all(now)
        while True:
            done = self._next >= self._stop and not self._again and not self._in_flight()
            accepted = books.accepted_count - accepted_before
            refused = books.refused.total() - refused_before
            if done and (not receipts or books.received - received_before >= accepted):
                return True
            if (state := (accepted + refused, books.received)) != seen:
                seen, moved = state, now
            elif now - moved > stalled_s:
                return False
            if self._failure:
                raise LoadError(self._failure)
            now = self.loop.turn(wait)
            if self._waiting:
                self._connect(now)
            if rate:
                self._pace(now)
            if rate or self._again or self._reconnect:
                self._fill_all(now)
            if tick is not None:
                tick()

    @property
    def begun(self) -> int:
        """The first number that has not been sent."""
        return self._next

    def enough(self) -> None:
        """For `tick`: nothing leaves in this run that is not due by now."""
        self._stop = self._limit

    def linger(self, until: Callable[[], bool], stalled_s: float, tick: Callable[[], None]) -> bool:
        """Send nothing, take what comes, until a condition holds; False when no receipt came for `stalled_s`."""
        now = moved = self._clock()
        seen = -1
        while not until():
            if (state := self.books.received + len(self.books.repeats)) != seen:
                seen, moved = state, now
            elif now - moved > stalled_s:
                return False
            if self._failure:
                raise LoadError(self._failure)
            now = self.loop.turn(0.05)
            self._connect(now)
            tick()
        return True

    def _pace(self, now: float) -> None:
        """What may leave by now. Latency counts from here, also of what no window has room for yet."""
        begin = self._limit
        self._limit = max(begin, min(self._stop, self._start + int((now - self.first_at) * self._rate)))
        due = self.books.due
        for number in range(begin, self._limit):
            due[number] = now

    def _in_flight(self) -> int:
        return sum(link.in_flight for link in self.links)

    def refused(self, number: int, status: int) -> None:
        """A link's call: a submit was refused; with `reconnect` what may be tried later is."""
        if self._reconnect and status in _LATER:
            self.put_off += 1
            self.books.link[number] = 0
            self._again.append((self._clock() + self._again_s, number))
        else:
            self.books.refused[status] += 1
            self.books.link[number] = -2

    def fill(self, link: EsmeLink, now: float, most: int = 1_000_000) -> None:
        """Give a link as many numbers as its window has room for, `most` at the most."""
        room = min(self._window - link.in_flight, most)
        if room <= 0:
            return
        books, frame, out = self.books, self._template.frame, link.out
        due, owner, mine = books.due, books.link, link.index + 1
        begin = self._next
        stop = min(begin + room, self._limit)
        if begin < stop:
            self._next = stop
            link.in_flight += stop - begin
            room -= stop - begin
            if not self._rate:
                for number in range(begin, stop):
                    due[number] = now
            for number in range(begin, stop):
                owner[number] = mine
                out.append(frame(number))
            if stop == self._stop:
                self.exhausted_at = now
                self.at_exhaustion = [
                    each.accepted - before for each, before in zip(self.links, self._before, strict=True)
                ]
        while room and self._again and self._again[0][0] <= now:
            number = self._again.popleft()[1]
            owner[number] = mine
            out.append(frame(number))
            link.in_flight += 1
            room -= 1

    def _fill_all(self, now: float) -> None:
        """Hand out what may leave now among the senders, in turn."""
        links = self._senders
        most = 1_000_000
        if self._rate:
            most = max(8, -(-(self._limit - self._next) // len(links)))
        count = len(links)
        for step in range(count):
            if self._next >= self._limit and not self._again:
                break
            link = links[(self._turn + step) % count]
            if link.bound:
                self.fill(link, now, most)
                link.flush()
        self._turn += 1
