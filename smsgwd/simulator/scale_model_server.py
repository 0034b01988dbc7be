"""The model's Redis master: one thread that takes what waits, does it, has it on disk, and answers; and its replicas.

A turn of the server takes every request that is there, does them one after another, fsyncs once for all (appendfsync
always), then answers. While it does, nothing else is done: that is what bounds one master.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import floor

from smsgwd.simulator.scale_model_agenda import Agenda, Lot
from smsgwd.simulator.scale_model_assumptions import Assumptions
from smsgwd.simulator.scale_model_books import Message


class Request:
    """`run` does it and says how many seconds of the server's thread that took; `reply` is called at the node with what
    `run` left in `result`. `accepted`: messages that its answer acknowledges. `writes`: there is something to fsync."""

    __slots__ = ("accepted", "arrived", "reply", "result", "run", "writes")

    def __init__(
        self, run: Callable[[Request], float], reply: Callable[[Request], object], *, writes: bool, accepted: int = 0
    ) -> None:
        self.run = run
        self.reply = reply
        self.writes = writes
        self.accepted = accepted
        self.arrived = 0.0
        self.result: list[Message] = []


class Server:
    """A master with its replicas."""

    def __init__(self, agenda: Agenda, lot: Lot, assumed: Assumptions) -> None:
        self._agenda = agenda
        self._lot = lot
        self._assumed = assumed
        self._queue: list[Request] = []
        self._busy = False
        self._extra = 0.0
        self._down_until = 0.0
        self._replicas = [0.0] * int(assumed.replicas)  # each one's thread is busy until then
        self._confirmed = 0.0  # when the writes of this turn are
        self._unsafe: deque[tuple[float, float, int]] = deque()  # acknowledged, safe elsewhere from then on; messages
        self.cpu_s = 0.0
        self.fsync_s = 0.0
        self.requests = 0
        self.waited_s = 0.0  #: of all requests, from arriving to being begun
        self.at_risk = 0  #: messages acknowledged that a failure took: nobody else had them yet

    def ask(self, request: Request) -> None:
        """Send it there."""
        self._agenda.after(self._lot.network(), self.take, request)

    def take(self, request: Request) -> None:
        """It has arrived."""
        request.arrived = self._agenda.now
        self._queue.append(request)
        self._begin()

    def spend(self, seconds: float) -> None:
        """What is done now takes so much longer."""
        self._extra += seconds

    def fail(self, seconds: float) -> None:
        """Nobody takes commits for so long; what was done and not answered is answered then (the writers ask)."""
        now = self._agenda.now
        self._down_until = max(self._down_until, now + seconds)
        self.at_risk += sum(count for answered, safe, count in self._unsafe if answered <= now < safe)
        self._agenda.at(self._down_until, lambda _: self._begin())

    def _begin(self) -> None:
        now = self._agenda.now
        if self._busy or not self._queue or now < self._down_until:
            return
        self._busy = True
        batch, self._queue = self._queue, []
        at = now
        for request in batch:
            self.waited_s += at - request.arrived
            self._extra = 0.0
            at += request.run(request) + self._extra
        self.requests += len(batch)
        writes = [request for request in batch if request.writes]
        if writes:
            at += self._assumed.server_turn_us / 1e6
        spent = at - now
        self.cpu_s += spent
        if writes and self._assumed.fsync_always:
            fsync = self._lot.fsync()
            self.fsync_s += fsync
            at += fsync
        self._agenda.at(at, self._done, batch)
        if writes:
            self._confirm(at, spent, sum(request.accepted for request in writes))

    def _done(self, batch: list[Request]) -> None:
        self._busy = False
        answered = max(self._agenda.now, self._down_until)
        for request in batch:
            confirmed = max(answered, self._confirmed) if request.writes else answered
            self._agenda.at(confirmed + self._lot.network(), request.reply, request)
        self._begin()

    def _confirm(self, at: float, spent: float, accepted: int) -> None:
        """When the writes of the turn that ends then are confirmed as asked for, and safe from this server's end."""
        assumed = self._assumed
        local = at
        if not assumed.fsync_always:  # the fsync of this second
            on_disk = floor(at) + 1.0 + self._lot.fsync()
            if assumed.confirm_disk:
                local = on_disk
        else:
            on_disk = at
        reached, acknowledged = [], []
        for number, busy in enumerate(self._replicas):
            arrives = at + self._lot.network()
            done = max(busy, arrives) + spent * assumed.replica_share
            self._replicas[number] = done
            if assumed.confirm_disk:
                done += self._lot.fsync()
            reached.append(arrives)
            acknowledged.append(done + self._lot.network())
        needed = int(assumed.confirm_replicas)
        self._confirmed = max(local, sorted(acknowledged)[needed - 1]) if needed else local
        unsafe = self._unsafe
        while unsafe and unsafe[0][1] <= self._agenda.now:
            unsafe.popleft()
        unsafe.append((self._confirmed, min(reached, default=on_disk), accepted))
