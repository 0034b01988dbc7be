"""The writer thread: everything that waits when a transaction starts goes into it, one commit for all.

Commit starts are `gap_s` apart while batches keep coming (fewer, fuller commits: half the CPU at moderate load), and
further apart while much comes; after a pause the first batch is committed at once. Nothing here touches the reactor but
`answer`, which the store passes in. What a commit is, each store says.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar

import msgspec

from smsgwd.model.changes import Change, Result
from smsgwd.ports.store import StoreUnavailable

_MUCH: Final = 100  # changes in one transaction: five thousand messages a second are as many in 5 ms
_WIDEST_GAP_S: Final = 0.005
_WIDEST_GAP: Final = 2.5  # times gap_s
_T = TypeVar("_T")

#: What became of a batch: its results, or why it failed.
Outcome = list[Result] | BaseException


class CannotOpen(Exception):  # noqa: N818 -- named after what it says
    """The store cannot be opened: in use by another process, of a newer version, or unusable."""


def gap_after(gap_s: float, changes: int) -> float:
    """Seconds from the start of a transaction of so many changes to the start of the next.

    What a commit costs by itself (0.3 ms of CPU) is shared by more messages the busier it is.
    """
    widest = max(gap_s, min(gap_s * _WIDEST_GAP, _WIDEST_GAP_S))
    return gap_s + (widest - gap_s) * min(1.0, changes / _MUCH)


class Batch(msgspec.Struct, gc=False):
    """Changes asked for together, and what the store finds its answer's receiver by. No changes: a probe."""

    ticket: object
    changes: Sequence[Change]


class Job(msgspec.Struct, Generic[_T], gc=False):
    """Something to be done by the writer between two transactions, on what it writes by; `answer` gets its result or
    exception, in the writer's thread."""

    work: Callable[[_T], Any]
    answer: Callable[[Any], None]


class Report(msgspec.Struct, gc=False):
    """One transaction, as the reactor hears of it."""

    outcomes: list[tuple[object, Outcome]]  #: by ticket of the batch
    writable: bool  #: False when the machine kept it from becoming durable
    seconds: float  #: from the start of the transaction to the end of its commit
    changes: int
    batches: list[Batch]  #: whose outcomes these are, in the same order


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """What a failed commit means. `reason`: what askers hear when it was the machine, None when it was the content of a
    batch. `halve`: several batches are tried in halves, since one of them alone may be what fails."""

    reason: StoreUnavailable | None
    writable: bool
    halve: bool


class Writer(threading.Thread, ABC, Generic[_T]):
    """Gathers, commits and reports. `put` and `stop` may be called from any thread; callbacks are called in this one.

    First `opened` gets the highest message id, or the reason why the store cannot be opened (the thread ends then).
    """

    def __init__(
        self,
        opened: Callable[[int | CannotOpen], None],
        answer: Callable[[Report], None],
        *,
        gap_s: float,
        most: int,
    ) -> None:
        super().__init__(name="store-writer", daemon=True)
        self._opened = opened
        self._answer = answer
        self._gap_s = gap_s
        self._most = most
        self._queue: SimpleQueue[Batch | Job[_T] | None] = SimpleQueue()
        self._held: Job[_T] | None = None  # came while batches were gathered: its turn is next
        self._stopping = threading.Event()
        self._ended: Callable[[], None] | None = None

    def put(self, batch: Batch) -> None:
        """Ask for a batch; `answer` follows."""
        self._queue.put(batch)

    def do(self, job: Job[_T]) -> None:
        """Ask for something between two transactions."""
        self._queue.put(job)

    def stop(self, ended: Callable[[], None]) -> None:
        """Commit what was put before, then close, call `ended` and end the thread."""
        self._ended = ended
        self._stopping.set()
        self._queue.put(None)

    @abstractmethod
    def keep_finals(self, on: bool, answer: Callable[[Any], None]) -> None:
        """Remember from now on which messages end, or no more; `answer` gets None or an exception."""

    # -- what a store says -----------------------------------------------------------------------------------------

    @abstractmethod
    def prepare(self) -> int:
        """Open what is written to; the highest id in it. Raises CannotOpen."""

    @abstractmethod
    def commit(self, batches: list[Batch]) -> list[tuple[object, Outcome]]:
        """Make the batches durable together; their results by ticket. Whatever it raises, `undo` is called."""

    @abstractmethod
    def undo(self) -> None:
        """Back to what is durable."""

    @abstractmethod
    def judge(self, error: BaseException, batches: int) -> Judgement:
        """What an exception of `commit` of so many batches means."""

    @abstractmethod
    def target(self) -> _T:
        """What jobs work on."""

    @abstractmethod
    def release(self) -> None:
        """Close what is written to."""

    def rest(self) -> None:
        """Have everything answered that was begun: before a job, and before the end."""

    def transact(self, batches: list[Batch]) -> None:
        """Make the batches durable together, and answer, be it later; a bad one among them costs the others only
        time."""
        self.transact_now(batches)

    # -- the thread ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """The thread."""
        try:
            highest = self.prepare()
        except CannotOpen as error:
            self._opened(error)
            return
        self._opened(highest)
        next_start = 0.0
        while True:
            batch = self._held or self._queue.get()
            self._held = None
            if batch is None:
                break
            if isinstance(batch, Job):
                self.rest()
                self._do(batch)
                continue
            wait = next_start - time.monotonic()
            if wait > 0:
                self._stopping.wait(wait)
            start = time.monotonic()
            batches, last = self._gather(batch)
            self.transact(batches)
            if last:
                break
            next_start = start + gap_after(self._gap_s, sum(len(batch.changes) for batch in batches))
        self.rest()
        self.release()
        if self._ended is not None:
            self._ended()

    def _gather(self, first: Batch) -> tuple[list[Batch], bool]:
        """What waits, up to `most` changes; True when the end was among it."""
        batches, count = [first], len(first.changes)
        while count < self._most:
            try:
                batch = self._queue.get_nowait()
            except Empty:
                break
            if batch is None:
                return batches, True
            if isinstance(batch, Job):
                self._held = batch
                break
            batches.append(batch)
            count += len(batch.changes)
        return batches, False

    def transact_now(self, batches: list[Batch]) -> None:
        """See `transact`; everybody is answered when it returns."""
        start = time.perf_counter()
        writable = True
        outcomes: list[tuple[object, Outcome]]
        try:
            outcomes = self.commit(batches)
        except BaseException as error:  # whatever it is, somebody waits for an answer
            self.undo()
            judged = self.judge(error, len(batches))
            if judged.halve and len(batches) > 1:  # halve until the bad one stands alone
                half = len(batches) // 2
                self.transact_now(batches[:half])
                self.transact_now(batches[half:])
                return
            writable = judged.writable
            outcomes = [(batch.ticket, judged.reason or error) for batch in batches]
        count = sum(len(batch.changes) for batch in batches)
        self._answer(Report(outcomes, writable, time.perf_counter() - start, count, batches))

    def _do(self, job: Job[_T]) -> None:
        """One job, while no transaction is open."""
        try:
            answer = job.work(self.target())
        except BaseException as error:  # somebody waits for an answer
            self.undo()
            answer = self.judge(error, 1).reason or error
        job.answer(answer)
