"""One transaction under construction, whole: what `smsgwd.store.apply` and the Redis store's own apply functions see."""

from __future__ import annotations

from smsgwd.store.redis.books import MoneyWork, RedisBooks
from smsgwd.store.redis.counts import RedisCounts
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.mo import MoWork
from smsgwd.store.redis.optouts import OptOutWork
from smsgwd.store.redis.parked import ParkedWork
from smsgwd.store.redis.pushes import PushWork, RedisPushes
from smsgwd.store.redis.submissions import SubmissionWork
from smsgwd.store.redis.sweeps import SweepWork
from smsgwd.store.redis.tx import Tx
from smsgwd.store.work import Work


class RedisWork(SweepWork, SubmissionWork, OptOutWork, ParkedWork, MoneyWork, PushWork, MoWork):
    """The state of one transaction. Methods raise errors.Unreachable or errors.Refused, and Taken for what is new and has
    a number or a code that is another's: nothing of it counts then."""

    books: RedisBooks
    counts: RedisCounts
    pushes: RedisPushes

    def __init__(self, tx: Tx, memory: Memory) -> None:
        super().__init__(tx, memory)
        counts = RedisCounts(tx, memory.keys)
        books = RedisBooks(tx, memory, counts)
        Work.__init__(self, books, counts, RedisPushes(tx, memory, self.pushed), finals=memory.finals)

    def finish(self) -> None:
        """Have all of it in the transaction: once, at its end."""
        self.pushes.flush()
        self.write_messages()
        self.books.write()
        self.counts.write()

    def committed(self) -> None:
        """It happened."""
        self.books.committed()
        self.forget_messages()
