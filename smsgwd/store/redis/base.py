"""What the pieces of `RedisWork` share."""

from __future__ import annotations

from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.tx import Tx


class Base:
    """Rows and indexes of one transaction, and the names of keys."""

    def __init__(self, tx: Tx, memory: Memory) -> None:
        self.tx = tx
        self.memory = memory
        self.keys: Keys = memory.keys
