"""Commits under way: each was sent, and the next one is computed on it before its answer is there.

What makes that safe is the writer's row: each commit checks that it has the stamp of the one before, so what was
computed on a commit that did not happen does not happen either.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from smsgwd.model.changes import Result
from smsgwd.store.redis.confirm import Confirm
from smsgwd.store.redis.errors import Unreachable
from smsgwd.store.redis.program import Arg
from smsgwd.store.redis.work import RedisWork
from smsgwd.store.writer import Batch, Outcome, Report


class Flight:
    """One commit, from its computation to its answer. `land` is called on the reactor; who waits for it, elsewhere."""

    def __init__(
        self,
        batches: list[Batch],
        results: list[tuple[object, list[Result]]],
        work: RedisWork,
        after: bytes,
        stamp: bytes,
        keys: list[str],
        args: list[Arg],
    ) -> None:
        self.batches = batches
        self.work = work
        self.after = after  #: the stamp of the commit before
        self.stamp = stamp
        self.keys = keys
        self.args = args
        self.before: Flight | None = None  #: what it was computed on, until that is known to have happened
        self.safe = False  #: it happened, and is as safe as it has to be
        self.conflicts: list[bytes] = []  #: what did not hold when the server looked; nothing was written then
        self.error: BaseException | None = None  #: why there is no answer
        self._results = results
        self._begun = time.perf_counter()
        self._over = threading.Event()

    def answered(self, answer: Any, confirm: Confirm | None) -> None:
        """What the server said: its answer, with that of the confirmation where one was asked for."""
        if isinstance(answer, BaseException):
            self.error = answer
        elif confirm is None:
            self.conflicts = answer
        else:
            self.conflicts, reply = answer
            if not self.conflicts and not confirm.enough(reply):
                # Nothing may be said of it yet: neither that it is safe, nor that it did not happen.
                missing = confirm.missing(reply)
                self.error = Unreachable(f"written, but not confirmed in time: {missing}", unknown=True)

    @property
    def unknown(self) -> bool:
        """Whether it may have happened."""
        return isinstance(self.error, Unreachable) and self.error.unknown

    def land(self) -> bool:
        """Its answer is there. True = all is well, with it and with what it was computed on."""
        well = self.error is None and not self.conflicts and (self.before is None or self.before.safe)
        if well:
            self.happened()
        return well

    def happened(self) -> None:
        """It is safe: what it claimed may be sent."""
        self.before = None
        self.safe = True
        self.work.landed()

    def end(self) -> None:
        """Nothing more comes of it: whoever waits goes on."""
        self._over.set()

    def wait(self) -> None:
        """Until `end`."""
        self._over.wait()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._over.is_set()

    def report(self, failure: BaseException | None = None) -> Report:
        """As whoever asked hears of it: its results, or why there are none."""
        outcomes: list[tuple[object, Outcome]] = [(ticket, failure or results) for ticket, results in self._results]
        count = sum(len(batch.changes) for batch in self.batches)
        return Report(outcomes, failure is None, time.perf_counter() - self._begun, count, self.batches)
