"""How the writer thread commits to the server: computed here, checked and written there, again on a conflict.

While the server writes one, the next is computed on it as if it had happened (`flights.py`). What does not go well is
tried again alone, with nothing else under way: that is where it is found out what a failure means.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty
from typing import Any, Final

from smsgwd.model.changes import Result
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis.apply.table import apply, prefetch
from smsgwd.store.redis.blocking import Blocking
from smsgwd.store.redis.confirm import Confirm
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.flights import Flight
from smsgwd.store.redis.keys import number_of
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.tx import Tx
from smsgwd.store.redis.work import RedisWork
from smsgwd.store.writer import Batch, CannotOpen, Job, Judgement, Outcome, Report, Writer

_MOST_TRIES: Final = 100
_PATIENCE_S: Final = 1.0  # that a commit is not known to be safe before whoever waits behind it is refused
_PAUSE_S: Final = 0.1
_MOST_UNDER_WAY: Final = 2  # commits: while the server does one, the next is computed
_FENCED: Final = [b"fenced"]


class Fenced(StoreUnavailable):
    """This node's lease is another's, or nobody's: it may not write before it has a new one."""


def _nothing(_: object) -> None:
    pass


class Conflict(Exception):  # noqa: N818 -- what it says
    """What a transaction was computed from has changed; `keys` are the rows."""


