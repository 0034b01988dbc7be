"""A paced load of ESMEs with an operator at work beside it: for as long as that takes."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from smsgwd.simulator.books import Books
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.spread import spread
from smsgwd.simulator.stand import Stand, StandError
from smsgwd.simulator.submit_template import SubmitTemplate


@dataclass(slots=True)
class Operator(ABC):
    """Does its `steps` in a thread of its own; what one raises is kept in `problem`."""

    problem: Exception | None = field(default=None, init=False)
    done: threading.Event = field(default_factory=threading.Event, init=False)

    @abstractmethod
    def steps(self) -> None:
        """Everything that it does, with pauses."""

    def work(self) -> None:
        """`steps`, and then `done` is set whatever became of them."""
        try:
            self.steps()
        except Exception as problem:
            self.problem = problem
        finally:
            self.done.set()


def warmed_load(
    stand: Stand, plans: list[BindPlan], books: Books, *, window: int, warmup: int, stalled_s: float
) -> SmppLoad:
    """ESMEs that are bound, and whose first `warmup` messages came through. Raises LoadError: then all are closed."""
    template = SubmitTemplate("Message {n}", prefixes=spread())
    load = SmppLoad(("127.0.0.1", stand.smpp_port), plans, template, books, window=window)
    try:
        load.bind()
        if not load.run(range(warmup), stalled_s=stalled_s, tick=stand.gateway.check):
            raise LoadError(f"the warm-up did not come through: {books.received} receipts, {dict(books.refused)}")
    except BaseException:
        load.close()
        raise
    return load


def drive_beside(
    stand: Stand, load: SmppLoad, operator: Operator, *, warmup: int, rate: float, stalled_s: float
) -> int:
    """The paced load, until the operator is done and all receipts have come; how many were sent in all.

    Raises StandError when the load is over first, or when the operator failed.
    """
    thread = threading.Thread(target=operator.work, daemon=True)
    thread.start()

    def tick() -> None:
        stand.gateway.check()
        if operator.done.is_set():
            load.enough()

    books = load.books
    load.run(range(warmup, books.size), rate=rate, stalled_s=stalled_s, tick=tick)
    if not operator.done.is_set():
        raise StandError(f"the operator was not done in {books.size / rate:.0f} s of load")
    thread.join()
    if operator.problem is not None:
        raise StandError(f"an operator's command failed: {operator.problem}")
    return sum(1 for link in books.link if link)
