"""One transaction under construction, whole: what the functions of `smsgwd.store.apply` and of `apply` here see."""

from __future__ import annotations

import copy

from smsgwd.store.redis.books import MoneyWork, RedisBooks
from smsgwd.store.redis.counts import RedisCounts
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.mo import MoWork
from smsgwd.store.redis.optouts import OptOutWork
from smsgwd.store.redis.parked import ParkedWork
from smsgwd.store.redis.program import Topics
from smsgwd.store.redis.pushes import PushWork, RedisPushes
from smsgwd.store.redis.submissions import SubmissionWork
from smsgwd.store.redis.sweeps import SweepWork
from smsgwd.store.redis.texts import TextWork
from smsgwd.store.redis.tx import Tx
from smsgwd.store.redis.walks import Walks
from smsgwd.store.work import Work


class RedisWork(SweepWork, SubmissionWork, TextWork, OptOutWork, ParkedWork, MoneyWork, PushWork, MoWork):
    """The state of one transaction. Methods raise errors.Unreachable or errors.Refused, and Taken for what is new and
    has a number or a code that is another's: nothing of it counts then."""

    books: RedisBooks
    counts: RedisCounts
    pushes: RedisPushes

    def __init__(self, tx: Tx, memory: Memory) -> None:
        super().__init__(tx, memory)
        self._numbered = memory.last
        counts = RedisCounts(tx, memory.keys)
        books = RedisBooks(tx, memory, counts)
        Work.__init__(self, books, counts, RedisPushes(tx, memory, self.pushed), finals=memory.finals)
        self._walks: Walks | None = None
        self._walks_before: Walks | None = None

    @property
    def walks(self) -> Walks:
        """How far the walks over old rows are; to be changed. It counts once the transaction happened."""
        if self._walks is None:
            self._walks = copy.deepcopy(self.memory.walks)
        return self._walks

    def tell(self, topic: str) -> None:
        """Something has changed that other nodes remember (`changed.py`)."""
        program, keys = self.tx.program, self.keys
        if program.topics is None:
            program.topics = Topics(keys.changed_number, keys.changed, keys.changes, self.memory.node)
        program.topics.names[topic] = None

    def finish(self) -> None:
        """Have all of it in the transaction: once, at its end."""
        self.pushes.flush()
        self.write_messages()
        self.books.write()
        self.counts.write()
        if self.memory.last != self._numbered:
            self.tx.program.settings[self.keys.numbers] = [self.memory.node, self.memory.last]

    def committed(self) -> None:
        """It happens, as far as is known: the next transaction is computed on it. `landed` follows, or `undone`."""
        self.books.committed()
        self.pushes.committed()
        self.forget_messages()
        if self._walks is not None:
            self._walks_before = self.memory.walks
            self.memory.walks = self._walks

    def landed(self) -> None:
        """It happened: what it claimed may be sent. On any thread."""
        self.claimed_messages()

    def undone(self) -> None:
        """It did not happen; later ones are undone before."""
        self.books.undone()
        self.tx.undone()
        if self._walks_before is not None:
            self.memory.walks = self._walks_before
