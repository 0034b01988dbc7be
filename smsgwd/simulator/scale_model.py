"""A model of many gateway nodes on one Redis master: what they take together, what fills first, what a death costs.

Discrete events, one generator of chance with a seed: the same options have the same result. What it takes for granted
is in scale_model_assumptions.py; scripts/scale_model asks it, docs/scale.md says what came out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smsgwd.simulator.scale_model_agenda import Agenda, Lot
from smsgwd.simulator.scale_model_assumptions import Assumptions
from smsgwd.simulator.scale_model_books import Books, Message
from smsgwd.simulator.scale_model_carriers import Bind, Carriers, Holder
from smsgwd.simulator.scale_model_node import Around, Node
from smsgwd.simulator.scale_model_server import Request, Server
from smsgwd.simulator.scale_model_store import Store

_US: Final = 1e-6
_STEP_S: Final = 0.25
_SPREAD_S: Final = 0.3  # in which the messages of a saturated run begin


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """`rate`: messages a second of all nodes together, 0 = as many as go. Times are seconds: `warm_s` passes before
    anything is measured, `measure_s` is what is measured, for `drain_s` at most what is left is waited for. A failure
    comes so long after the beginning of the measurement; 0 = none."""

    nodes: int = 1
    rate: float = 0.0
    seed: int = 1
    warm_s: float = 0.5
    measure_s: float = 1.0
    drain_s: float = 60.0
    node_dies_s: float = 0.0
    server_fails_s: float = 0.0
    assumed: Assumptions = field(default_factory=Assumptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came out; `offered` is the rate that was asked for. CPU and `binds_full` are shares of what there is;
    `server_full`: of its thread's time, fsyncs included; `busiest_node`: with what its two threads waste on each other;
    `writer_full`: of the time a node has as many commits under way as may be. `left`: messages that came and had not
    ended. `takeover_s`: from a death until its binds were up again."""

    nodes: int
    offered: float
    came_per_s: float
    messages_per_s: float
    node_us: float
    node_cpu: float
    busiest_node: float
    writer_full: float
    server_us: float
    server_cpu: float
    server_full: float
    server_wait_us: float
    binds_full: float
    changes_a_commit: float
    elsewhere: float
    latency_ms: dict[str, dict[str, float]]
    came: int
    accepted: int
    ended: int
    left: int
    ended_twice: int
    sent_twice: int
    told_twice: int
    repeated_by_clients: int
    takeover_s: float
    at_risk: int


class _Mark:
    """Counters at one moment."""

    def __init__(self, model: _Model) -> None:
        server, books = model.server, model.books
        self.nodes = [node.busy_s for node in model.nodes]
        self.taken = [node.taken_s for node in model.nodes]
        self.writers = sum(node.writer_s for node in model.nodes)
        self.cpu, self.fsync, self.waited, self.requests = (
            server.cpu_s, server.fsync_s, server.waited_s, server.requests,
        )  # fmt: skip
        self.changes, self.commits, self.out = books.changes, books.commits, model.carriers.out_s
        self.came, self.accepted, self.elsewhere = books.came, books.accepted, books.elsewhere


def simulate(options: ModelOptions) -> Result:
    """One run. Raises ValueError for options that make no sense."""
    if options.nodes < 1 or options.rate < 0 or options.measure_s <= 0:
        raise ValueError("there is at least one node, a rate that is not negative, and a time to measure")
    if options.node_dies_s and options.nodes < 2:
        raise ValueError("when the only node dies there is nobody to take over")
    if options.node_dies_s and options.server_fails_s:
        raise ValueError("one failure at a time")
    return _Model(options).run()


