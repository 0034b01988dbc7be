"""What the pieces of `RedisWork` share."""

from __future__ import annotations

from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.tx import Tx


class Taken(Exception):  # noqa: N818 -- named after what it says
    """A number or a code of something new is another's: whoever asked makes it anew with another one."""


class Base:
    """Rows and indexes of one transaction, and the names of keys."""

    def __init__(self, tx: Tx, memory: Memory) -> None:
        self.tx = tx
        self.memory = memory
        self.keys: Keys = memory.keys
