"""How the writer thread commits to the server: computed here, checked and written there, again on a conflict."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from queue import Empty
from typing import Any, Final

from smsgwd.model.changes import Result
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis.apply.table import apply, prefetch
from smsgwd.store.redis.blocking import Blocking
from smsgwd.store.redis.confirm import Confirm
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.keys import number_of
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.program import Arg
from smsgwd.store.redis.tx import Tx
from smsgwd.store.redis.work import RedisWork
from smsgwd.store.writer import Batch, CannotOpen, Job, Judgement, Outcome, Report, Writer

_MOST_TRIES: Final = 100
_PATIENCE_S: Final = 1.0  # that a commit is not known to be safe before whoever waits behind it is refused
_PAUSE_S: Final = 0.1


class Fenced(StoreUnavailable):
    """This node's lease is another's, or nobody's: it may not write before it has a new one."""


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
        #: Called in this thread with how long the server took for a commit, seconds.
        self.round_trip: Callable[[float], object] = lambda seconds: None
        self._server = server
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._fence = fence
        self._confirm = confirm
        self._own = os.urandom(4)
        self._counter = itertools.count(1)
        self._key = memory.keys.writer(memory.node or self._own.hex())
        self._stamp = b""  # what this writer's row begins with

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

    def _settle(self, stamp: bytes) -> bool:
        """Whether the commit with this stamp happened; afterwards it cannot any more. May be asked again."""
        new = self._next_stamp()
        happened = self._server.function("smsgwd_settle", [self._key], [stamp, new])
        self._stamp = new
        return bool(happened)

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
        memory = self.memory
        tx = Tx(self._server.ask, memory.cache)
        work = RedisWork(tx, memory)
        prefetch(work, [batch.changes for batch in batches])
        outcomes: list[tuple[object, list[Result]]] = [(batch.ticket, apply(work, batch.changes)) for batch in batches]
        stamp = self._next_stamp()
        work.finish()
        program = tx.finish(stamp)
        program.fence = self._fence()
        program.checks[self._key] = self._stamp
        program.sets[self._key] = stamp
        keys, args = program.encode()
        if self._before_commit is not None:
            self._before_commit()
        try:
            conflicts = self._send(keys, args)
        except Unreachable as error:
            if not error.unknown:
                raise
            self.answers_lost += 1
            if not self._happened(stamp):
                raise Conflict from None
            self._make_safe()
        else:
            if conflicts:
                self._conflict(tx, keys, conflicts)
            self._stamp = stamp
        tx.committed(stamp)
        work.committed()
        memory.claimed.clear()
        if self._after_commit is not None:
            self._after_commit()
        return [(ticket, results) for ticket, results in outcomes]

    def _send(self, keys: list[str], args: list[Arg]) -> list[bytes]:
        """What does not hold any more; [] = it is written, and as safe as it has to be. Raises Unreachable."""
        conflicts: list[bytes]
        begun = time.monotonic()
        if self._confirm is None:
            conflicts = self._server.function("smsgwd_commit", keys, args)
            self.round_trip(time.monotonic() - begun)
            return conflicts
        conflicts, reply = self._server.confirmed("smsgwd_commit", keys, args, *self._confirm.commands)
        self.round_trip(time.monotonic() - begun)
        if not conflicts and not self._confirm.enough(reply):
            # Nothing may be said of it yet: neither that it is safe, nor that it did not happen.
            raise Unreachable(f"written, but not confirmed in time: {self._confirm.missing(reply)}", unknown=True)
        return conflicts

    def _happened(self, stamp: bytes) -> bool:
        """Whether a commit happened whose answer was lost. Whoever waits for it waits until that is known: to be
        refused what was taken would be to send it again. Raises Unreachable when the store is closed meanwhile."""
        return self._patiently(lambda: self._settle(stamp))

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

    def _patiently(self, ask: Callable[[], bool]) -> bool:
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

    def _conflict(self, tx: Tx, keys: list[str], conflicts: list[bytes]) -> None:
        """Learn what the server said; always raises."""
        if conflicts == [b"fenced"]:
            raise Fenced("this node's lease is not its own any more")
        memory = self.memory
        rows = [keys[int(each[1:]) - 1] for each in conflicts if each[:1] == b"r"]
        if self._key in rows:
            self._settle(b"")
            raise Fenced(f"another process writes as node {memory.node!r}")
        tx.conflicted(rows)
        for each in conflicts:
            place = int(each[1:]) - 1
            if each[:1] == b"a":
                memory.sums = {
                    name: sums for name, sums in memory.sums.items() if memory.keys.account(name) != keys[place]
                }
            elif each[:1] == b"q":
                memory.claimed.add(tx.program.unqueued[place][2])
        raise Conflict

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