class _Model:
    def __init__(self, options: ModelOptions) -> None:
        assumed = options.assumed
        self._options = options
        self._assumed = assumed
        self.agenda = agenda = Agenda()
        self._lot = lot = Lot(options.seed, assumed)
        self.books = books = Books(agenda)
        self.nodes = [Node(number, int(assumed.connectors)) for number in range(options.nodes)]
        self.server = Server(agenda, lot, assumed)
        holders: list[Holder] = list(self.nodes)
        self.carriers = Carriers(agenda, lot, assumed, holders)
        store = Store(
            agenda, books, options.nodes, int(assumed.connectors), self._wake_queue, lambda home: self._wake([home], -1)
        )
        self._store = store
        around = Around(agenda, lot, assumed, books, self.server, store, self.carriers)
        for node in self.nodes:
            node.join(around)
        self._open = True  # messages come
        self._takeover_s = 0.0

    def run(self) -> Result:
        options = self._options
        begins, ends = options.warm_s, options.warm_s + options.measure_s
        self._begin_arrivals()
        for node in self.nodes:
            self.agenda.at(self._lot.random.random() * self._assumed.renew_s, self._renew, node)
        if options.node_dies_s:
            self.agenda.at(begins + options.node_dies_s, self._die, self.nodes[-1])
        if options.server_fails_s:
            fails = self._assumed.failover_s
            self.agenda.at(begins + options.server_fails_s, lambda _: self.server.fail(fails))
        self.agenda.run(begins)
        self.books.measuring = True
        first = _Mark(self)
        self.agenda.run(ends)
        self.books.measuring = False
        last = _Mark(self)
        self._open = False
        until = ends
        while until < ends + options.drain_s and not self.agenda.run(until + _STEP_S):
            until += _STEP_S
        return self._result(first, last)

    # -- messages come -----------------------------------------------------------------------------------------------

    def _begin_arrivals(self) -> None:
        assumed, options = self._assumed, self._options
        if not options.rate:
            if assumed.until_answer:
                self.books.on_answer = self._next_life
            else:
                self.books.on_end = self._next_life
            lives = int(min(assumed.lives * len(self.nodes), assumed.lives_in_all))
            for number in range(lives):
                self.agenda.at(self._lot.random.random() * _SPREAD_S, self._come, number % len(self.nodes))
        elif assumed.tick_ms:
            self._tick_begun = 0.0
            self.agenda.at(0.0, self._tick)
        else:
            self.agenda.at(0.0, self._arrive)

    def _next_life(self, message: Message) -> None:
        if self._open:
            self.agenda.after(self._assumed.client_rtt_ms / 1000, self._come, message.home)

    def _arrive(self, _: object) -> None:
        """By chance: single messages and bursts, each at some node."""
        if not self._open:
            return
        assumed, lot = self._assumed, self._lot
        # Of all arrivals so many are bursts that their messages are burst_share of all.
        share, size = assumed.burst_share, assumed.burst_size
        bursts = share / size / (share / size + 1 - share)
        count = max(1, round(lot.exponential(size))) if lot.random.random() < bursts else 1
        node = lot.random.randrange(len(self.nodes))
        for _ in range(count):
            self._come(node)
        mean = 1 / (share / size + 1 - share)  # messages an arrival
        self.agenda.after(lot.exponential(mean / self._options.rate), self._arrive)

    def _tick(self, _: object) -> None:
        """As our paced load: what is due, at once."""
        if not self._open:
            return
        due = int(self.agenda.now * self._options.rate) - self.books.came
        for number in range(due):
            self._come(number % len(self.nodes))
        self.agenda.after(self._assumed.tick_ms / 1000, self._tick)

    def _come(self, node: int) -> None:
        if not self._open:
            return
        self.books.came += 1
        connector = self._lot.random.randrange(int(self._assumed.connectors))
        message = Message(self.books.came, node, connector, self.agenda.now)
        self._submit(message)

    def _submit(self, message: Message) -> None:
        node = self.nodes[message.home]
        if node.dead:  # its tenants find others
            living = [each.number for each in self.nodes if not each.dead]
            message.home = living[self._lot.random.randrange(len(living))]
            self.agenda.after(self._assumed.reconnect_s, lambda _: self._submit(message))
        else:
            node.submitted(message)

    # -- the server tells --------------------------------------------------------------------------------------------

    def _wake_queue(self, connector: int) -> None:
        self._wake([holder.number for holder in self.carriers.holders(connector)], connector)

    def _wake(self, nodes: list[int], about: int) -> None:
        """Tell these; whoever else hears it, too, spends time on it."""
        told = self.nodes if self._assumed.wakes_to_all else [self.nodes[number] for number in nodes]
        self.server.spend(self._assumed.server_wake_us * len(told) * _US)
        for node in told:
            node.heard()
        for number in nodes:
            self.agenda.after(self._lot.network(), self._woken, (number, about))

    def _woken(self, call: tuple[int, int]) -> None:
        number, about = call
        self.nodes[number].woken(about)

    def _renew(self, node: Node) -> None:
        """Renew the lease, and look at those of all others."""
        if node.dead or not self._open:
            return
        cost = (self._assumed.server_lease_us + len(self.nodes) * self._assumed.server_peer_us) * _US
        node.renewed = self.agenda.now
        self.server.ask(Request(lambda _: cost, lambda _: None, writes=False))
        self.agenda.after(self._assumed.renew_s, self._renew, node)

    # -- failures ----------------------------------------------------------------------------------------------------

    def _die(self, node: Node) -> None:
        """Clients and SMSCs see it at once, the other nodes when its lease is over."""
        died = self.agenda.now
        assumed = self._assumed
        submissions, receipts = node.die()
        dropped = self.carriers.drop(node)
        for message, copy in receipts:
            self.carriers.tell((message, copy, message.connector))
        for message in submissions:
            self._submit(message)
        heirs = [each for each in self.nodes if not each.dead]
        ends = node.renewed + assumed.lease_s

        def taken(_: object) -> None:
            holders: list[Holder] = list(heirs)
            self._store.take_over(node.number, [heir.number for heir in heirs])
            self.carriers.bind(dropped, holders, lambda: self._took_over(died, dropped))

        self.agenda.at(ends + assumed.notice_s + 2 * self._lot.network(), taken)

    def _took_over(self, died: float, dropped: list[Bind]) -> None:
        assert all(bind.holder is not None for bind in dropped)
        self._takeover_s = self.agenda.now - died

    # -- what came out -----------------------------------------------------------------------------------------------

    def _result(self, first: _Mark, last: _Mark) -> Result:
        options, books = self._options, self.books
        seconds = options.measure_s
        ended = max(1, books.ended_measured)
        busy = [after - before for before, after in zip(first.nodes, last.nodes, strict=True)]
        taken = [after - before for before, after in zip(first.taken, last.taken, strict=True)]
        cpu = last.cpu - first.cpu
        windows = self.carriers.count * self.carriers.window
        return Result(
            nodes=options.nodes,
            offered=options.rate,
            came_per_s=(last.came - first.came) / seconds,
            messages_per_s=books.ended_measured / seconds,
            node_us=sum(busy) / ended / _US,
            node_cpu=sum(busy) / seconds / options.nodes,
            busiest_node=max(taken) / seconds,
            writer_full=(last.writers - first.writers) / seconds / options.nodes,
            server_us=cpu / ended / _US,
            server_cpu=cpu / seconds,
            server_full=(cpu + last.fsync - first.fsync) / seconds,
            server_wait_us=(last.waited - first.waited) / max(1, last.requests - first.requests) / _US,
            binds_full=(last.out - first.out) / seconds / windows,
            changes_a_commit=(last.changes - first.changes) / max(1, last.commits - first.commits),
            elsewhere=(last.elsewhere - first.elsewhere) / max(1, last.accepted - first.accepted),
            latency_ms=books.latencies(),
            came=books.came,
            accepted=books.accepted,
            ended=books.ended,
            left=books.came - books.ended,
            ended_twice=books.ended_twice,
            sent_twice=self.carriers.sent_twice,
            told_twice=books.told_twice,
            repeated_by_clients=books.repeated_by_clients,
            takeover_s=self._takeover_s,
            at_risk=self.server.at_risk,
        )
