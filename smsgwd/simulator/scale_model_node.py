"""A gateway node of the model: a core for the reactor's turns and the writer's commits, some of them under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from smsgwd.simulator.scale_model_agenda import Agenda, Lot
from smsgwd.simulator.scale_model_assumptions import Assumptions
from smsgwd.simulator.scale_model_books import At, Books, Kind, Message
from smsgwd.simulator.scale_model_carriers import Bind, Carriers
from smsgwd.simulator.scale_model_server import Request, Server
from smsgwd.simulator.scale_model_store import Change, Store

_MOST_A_TURN: Final = 256  # a read of each socket brings no more
_MUCH: Final = 100  # changes in a commit from which on commits are furthest apart
_US: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Around:
    """What a node works with."""

    agenda: Agenda
    lot: Lot
    assumed: Assumptions
    books: Books
    server: Server
    store: Store
    carriers: Carriers


class _Flight:
    """A commit that is under way."""

    __slots__ = ("changes", "sent")

    def __init__(self, changes: list[Change]) -> None:
        self.changes = changes
        self.sent = False  # to the server


class Node:
    """`busy_s`: what its core has been busy; `taken_s`: the same with the time that its threads waste on each other;
    `writer_s`: when no further commit could begin. See Holder, too."""

    def __init__(self, number: int, connectors: int) -> None:
        self.number = number
        self.dead = False
        self.busy_s = 0.0
        self.taken_s = 0.0
        self.writer_s = 0.0
        self.renewed = 0.0  #: its lease
        self.door: deque[Message] = deque()  #: came, and wait unanswered
        self._on_way: dict[int, Message] = {}  # into the store
        self._inbox: deque[tuple[float, Callable[[], object]]] = deque()  # cost (µs), what it leads to
        self._batch: list[Change] = []
        self._flights: list[_Flight] = []
        self._full_since = 0.0  # when as many were under way as may be
        self._heard = 0  # calls that are not paid for
        self._ready: list[deque[Message]] = [deque() for _ in range(connectors)]
        self._waiting = 0  # in `_ready`
        self._to_push: list[Message] = []
        self._unacked: dict[tuple[int, int], tuple[Message, int]] = {}  # receipts not answered
        self._fetching: set[int] = set()  # connectors that are asked for, -1: what is owed to tenants
        self._again: set[int] = set()  # ... and there is more by now
        self._next_look: dict[int, float] = {}
        self._binds: dict[int, list[Bind]] = {}
        self._busy = False
        self._turned = False  # the last job was a turn
        self._timer = False
        self._next_commit = 0.0

    def join(self, around: Around) -> None:
        """Begin to work."""
        self._around = around
        assumed = around.assumed
        self._gap_s = assumed.commit_gap_ms / 1000
        self._widest_s = max(self._gap_s, assumed.commit_gap_widest_ms / 1000)
        self._most = int(assumed.commit_most)
        self._most_flights = int(assumed.commits_under_way)
        self.bound()

    # -- what comes to it --------------------------------------------------------------------------------------------

    def submitted(self, message: Message) -> None:
        """A tenant has sent a message."""
        self.door.append(message)
        self._look()

    def responded(self, bind: Bind, message: Message, copy: int) -> None:
        """See Holder."""
        self._put(self._around.assumed.response_us, lambda: self._batch.append(Change(Kind.SENT, message, copy)))

    def told(self, message: Message, copy: int) -> None:
        """See Holder."""
        self._unacked[message.number, copy] = (message, copy)
        self._put(self._around.assumed.receipt_us, lambda: self._batch.append(Change(Kind.RECEIPT, message, copy)))

    def bound(self) -> None:
        """See Holder."""
        self._binds = {}
        for bind in self._around.carriers.held_by(self):
            self._binds.setdefault(bind.connector, []).append(bind)
        for connector in self._binds:
            self.woken(connector)

    def woken(self, about: int) -> None:
        """There may be something in a connector's queue; -1: owed to tenants."""
        if not self.dead:
            self._put(0.0, lambda: self._fetch(about))

    def heard(self) -> None:
        """A call of the server, for whomever: it costs something in the next turn."""
        self._heard += 1

    def die(self) -> tuple[list[Message], list[tuple[Message, int]]]:
        """The process is killed; submissions that nobody answered and no commit took along, receipts not answered."""
        self.dead = True
        sent = [flight.changes for flight in self._flights if flight.sent]
        committed = {change.message.number for changes in sent for change in changes}
        lost = [message for message in (*self._on_way.values(), *self.door) if message.number not in committed]
        self._around.books.repeated_by_clients += sum(number in committed for number in self._on_way)
        self._inbox.clear()
        self._batch.clear()
        return lost, list(self._unacked.values())

    # -- its core ----------------------------------------------------------------------------------------------------

    def _put(self, cost: float, then: Callable[[], object]) -> None:
        self._inbox.append((cost, then))
        self._look()

    def _admits(self) -> int:
        """How many more may be on their way into the store."""
        assumed = self._around.assumed
        most = assumed.doorway if self._waiting <= assumed.doorway_ready else assumed.doorway / 2
        return min(len(self.door), int(most) - len(self._on_way))

    def _look(self) -> None:
        """Begin what is to be done, if the core is free: turns and commits in turn."""
        if self._busy or self.dead:
            return
        agenda = self._around.agenda
        can_commit = bool(self._batch) and len(self._flights) < self._most_flights
        something = bool(self._inbox) or self._admits() > 0
        if can_commit and agenda.now >= self._next_commit and (self._turned or not something):
            self._turned = False
            self._begin_commit()
        elif something:
            self._turned = True
            self._begin_turn()
        elif can_commit and not self._timer:
            self._timer = True
            agenda.at(self._next_commit, self._due)

    def _due(self, _: object) -> None:
        self._timer = False
        self._look()

    def _spend(self, us: float, then: Callable[[Any], object], arg: Any = None) -> None:
        """So much of the core's time; it takes longer while the writer has something to do, too."""
        self._busy = True
        self.busy_s += us * _US
        share = self._around.assumed.core_share if self._batch or self._flights else 1.0
        self.taken_s += us * _US / share
        self._around.agenda.after(us * _US / share, then, arg)

    def _free(self, _: object = None) -> None:
        self._busy = False
        self._look()

    # -- a turn ------------------------------------------------------------------------------------------------------

    def _begin_turn(self) -> None:
        assumed = self._around.assumed
        inbox = self._inbox
        turn = [inbox.popleft() for _ in range(min(_MOST_A_TURN, len(inbox)))]
        come = [self.door.popleft() for _ in range(max(0, min(_MOST_A_TURN, self._admits())))]
        self._on_way.update((message.number, message) for message in come)
        cost = assumed.turn_us + sum(each[0] for each in turn) + len(come) * assumed.submit_us
        cost += self._heard * assumed.wake_us
        self._heard = 0
        self._spend(cost, self._end_turn, (turn, come))

    def _end_turn(self, did: tuple[list[tuple[float, Callable[[], object]]], list[Message]]) -> None:
        if self.dead:
            return
        turn, come = did
        for _, then in turn:
            then()
        for message in come:
            self._batch.append(Change(Kind.SUBMIT, message, local=message.connector in self._binds))
        spent = self._send() + self._push()
        if spent:
            self._spend(spent, self._free)
        else:
            self._free()

    def _send(self) -> float:
        """Whatever the windows allow, at the end of a turn; its cost."""
        if not self._waiting:
            return 0.0
        around = self._around
        cost = 0.0
        for connector, binds in self._binds.items():
            ready = self._ready[connector]
            while ready:
                bind = min(binds, key=lambda each: (not around.carriers.free(each), each.in_flight))
                if not around.carriers.free(bind):
                    if bind.free_at > around.agenda.now:
                        around.agenda.at(bind.free_at, lambda _: self._put(0.0, lambda: None))
                    break
                message = ready.popleft()
                self._waiting -= 1
                cost += around.assumed.send_us
                leaves = around.agenda.now + cost * _US
                around.books.took("queue", message.queued, leaves)
                around.carriers.submit(bind, message, leaves)
            if len(ready) < self._low():
                self._more(connector)
        return cost

    def _push(self) -> float:
        """Give tenants their receipts; its cost."""
        around = self._around
        cost = 0.0
        for message in self._to_push:
            cost += around.assumed.push_us
            around.books.told_twice += message.told
            message.told = True
            leaves = around.agenda.now + cost * _US
            around.books.took("push", message.receipted, leaves)
            around.agenda.at(leaves + around.assumed.client_rtt_ms / 1000, self._pushed, message)
        self._to_push.clear()
        return cost

    def _pushed(self, message: Message) -> None:
        if not self.dead:
            done = Change(Kind.DONE, message)
            self._put(self._around.assumed.pushed_us, lambda: self._batch.append(done))

    # -- commits -----------------------------------------------------------------------------------------------------

    def _begin_commit(self) -> None:
        assumed = self._around.assumed
        changes, self._batch = self._batch[: self._most], self._batch[self._most :]
        gap = self._gap_s + (self._widest_s - self._gap_s) * min(1.0, len(changes) / _MUCH)
        now = self._around.agenda.now
        flight = _Flight(changes)
        self._next_commit = now + gap
        self._flights.append(flight)
        if len(self._flights) == self._most_flights:
            self._full_since = now
        self._spend(assumed.commit_us + len(changes) * assumed.change_us, self._commit, flight)

    def _commit(self, flight: _Flight) -> None:
        if self.dead:
            return
        around = self._around
        assumed = around.assumed
        changes = flight.changes

        def run(request: Request) -> float:
            request.result = around.store.execute(self.number, changes)
            return (assumed.server_commit_us + assumed.server_change_us * len(changes)) * _US

        request = Request(
            run,
            lambda request: self._committed(flight, request),
            writes=True,
            accepted=sum(c.kind is Kind.SUBMIT for c in changes),
        )
        reads = int(assumed.reads_before_commit + around.lot.random.random())
        self._ask(flight, request, reads)
        self._free()

    def _ask(self, flight: _Flight, request: Request, reads: int) -> None:
        """Send it to the server, after so many reads."""
        if self.dead:
            return
        server, cost = self._around.server, self._around.assumed.server_look_us * _US
        if reads:
            server.ask(Request(lambda _: cost, lambda _: self._ask(flight, request, reads - 1), writes=False))
        else:
            flight.sent = True
            server.ask(request)

    def _committed(self, flight: _Flight, request: Request) -> None:
        if len(self._flights) == self._most_flights:
            self.writer_s += self._around.agenda.now - self._full_since
        self._flights.remove(flight)
        if self.dead:
            return
        changes, mine = flight.changes, request.result
        self._put(len(changes) * self._around.assumed.answer_us, lambda: self._answer(changes, mine))

    def _answer(self, changes: list[Change], mine: list[Message]) -> None:
        books, now = self._around.books, self._around.agenda.now
        for kind, message, copy, local in changes:
            if kind is Kind.SUBMIT:
                del self._on_way[message.number]
                books.took("accept", message.arrived, now)
                books.on_answer(message)
                if local:
                    self._ready[message.connector].append(message)
                    self._waiting += 1
            elif kind is Kind.RECEIPT:
                self._unacked.pop((message.number, copy), None)
        self._to_push += mine

    # -- what others took --------------------------------------------------------------------------------------------

    def _low(self) -> int:
        return int(self._around.assumed.claim_page) // 2

    def _more(self, connector: int) -> None:
        if self._around.store.queues[connector]:  # a claim tells whether there is more behind it
            self._fetch(connector)

    def _fetch(self, about: int) -> None:
        """Ask the server; one question about a thing at a time."""
        around = self._around
        assumed = around.assumed
        now = around.agenda.now
        if about in self._fetching or about in self._again:
            self._again.add(about)
            return
        if now < self._next_look.get(about, 0.0):
            self._again.add(about)
            around.agenda.at(self._next_look[about], self._look_again, about)
            return
        page = int(assumed.claim_page)
        room = page if about < 0 else page - len(self._ready[about])
        if room <= 0 or (about >= 0 and about not in self._binds):
            return
        self._fetching.add(about)
        self._next_look[about] = now + assumed.look_gap_ms / 1000

        def run(request: Request) -> float:
            store = around.store
            if self.dead:
                found = []
            elif about < 0:
                found = store.read_owed(self.number, room)
            else:
                found = store.claim(self.number, about, room)
            request.result = found
            return (assumed.server_look_us + len(found) * assumed.server_row_us) * _US

        def reply(request: Request) -> None:
            found = request.result
            if not self.dead:
                self._put(len(found) * assumed.fetch_us, lambda: self._fetched(about, found))

        around.server.ask(Request(run, reply, writes=about >= 0))

    def _fetched(self, about: int, found: list[Message]) -> None:
        self._fetching.discard(about)
        if about < 0:
            self._to_push += [message for message in found if message.at != At.ENDED]
            more = self._around.store.unread(self.number) > 0
        else:
            self._ready[about].extend(found)
            self._waiting += len(found)
            more = False  # what is sent makes room, and asks then
        if about in self._again or more:
            self._again.discard(about)
            self._fetch(about)

    def _look_again(self, about: int) -> None:
        self._again.discard(about)
        if not self.dead:
            self._fetch(about)