class RedisWriter(Writer[Tx]):
    """Commits by function calls to `server`. `confirm` is what must be confirmed before a commit is acknowledged, None
    for no more than the server's reply; `fence` tells the key and the token of this node's lease."""

    def __init__(
        self,
        memory: Memory,
        server: Blocking,
        opened: Callable[[int | CannotOpen], None],
        answer: Callable[[Report], None],
        *,
        gap_s: float,
        most: int,
        before_commit: Callable[[], None] | None = None,
        after_commit: Callable[[], None] | None = None,
        fence: Callable[[], tuple[str, bytes] | None] = lambda: None,
        confirm: Confirm | None = None,
    ) -> None:
        super().__init__(opened, answer, gap_s=gap_s, most=most)
        self.memory = memory
        self.conflicts = 0  #: commits that were computed again
        self.answers_lost = 0  #: commits of which it had to be found out whether they happened
        #: Called on the reactor with how long the server took for a commit, seconds.
        self.round_trip: Callable[[float], object] = lambda seconds: None
        self._server = server
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._fence = fence
        self._confirm = confirm
        self._own = os.urandom(4)
        self._counter = itertools.count(1)
        self._key = memory.keys.writer(memory.node or self._own.hex())
        self._stamp = b""  # what this writer's row begins with, once all that is under way has happened
        self._under_way: deque[Flight] = deque()  # of this thread

    def _next_stamp(self) -> bytes:
        return self._own + (next(self._counter) & 0xFFFFFFFF).to_bytes(4, "big")

    # -- Writer ----------------------------------------------------------------------------------------------------

    def prepare(self) -> int:
        """See Writer: no commit of an earlier life of this node can happen any more."""
        keys = self.memory.keys
        try:
            self._settle(b"")
            numbers, *found = self._server.ask(
                [
                    ("HVALS", keys.numbers),
                    *(("ZREVRANGEBYLEX", index, "+", "-", "LIMIT", 0, 1) for index in (keys.messages, keys.lookups)),
                ]
            )
            if not self.memory.finals and not self.memory.node:  # of several nodes another may want them
                self._server.ask([("UNLINK", keys.finals, keys.final_ids)])
        except (Unreachable, Refused) as error:
            raise CannotOpen(str(error)) from error
        self.memory.go_on(max(map(int, numbers), default=0))
        return max((number_of(page[0]) for page in found if page), default=0)

    def _settle(self, stamp: bytes, *before: bytes) -> int:
        """1 when the commit with this stamp happened, 2 when only that `before` it did; afterwards none can any more.
        May be asked again."""
        new = self._next_stamp()
        happened: int = self._server.function("smsgwd_settle", [self._key], [stamp, new, *before])
        self._stamp = new
        return happened

    def target(self) -> Tx:
        """See Writer."""
        return Tx(self._server.ask, self.memory.cache)

    def commit(self, batches: list[Batch]) -> list[tuple[object, Outcome]]:
        """See Writer."""
        fresh = False
        for tries in itertools.count(1):
            try:
                return self._try(batches)
            except Conflict:
                self.conflicts += 1
                if tries == _MOST_TRIES:
                    raise StoreUnavailable("other nodes change the same rows all the time") from None
            except (Unreachable, Refused, StoreUnavailable):
                raise
            except Exception:
                if fresh:
                    raise
                fresh = True  # it may come from a row that is remembered and was changed since
                self.memory.clear()
        raise AssertionError

    def _try(self, batches: list[Batch]) -> list[tuple[object, Outcome]]:
        flight = self._computed(batches)
        try:
            conflicts = self._send(flight)
        except Unreachable as error:
            if not error.unknown:
                raise
            self.answers_lost += 1
            if not self._happened(flight.stamp):
                raise Conflict from None
            self._make_safe()
        else:
            if conflicts:
                self._conflict(flight, conflicts)
            self._stamp = flight.stamp
        flight.work.tx.committed(flight.stamp)
        flight.work.committed()
        flight.happened()
        self.memory.claimed.clear()
        if self._after_commit is not None:
            self._after_commit()
        return flight.report().outcomes

    def _computed(self, batches: list[Batch]) -> Flight:
        """The commit of these batches, ready to be sent."""
        memory = self.memory
        tx = Tx(self._server.ask, memory.cache)
        work = RedisWork(tx, memory)
        prefetch(work, [batch.changes for batch in batches])
        results: list[tuple[object, list[Result]]] = [(batch.ticket, apply(work, batch.changes)) for batch in batches]
        stamp = self._next_stamp()
        work.finish()
        program = tx.finish(stamp)
        program.fence = self._fence()
        program.checks[self._key] = self._stamp
        program.sets[self._key] = stamp
        keys, args = program.encode()
        if self._before_commit is not None:
            self._before_commit()
        return Flight(batches, results, work, self._stamp, stamp, keys, args)

    def _send(self, flight: Flight) -> list[bytes]:
        """What does not hold any more; [] = it is written, and as safe as it has to be. Raises Unreachable."""
        begun = time.monotonic()
        keys, args = flight.keys, flight.args
        if self._confirm is None:
            flight.answered(self._server.function("smsgwd_commit", keys, args), None)
        else:
            answer = self._server.confirmed("smsgwd_commit", keys, args, *self._confirm.commands)
            flight.answered(answer, self._confirm)
        self._server.tell(self.round_trip, time.monotonic() - begun)
        if flight.error is not None:
            raise flight.error
        return flight.conflicts

    # -- one behind the other --------------------------------------------------------------------------------------

    def transact(self, batches: list[Batch]) -> None:
        """See Writer: they are sent, and the thread goes on as soon as there is nothing it would have to wait for."""
        self._landed(_MOST_UNDER_WAY - 1)
        try:
            flight = self._computed(batches)
        except BaseException:  # it is found out what that means when nothing is under way
            self.rest()
            self.transact_now(batches)
            return
        flight.work.tx.committed(flight.stamp)
        flight.work.committed()
        if self._under_way:
            flight.before = self._under_way[-1]
        self._under_way.append(flight)
        self._stamp = flight.stamp
        waits = () if self._confirm is None else self._confirm.commands
        answered = partial(self._answered, flight, time.monotonic())
        self._server.start(answered, "smsgwd_commit", flight.keys, flight.args, waits)

    def _answered(self, flight: Flight, begun: float, answer: Any) -> None:
        """On the reactor: what became of one that was sent at `begun`."""
        try:
            self.round_trip(time.monotonic() - begun)
            flight.answered(answer, self._confirm)
            if not self._well(flight):
                self.do(Job(_nothing, _nothing))  # the thread looks after it, be it that nothing else is to be done
        finally:
            flight.end()

    def _well(self, flight: Flight) -> bool:
        """Whether its answer, which is there, is a good one: then who waits for it hears."""
        well = flight.land()
        if well:
            if self._after_commit is not None:
                self._after_commit()
            self._answer(flight.report())
        return well

    def rest(self) -> None:
        """See Writer."""
        self._landed(0)

    def _landed(self, most: int) -> None:
        """Wait until at most so many are under way, and see to what did not go well."""
        flights = self._under_way
        while flights:
            if not flights[0].over:
                if len(flights) <= most:
                    break
                flights[0].wait()
            if not flights[0].safe and not self._well(flights[0]):  # its answer may have come before the other's
                self._recover()
                break
            flights.popleft()

    def _recover(self) -> None:
        """The first one under way did not go well, so the one behind it did not either, or nobody knows. All are
        answered when it returns."""
        flights = list(self._under_way)
        self._under_way.clear()
        for each in flights:
            each.wait()
        for each in reversed(flights):
            each.work.undone()
        self._stamp = flights[0].after
        happened = 0
        if any(each.unknown for each in flights):
            self.answers_lost += 1
            try:
                happened = self._how_many(flights)
                if happened:
                    self._make_safe()
            except (Unreachable, Refused) as error:  # the store is closed meanwhile
                for each in flights:
                    self._answer(each.report(self.judge(error, 1).reason))
                return
        elif flights[0].conflicts:
            self.conflicts += 1
            with suppress(Unreachable, Refused):  # else the next try finds out
                self._learn(flights[0], flights[0].conflicts)
        for each in flights[:happened]:
            each.happened()
            self._answer(each.report())
        for each in flights[happened:]:
            self.transact_now(each.batches)

    def _how_many(self, flights: list[Flight]) -> int:
        """How many of the commits under way happened, from the first on; the others cannot any more."""
        *before, last = [each.stamp for each in flights]
        return (0, len(flights), 1)[self._patiently(lambda: self._settle(last, *before))]

    def _happened(self, stamp: bytes) -> bool:
        """Whether a commit happened whose answer was lost. Whoever waits for it waits until that is known: to be
        refused what was taken would be to send it again. Raises Unreachable when the store is closed meanwhile."""
        return bool(self._patiently(lambda: self._settle(stamp)))

    def _make_safe(self) -> None:
        """Wait until all that was written is as safe as it has to be."""

        def confirmed() -> bool:
            assert self._confirm is not None
            # What the connection wrote last is what is confirmed: another connection has written nothing.
            new = self._next_stamp()
            _, reply = self._server.confirmed("smsgwd_settle", [self._key], [self._stamp, new], *self._confirm.commands)
            self._stamp = new
            if not self._confirm.enough(reply):
                raise Unreachable(f"not confirmed: {self._confirm.missing(reply)}")
            return True

        if self._confirm is not None:
            self._patiently(confirmed)

    def _patiently(self, ask: Callable[[], int]) -> int:
        """The answer, as soon as there is one; whoever comes meanwhile is refused after a while."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return ask()
            except (Unreachable, Refused) as error:
                if time.monotonic() >= until:
                    self._refuse(StoreUnavailable(f"nothing can be stored: {error}"))
                if self._stopping.wait(_PAUSE_S):
                    raise

    def _refuse(self, why: StoreUnavailable) -> None:
        """Whoever waits for the next transaction hears at once that there is none; nothing of it was begun."""
        batches: list[Batch] = []
        held: list[Job[Tx]] = [] if self._held is None else [self._held]
        self._held = None
        while not self._stopping.is_set():
            try:
                each = self._queue.get_nowait()
            except Empty:
                break
            if each is None:
                self._queue.put(None)
                break
            if isinstance(each, Job):
                held.append(each)
            else:
                batches.append(each)
        for job in held:
            job.answer(why)
        if batches:
            outcomes: list[tuple[object, Outcome]] = [(batch.ticket, why) for batch in batches]
            self._answer(Report(outcomes, False, 0.0, sum(len(batch.changes) for batch in batches), batches))

    def _conflict(self, flight: Flight, conflicts: list[bytes]) -> None:
        """Learn what the server said; always raises."""
        if conflicts == _FENCED:
            raise Fenced("this node's lease is not its own any more")
        if not self._learn(flight, conflicts):
            self._settle(b"")
            raise Fenced(f"another process writes as node {self.memory.node!r}")
        raise Conflict

    def _learn(self, flight: Flight, conflicts: list[bytes]) -> bool:
        """Have what the server said for the next try; False when the last commit of this writer is not the last one."""
        if conflicts == _FENCED:
            return True
        memory, keys, tx = self.memory, flight.keys, flight.work.tx
        rows = [keys[int(each[1:]) - 1] for each in conflicts if each[:1] == b"r"]
        if self._key in rows:
            return False
        tx.conflicted(rows)
        for each in conflicts:
            place = int(each[1:]) - 1
            if each[:1] == b"a":
                memory.sums = {
                    name: sums for name, sums in memory.sums.items() if memory.keys.account(name) != keys[place]
                }
            elif each[:1] == b"q":
                memory.claimed.add(tx.program.unqueued[place][2])
        return True

    def undo(self) -> None:
        """See Writer."""
        self.memory.clear()

    def judge(self, error: BaseException, batches: int) -> Judgement:
        """See Writer."""
        if isinstance(error, StoreUnavailable):
            return Judgement(error, False, False)
        if isinstance(error, Unreachable):
            return Judgement(StoreUnavailable(f"nothing can be stored: {error}"), False, False)
        if isinstance(error, Refused):
            return Judgement(StoreUnavailable(f"the server refuses to store anything: {error}"), False, False)
        return Judgement(None, True, True)

    def release(self) -> None:
        """See Writer: nothing is open here."""

    def keep_finals(self, on: bool, answer: Callable[[Any], None]) -> None:
        """Remember from now on which messages end, or no more; `answer` gets None or an exception."""

        def work(tx: Tx) -> None:
            self.memory.finals = on
            if not on:
                tx.ask("UNLINK", self.memory.keys.finals, self.memory.keys.final_ids)

        self.do(Job(work, answer))
